"""Make tensors of constants and of evenly spaced numbers: `zeros`, `full`, `eye`, `arange`, `linspace`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes, get_default_dtype
from framework.autograd.direct import in_dtype
from framework.autograd.protocol import register
from framework.autograd.tensor import wrap
from framework.operations.conversion import cast_quietly, order_of
from framework.operations.creation_arguments import (
    check_tensor,
    default_dtype,
    finish,
    read_device,
    read_dtype,
    read_integer,
    read_number,
    read_size,
)
from framework.operations.overwriting import as_scalar

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "scalar_tensor",
    "zeros",
    "zeros_like",
]


def _filled(name: str, make: Any) -> Any:
    """`zeros`, `ones` or `empty`: they differ in the NumPy function alone."""

    def create(
        *size: Any,
        out: Tensor | None = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        memory_format: Any = None,
        **named: Any,
    ) -> Tensor:
        if named:
            size = (named.pop("size", size),)
            if named:
                raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
            if not isinstance(size[0], (tuple, list)):
                raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not {type(size[0]).__name__}")
        elif not size:
            raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
        if device is not None:
            read_device(device)
        shape = read_size(name, size)
        target = read_dtype(name, dtype) or (default_dtype() if out is None else out._array.dtype)
        return finish(make(shape, target), requires_grad, out)

    create.__name__ = create.__qualname__ = name
    return create


zeros = _filled("zeros", np.zeros)
zeros.__doc__ = "A tensor of zeros, of the default type unless `dtype` says otherwise: `zeros(2, 3)`."
ones = _filled("ones", np.ones)
ones.__doc__ = "A tensor of ones, of the default type unless `dtype` says otherwise: `ones(2, 3)`."
empty = _filled("empty", np.empty)
empty.__doc__ = "A tensor whose elements are whatever the memory held: `empty(2, 3)`."


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with every element `fill_value`, whose type it takes: `full((2, 3), 1.5)`."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    read_device(device)
    value = read_number("full", "fill_value", 2, fill_value)
    target = read_dtype("full", dtype) or (dtypes.scalar_dtype(value) if out is None else out._array.dtype)
    made = np.empty(read_size("full", (size,)), target)
    # What np.full does, for half of its time.
    np.copyto(made, as_scalar("full", value, target), casting="unsafe")
    return finish(made, requires_grad, out)


def _filled_like(name: str, plain: Any, make: Any) -> Any:
    """`zeros_like`, `ones_like` or `empty_like`."""

    def create(
        input: Tensor,
        *,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        check_tensor(name, "input", 1, input)
        read_device(device)
        array = input._array
        target = array.dtype if dtype is None else read_dtype(name, dtype)
        if array.flags.c_contiguous:
            return finish(plain(array.shape, target), requires_grad)
        return finish(make(array, target, order_of(array, memory_format)), requires_grad)

    create.__name__ = create.__qualname__ = name
    return create


zeros_like = _filled_like("zeros_like", np.zeros, np.zeros_like)
zeros_like.__doc__ = "Zeros of the shape and type of `input`."
ones_like = _filled_like("ones_like", np.ones, np.ones_like)
ones_like.__doc__ = "Ones of the shape and type of `input`."
empty_like = _filled_like("empty_like", np.empty, np.empty_like)
empty_like.__doc__ = "Whatever the memory held, of the shape and type of `input`."


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`fill_value` everywhere, in the shape and type of `input`."""
    check_tensor("full_like", "input", 1, input)
    read_device(device)
    target = read_dtype("full_like", dtype) or input._array.dtype
    value = as_scalar("full_like", read_number("full_like", "fill_value", 2, fill_value), target)
    array = input._array
    return finish(np.full_like(array, value, target, order_of(array, memory_format)), requires_grad)


def scalar_tensor(
    s: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of no dimensions, of the default type unless `dtype` says otherwise."""
    return full((), s, dtype=dtype or get_default_dtype(), device=device, requires_grad=requires_grad)


def arange(
    *bounds: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` (0) up to, but without, `end`, `step` (1) apart: `arange(end)`, `arange(start, end, step)`.

    Integers unless one of the three is a float.
    """
    if len(bounds) == 1 and bounds[0].__class__ is int and dtype is start is end is step is out is device is None:
        return finish(_steps(0, bounds[0], 1, np.dtype(np.int64)), requires_grad)
    read_device(device)
    names = ("end",) if len(bounds) == 1 and end is None else ("start", "end", "step")
    given: dict[str, Any] = dict(zip(names, bounds, strict=False))
    for name, value in (("start", start), ("end", end), ("step", step)):
        if value is not None:
            given[name] = value
    if "end" not in given or len(bounds) > 3:
        raise TypeError(
            "arange() received an invalid combination of arguments: call arange(end), arange(start, end) or "
            "arange(start, end, step)"
        )
    for position, name in enumerate(given):
        given[name] = read_number("arange", name, position + 1, given[name])
    first, last, by = given.get("start", 0), given["end"], given.get("step", 1)
    target = read_dtype("arange", dtype)
    if target is None:
        floating = any(isinstance(each, float) for each in given.values())
        target = out._array.dtype if out is not None else default_dtype() if floating else np.dtype(np.int64)
    return finish(_steps(first, last, by, target), requires_grad, out)


def _steps(start: Any, end: Any, step: Any, target: np.dtype[Any]) -> Any:
    if target.kind == "b":
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if target == np.int64:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
        return np.arange(start, end, step)
    count = math.ceil((end - start) / step)
    if target.kind == "f":
        return cast_quietly(start + step * np.arange(count, dtype=np.float64), target)
    # Numbers that a small integer type cannot hold wrap around.
    return in_dtype(int(start) + int(step) * np.arange(count), target)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers evenly spaced from `start` to `end`, both included."""
    read_device(device)
    target = read_dtype("linspace", dtype) or (default_dtype() if out is None else out._array.dtype)
    if target.kind == "b":
        raise NotImplementedError("\"linspace_cpu\" not implemented for 'Bool'")
    first, last = _ends("linspace", start, end)
    if (target.kind != "f" or target.itemsize == 2) and steps != 0:
        first = as_scalar("linspace", first, target)
        last = as_scalar("linspace", last, target) if steps != 1 else first
    spaced = _spaced("linspace", first, last, steps, target)
    return finish(spaced if spaced.dtype == target else cast_quietly(spaced, target), requires_grad, out)


def _ends(name: str, start: Any, end: Any) -> tuple[Any, Any]:
    for argument, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor) and value._array.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimensional start and end tensors, but got {argument} with "
                f"{value._array.ndim} dimension(s)."
            )
    return read_number(name, "start", 1, start), read_number(name, "end", 2, end)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers from `base ** start` to `base ** end`, their logarithms evenly spaced."""
    read_device(device)
    target = read_dtype("logspace", dtype) or (default_dtype() if out is None else out._array.dtype)
    wide = np.dtype(np.float32) if target.itemsize == 2 and target.kind == "f" else target
    first, last = _ends("logspace", start, end)
    if target.kind != "f" and steps not in (0, 1):
        # Both ends are of the result's type, too.
        first, last = as_scalar("logspace", first, target), as_scalar("logspace", last, target)
    exponents = _spaced("logspace", first, last, steps, wide)
    with np.errstate(over="ignore"):
        powers = np.power(base, exponents)
    return finish(cast_quietly(powers, target), requires_grad, out)


def _spaced(name: str, start: Any, end: Any, steps: Any, target: np.dtype[Any]) -> Any:
    """Counted from the nearer end, as PyTorch does: symmetric to the last bit."""
    if isinstance(steps, bool):
        kinds = ", ".join([type(each).__name__ for each in (start, end, steps)])
        raise TypeError(f"{name}() received an invalid combination of arguments - got ({kinds}), but expected one of:")
    steps = read_integer(name, "steps", 3, steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    real = target if target.kind == "f" else np.dtype(np.float64)
    if -6e4 < start < 6e4 and -6e4 < end < 6e4:
        return _between(real, start, end, steps)
    with np.errstate(invalid="ignore", over="ignore"):
        return _between(real, start, end, steps)


def _between(real: np.dtype[Any], start: Any, end: Any, steps: int) -> Any:
    first, last = real.type(start), real.type(end)
    if steps < 2:
        return np.full(steps, first)
    step = (last - first) / real.type(steps - 1)
    # Product and sum are rounded once, so they are computed in a wider type; with half precision each is rounded.
    wide: Any = {2: np.float16, 4: np.float64}.get(real.itemsize, np.longdouble)
    half = steps // 2
    spaced = np.empty(steps, real)
    spaced[:half] = wide(first) + wide(step) * np.arange(half, dtype=wide)
    spaced[half:] = (wide(last) - wide(step) * np.arange(steps - half, dtype=wide))[::-1]
    return spaced


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal and zeros elsewhere, `n` rows by `m` columns (`n` if not given)."""
    read_device(device)
    rows = read_integer("eye", "n", 1, n)
    columns = rows if m is None else read_integer("eye", "m", 2, m)
    for name, value in (("n", rows), ("m", columns)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    target = read_dtype("eye", dtype) or (default_dtype() if out is None else out._array.dtype)
    return finish(np.eye(rows, columns, dtype=target), requires_grad, out)


def _numpy_like(make: Any) -> Any:
    """What `np.zeros_like` and its kind mean on Tensors."""

    def like(
        a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None, *, device: Any = None
    ) -> Any:
        return wrap(make(a._array, dtype, order, subok, shape))

    return like


def _numpy_full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return wrap(np.full_like(a._array, fill_value, dtype, order, subok, shape))


for _make in (np.zeros_like, np.ones_like, np.empty_like):
    register(_make, _numpy_like(_make))
register(np.full_like, _numpy_full_like)
