"""`autocast`, which does nothing where it is switched off, and says why it cannot be switched on."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from framework.autograd import dtypes
from framework.autograd.grad_mode import Bracket
from framework.autograd.size import check_device_name


class autocast(Bracket):
    """A block, or a decorated function, in which PyTorch runs some operations in half precision.

    Switched off (`enabled=False`), or for a device that is not here, it changes nothing. For the CPU it is refused:
    NumPy computes half precision many times slower than float32.
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        check_device_name(device_type)
        self.device = device_type
        if enabled and device_type == "cuda":
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2)
        elif enabled and device_type == "cpu":
            self._check(dtype)

    def _check(self, dtype: Any) -> None:
        if dtype not in (None, dtypes.float16, dtypes.bfloat16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\nCPU Autocast only "
                "supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=3,
            )
            return
        raise RuntimeError(
            "autocast on the CPU is not available: there is no bfloat16 here, and NumPy computes float16 many times "
            "slower than float32. Leave autocast out, or pass enabled=False, and everything stays in float32"
        )

    def _copy(self) -> Any:
        return autocast(self.device, enabled=False)

    def __enter__(self) -> None:
        """Changes nothing."""

    def __exit__(self, *exception: object) -> None:
        """Changes nothing."""


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """False."""
    return False


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` takes the device's name."""
    return device_type in ("cpu", "cuda")


def is_autocast_cache_enabled() -> bool:
    """True, as in PyTorch where nothing is cast."""
    return True


def clear_autocast_cache() -> None:
    """Does nothing: nothing is cast."""


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Marks the forward of a `Function` for autocast; it runs as it is."""
    return _marked(fwd)


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Marks the backward of a `Function` for autocast; it runs as it is."""
    return _marked(bwd)


def _marked(function: Callable[..., Any] | None) -> Any:
    if function is None:
        return _marked

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper
