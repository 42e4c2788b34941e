"""PyTorch's switches for the whole process: determinism, precision, defaults. Most change nothing here."""

from __future__ import annotations

import warnings
from typing import Any

from framework.autograd import dtypes
from framework.autograd.size import CPU, available, device

__all__ = [
    "are_deterministic_algorithms_enabled",
    "compiled_with_cxx11_abi",
    "get_default_device",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled",
    "set_default_device",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_warn_always",
    "use_deterministic_algorithms",
]


class _Settings:
    """What was set."""

    deterministic = False
    warn_only = False
    warn_always = False
    precision = "highest"
    device: device | None = None
    advised = False


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Asks for operations that give the same bits every time. All here do."""
    given: Any = (("mode", mode, 1), ("warn_only", warn_only, None))
    for name, value, position in given:
        if not isinstance(value, bool):
            place = "" if position is None else f" (position {position})"
            raise TypeError(
                f"_set_deterministic_algorithms(): argument '{name}'{place} must be bool, not {type(value).__name__}"
            )
    _Settings.deterministic, _Settings.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic operations were asked for."""
    return _Settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether other operations were to warn alone."""
    return _Settings.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by number or name: 0 "default", 1 "warn", 2 "error"."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    names = ("default", "warn", "error")
    if isinstance(debug_mode, str):
        if debug_mode not in names:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = names.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode != 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """The number that `set_deterministic_debug_mode` takes."""
    return 0 if not _Settings.deterministic else 1 if _Settings.warn_only else 2


def set_float32_matmul_precision(precision: str) -> None:
    """Says how exact products of float32 matrices must be. Here they always are of the highest precision."""
    if not isinstance(precision, str):
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has "
            "no effect.",
            stacklevel=2,
        )
        return
    _Settings.precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was given last."""
    return _Settings.precision


def set_flush_denormal(mode: bool) -> bool:
    """Whether numbers too small for the usual form could be set to become zero: NumPy has no such setting."""
    if not isinstance(mode, bool):
        raise RuntimeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return not mode


def set_default_device(device: Any) -> None:
    """Says where tensors are made: on the CPU, the only device here; another is refused with the reason."""
    _Settings.device = None if device is None else available(device)


def get_default_device() -> device:
    """Where tensors are made."""
    return _Settings.device or CPU


def set_default_tensor_type(t: Any) -> None:
    """`set_default_dtype` by a type of tensors such as `FloatTensor`, or its name."""
    if not _Settings.advised:
        _Settings.advised = True
        warnings.warn(
            "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
            "torch.set_default_device() as alternatives.",
            stacklevel=2,
        )
    if isinstance(t, str):
        module, _, name = t.rpartition(".")
        if module != "torch":
            raise ModuleNotFoundError(f"No module named {t.partition('.')[0]!r}")
        named = {f"{each.scalar_name}Tensor": each for each in dtypes.ALL}
        if name not in named:
            raise AttributeError(f"module 'torch' has no attribute {name!r}")
        dtype: Any = named[name]
    else:
        dtype = getattr(t, "dtype", None)
    if not isinstance(t, (str, type)) or not isinstance(dtype, dtypes.dtype):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    dtypes.set_default_dtype(dtype)


def set_warn_always(mode: bool) -> None:
    """Says whether a warning comes every time. Here Python's own filters decide."""
    if not isinstance(mode, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(mode).__name__}")
    _Settings.warn_always = mode


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was given last."""
    return _Settings.warn_always


def compiled_with_cxx11_abi() -> bool:
    """True, for code that asks; nothing here is compiled."""
    return True
