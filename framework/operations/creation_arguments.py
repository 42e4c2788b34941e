"""Reads the arguments that many functions share: a size, a dtype, a device, the tensor itself.

Each reader raises PyTorch's TypeError, naming the function and the argument, when it is given something else.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from framework.autograd import Tensor, dtypes, get_default_dtype
from framework.autograd.size import available
from framework.autograd.tensor import wrap
from framework.operations.out import fill_out


def read_size(name: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape from `f(2, 3)` or `f((2, 3))`."""
    given = size
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        given = tuple(size[0])
    for each in given:
        if each.__class__ is not int:
            return _read_size_slowly(name, size, given)
        if each < 0:
            _refuse_negative(name, given)
    return given


def _read_size_slowly(name: str, size: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[int, ...]:
    """A size with something else than plain integers in it: NumPy's integers, tensors of one, or a mistake."""
    read = []
    for position, each in enumerate(given):
        if isinstance(each, (int, np.integer)) and not isinstance(each, bool):
            read.append(int(each))
        elif isinstance(each, Tensor) and each._array.size == 1 and each._array.dtype.kind in "iu":
            read.append(int(each._array.item()))
        elif position == 0 and given is size:
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(each).__name__}")
        elif position == 0:
            raise TypeError(
                f"{name}(): argument 'size' (position 1) must be tuple of ints, but found element of type "
                f"{type(each).__name__} at pos 0"
            )
        else:
            raise TypeError(
                f"{name}(): argument 'size' failed to unpack the object at pos {position + 1} with error "
                f'"type must be tuple of ints,but got {type(each).__name__}"'
            )
    if min(read, default=0) < 0:
        _refuse_negative(name, read)
    return tuple(read)


def _refuse_negative(name: str, size: Any) -> NoReturn:
    if name == "zeros":
        raise RuntimeError(f"{name}: Dimension size must be non-negative.")
    negative = next(each for each in size if each < 0)
    raise RuntimeError(f"Trying to create tensor with negative dimension {negative}: {list(size)}")


def read_integer(name: str, argument: str, position: int, value: Any) -> int:
    """An integer argument: a Python or NumPy integer, or an integer tensor of one element."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Tensor) and value._array.size == 1 and value._array.dtype.kind in "iu":
        return int(value._array.item())
    raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be int, not {type_name(value)}")


def read_number(name: str, argument: str, position: int, value: Any) -> Any:
    """A number argument: a Python or NumPy number, or a tensor of no dimensions."""
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and not value._array.ndim):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Number, not {type_name(value)}")
    return value


def read_dtype(name: str, dtype: Any) -> np.dtype[Any] | None:
    """The NumPy dtype of a `dtype=` argument; None where none was given."""
    if dtype is None:
        return None
    if isinstance(dtype, dtypes.dtype):
        return dtype.dtype
    if isinstance(dtype, np.dtype) or (isinstance(dtype, type) and issubclass(dtype, (np.generic, int, float))):
        return dtypes.as_numpy(dtype)
    raise TypeError(f"{name}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")


def type_name(value: Any) -> str:
    """The name of a value's type as errors give it: `int`, `numpy.ndarray`, `Tensor`."""
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


def read_device(device: Any) -> None:
    """Accepts the CPU under all its names and refuses any other device."""
    if device is not None and device != "cpu":
        available(device)


def default_dtype() -> np.dtype[Any]:
    """The NumPy dtype of floating-point tensors made without one."""
    return get_default_dtype().dtype


def check_tensor(name: str, argument: str, position: int, value: Any) -> None:
    """Raises unless an argument is a Tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type_name(value)}")


def finish(array: Any, requires_grad: bool = False, out: Tensor | None = None) -> Tensor:
    """The tensor of a new array, or `out` filled with it."""
    if out is not None:
        return fill_out(out, array)
    tensor: Tensor = wrap(array)
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        tensor._requires_grad = True
    return tensor
