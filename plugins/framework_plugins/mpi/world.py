"""The processes that train together, as this one sees them: rank, size, all_reduce, broadcast, barrier and the like.

All that is known of MPI is here, by the names of torch.distributed; another engine has to give the same.
"""

from __future__ import annotations

import time
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
        self._ends = self._comm.Dup()

    def here(self, value: Any) -> list[Any]:
        """The values of the processes that are on this machine."""
        local = self._comm.Split_type(self._mpi.COMM_TYPE_SHARED)
        found: list[Any] = local.allgather(value)
        local.Free()
        return found

    def all_reduce(self, array: np.ndarray) -> None:
        """Put the sum of all processes' arrays in the place of each, which must be contiguous."""
        self._comm.Allreduce(self._mpi.IN_PLACE, array, op=self._mpi.SUM)

    def all_gather(self, array: np.ndarray) -> np.ndarray:
        """All processes' arrays, which must be alike, by rank."""
        found = np.empty((self.size, *array.shape), array.dtype)
        self._comm.Allgather(np.ascontiguousarray(array), found)
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
        """Whether the end of this process ends all, who would wait for it in vain."""
        self._mpi._set_abort_status(int(on))

    def all_end(self, patience: float) -> bool:
        """Called once by a process that is about to end: whether all come to that in so many seconds."""
        request, end = self._ends.Ibarrier(), time.monotonic() + patience
        while not request.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def barrier(self) -> None:
        """Wait for all."""
        self._comm.Barrier()
