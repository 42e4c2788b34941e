"""Random numbers: PyTorch's CPU streams, number for number, on NumPy's Mersenne Twister.

`manual_seed(0)` starts the streams that `torch.manual_seed(0)` starts, and states move between the two libraries as
bytes. A `Generator` draws arrays; the tensor functions (`rand`, `randn`, …) draw from `default_generator`
or from one given. As in PyTorch, the default generator starts from a seed of the operating system's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from framework.coverage import explain_missing_names
from framework.random.generator import Generator

if TYPE_CHECKING:
    from framework.autograd.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

default_generator = Generator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Starts the default generator at `seed`, anything that `int` takes, and returns it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Starts the default generator at a seed of the operating system's, and returns that seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed at which the default generator was started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, a uint8 tensor of PyTorch's layout."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Puts the default generator into a state that `get_rng_state` gave, here or in PyTorch."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True) -> Iterator[None]:
    """Inside, draws go on from the current state; afterwards the default generator is where it was.

    `devices` is for code written for PyTorch: there is only the CPU, so it must be None or empty.
    """
    if not enabled:
        yield
        return
    others = list(devices or ())
    if others:
        raise RuntimeError(
            f"fork_rng was asked to keep the generators of devices {others}, but the CPU is the only device here. "
            "Leave `devices` out"
        )
    state = default_generator.state_array()
    try:
        yield
    finally:
        default_generator.set_state_array(state)


explain_missing_names(__name__)
