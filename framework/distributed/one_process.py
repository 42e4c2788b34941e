"""What the calls of `torch.distributed` answer where no process group was made, and why none can be."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NoReturn

__all__ = [
    "ReduceOp",
    "all_gather",
    "all_gather_object",
    "all_reduce",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "gather",
    "get_backend",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "new_group",
    "recv",
    "reduce",
    "reduce_scatter",
    "scatter",
    "send",
]

NOT_MADE = "Default process group has not been initialized, please make sure to call init_process_group."


class ReduceOp(Enum):
    """How the values of several processes would become one."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7


class group:
    """The names of process groups: there is none."""

    WORLD = None


def _no(name: str) -> Callable[[], bool]:
    def function() -> bool:
        return False

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "False: there is one process."
    return function


is_available = _no("is_available")
is_gloo_available = _no("is_gloo_available")
is_initialized = _no("is_initialized")
is_mpi_available = _no("is_mpi_available")
is_nccl_available = _no("is_nccl_available")
is_torchelastic_launched = _no("is_torchelastic_launched")


def init_process_group(*args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is one process."""
    raise RuntimeError(
        "init_process_group: torch.distributed is not available here (is_available() is False): there is one process. "
        "Leave the call out, or make it only where torch.distributed.is_available()"
    )


def _needs_a_group(name: str) -> Callable[..., NoReturn]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise ValueError(NOT_MADE)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Refused, as in PyTorch where no process group was made."
    return function


all_gather = _needs_a_group("all_gather")
all_gather_object = _needs_a_group("all_gather_object")
all_reduce = _needs_a_group("all_reduce")
barrier = _needs_a_group("barrier")
broadcast = _needs_a_group("broadcast")
broadcast_object_list = _needs_a_group("broadcast_object_list")
destroy_process_group = _needs_a_group("destroy_process_group")
gather = _needs_a_group("gather")
get_backend = _needs_a_group("get_backend")
get_rank = _needs_a_group("get_rank")
get_world_size = _needs_a_group("get_world_size")
new_group = _needs_a_group("new_group")
recv = _needs_a_group("recv")
reduce = _needs_a_group("reduce")
reduce_scatter = _needs_a_group("reduce_scatter")
scatter = _needs_a_group("scatter")
send = _needs_a_group("send")
