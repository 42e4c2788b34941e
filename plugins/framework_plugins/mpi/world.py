"""The processes that train together, as this one sees them: rank, size, all_reduce, broadcast, barrier and the like.

All that is known of MPI is here, by the names of torch.distributed; another engine has to give the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.extend import UserError

__all__ = ["World"]

INSTALL = (
    "MPI cannot be used ({error}). pip install 'framework-train[mpi]' installs mpi4py and an MPI library; where a cluster has "
    "its own, load its module and pip install 'framework-train[mpi-site]'."
)


class World:
    """All processes of the job."""

    def __init__(self) -> None:
        try:
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py is there, and no library
            raise UserError(INSTALL.format(error=f"{type(error).__name__}: {error}")) from error
        self._mpi, self._comm = MPI, MPI.COMM_WORLD
        self.rank: int = self._comm.Get_rank()
        self.size: int = self._comm.Get_size()

    @property
    def here(self) -> int:
        """How many of the processes are on this machine."""
        local = self._comm.Split_type(self._mpi.COMM_TYPE_SHARED)
        size: int = local.Get_size()
        local.Free()
        return size

    def all_reduce(self, array: np.ndarray) -> None:
        """Put the sum of all processes' arrays in the place of each, which must be contiguous."""
        self._comm.Allreduce(self._mpi.IN_PLACE, array, op=self._mpi.SUM)

    def largest(self, number: int) -> int:
        """The largest of all processes' numbers."""
        found: int = self._comm.allreduce(number, op=self._mpi.MAX)
        return found

    def broadcast(self, array: np.ndarray) -> None:
        """Put the first process's array in the place of each, which must be contiguous."""
        self._comm.Bcast(array, root=0)

    def broadcast_object(self, value: Any) -> Any:
        """The first process's value."""
        return self._comm.bcast(value, root=0)

    def all_gather_object(self, value: Any) -> list[Any]:
        """All processes' values, by rank."""
        found: list[Any] = self._comm.allgather(value)
        return found

    def abort_at_exit(self, on: bool) -> None:
        """Whether the end of this process ends all: until training has come to its end, they would wait for it in vain."""
        self._mpi._set_abort_status(int(on))

    def barrier(self) -> None:
        """Wait for all."""
        self._comm.Barrier()
