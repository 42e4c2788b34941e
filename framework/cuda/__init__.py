"""PyTorch's `torch.cuda`, so that code which asks whether there is a GPU runs: there is none here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from framework.errors import OutOfMemoryError

if TYPE_CHECKING:
    from framework.cuda import amp

__all__ = [
    "OutOfMemoryError",
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "get_rng_state_all",
    "init",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "seed",
    "seed_all",
    "set_device",
    "set_rng_state_all",
    "synchronize",
]


def __getattr__(name: str) -> Any:
    if name != "amp":
        raise AttributeError(f"module 'framework.cuda' has no attribute {name!r}")
    from importlib import import_module

    return import_module("framework.cuda.amp")


def _none() -> NoReturn:
    raise AssertionError("Torch not compiled with CUDA enabled")


def is_available() -> bool:
    """False: tensors live on the CPU."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def init() -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def current_device() -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def set_device(device: Any) -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def get_device_name(device: Any = None) -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def get_device_capability(device: Any = None) -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def get_device_properties(device: Any = None) -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def manual_seed(seed: int) -> None:
    """Does nothing, as in PyTorch without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Does nothing, as in PyTorch without a GPU."""


def seed() -> None:
    """Does nothing, as in PyTorch without a GPU."""


def seed_all() -> None:
    """Does nothing, as in PyTorch without a GPU."""


def get_rng_state(device: Any = None) -> NoReturn:
    """Refused: there is no GPU."""
    _none()


def get_rng_state_all() -> list[Any]:
    """No states."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Does nothing: there is no state."""


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """0."""
    return 0


def empty_cache() -> None:
    """Does nothing, as in PyTorch without a GPU."""


def synchronize(device: object = None) -> None:
    """Does nothing: every operation has finished when it returns."""
