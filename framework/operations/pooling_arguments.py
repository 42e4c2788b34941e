"""Reads the arguments of pooling as PyTorch does: how windows lie, and what is refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from framework.autograd import dtypes
from framework.autograd.tensor import Tensor
from framework.operations.arguments import integer
from framework.operations.windows import Window

_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def ints(value: Any, name: str, argument: str, position: int) -> tuple[int, ...]:
    """An integer, or several in a tuple or list, as a tuple. TypeError for anything else."""
    if type(value) is int:
        return (value,)
    where = f"{name}(): argument '{argument}' (position {position}) must be tuple of ints"
    if isinstance(value, (tuple, list)):
        found = []
        for at, each in enumerate(value):
            try:
                found.append(integer(each, name, argument))
            except TypeError:
                kind = type(each).__name__
                if at:
                    # PyTorch looks at the first element alone before it takes them one by one.
                    raise TypeError(
                        f"{name}(): argument '{argument}' failed to unpack the object at pos {at + 1} with error "
                        f'"type must be tuple of ints,but got {kind}"'
                    ) from None
                raise TypeError(f"{where}, but found element of type {kind} at pos {at}") from None
        return tuple(found)
    try:
        return (integer(value, name, argument),)
    except TypeError:
        raise TypeError(f"{where}, not {type(value).__name__}") from None


def check_input(input: Any, name: str) -> Any:
    """The array of a Tensor; TypeError for anything else."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input._array


def refuse_types(dtype: Any, kernel: str, allowed: str) -> None:
    """NotImplementedError unless an array's type is among those allowed, by NumPy's short names."""
    if dtype.char not in allowed:
        kind = dtypes.from_numpy(dtype).scalar_name
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind}'")


def flag(value: Any, name: str, argument: str, position: int | None = None) -> bool:
    """A boolean argument. PyTorch's message tells the position of those that its own Python code passes on."""
    if value is True or value is False:
        return value
    where = "" if position is None else f" (position {position})"
    raise TypeError(f"{name}(): argument '{argument}'{where} must be bool, not {type(value).__name__}")


def spatial(value: tuple[int, ...], count: int, message: str) -> tuple[int, ...]:
    """One integer for each dimension; RuntimeError with a message where there is neither one nor one for each."""
    if len(value) == count:
        return value
    if len(value) == 1:
        return value * count
    raise RuntimeError(message)


_SIZES = ("kernel_size", "stride", "padding", "dilation")


def one_dimension(name: str, *sizes: Any) -> list[tuple[int, ...]]:
    """The kernel, stride, padding and dilation of pooling in one dimension as tuples, empty for no stride."""
    return [
        () if value is None and argument == "stride" else ints(value, name, argument, position)
        for position, (argument, value) in enumerate(zip(_SIZES, sizes, strict=False), 2)
    ]


def refuse_several(name: str, *sizes: tuple[int, ...]) -> None:
    """RuntimeError where one of these is not one integer."""
    for argument, found in zip(_SIZES, sizes, strict=False):
        if len(found) != 1 and not (argument == "stride" and not found):
            raise RuntimeError(f"{name}() argument '{argument}' should contain one int (got {len(found)})")


def each_dimension(
    name: str, count: int, either: str, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[tuple[int, ...], ...]:
    """The kernel, stride, padding and dilation of pooling in two or three dimensions, one integer for each dimension."""
    words = _WORDS[count]
    given = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    found = []
    for position, (argument, value) in enumerate(given.items(), 2):
        if argument == "stride" and value is None:
            value = ()
        value = ints(value, name, argument, position)
        omitted = "be omitted," if either == "be" else "either be omitted,"
        if argument == "stride":
            verb = omitted
        elif argument == "dilation":
            verb = "be either"
        else:
            verb = either
        message = f"{name}: {argument} must {verb} a single int, or a tuple of {words}"
        found.append(value if argument == "stride" and not value else spatial(value, count, message))
    if not found[1]:
        found[1] = found[0]
    return tuple(found)


def out_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows there are along a dimension."""
    if stride == 0:
        raise RuntimeError("stride should not be zero")
    if padding < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {padding}")
    if padding > int(((kernel - 1) * dilation + 1) / 2):
        raise RuntimeError(
            f"pad should be at most half of effective kernel size, but got pad={padding}, kernel_size={kernel} and "
            f"dilation={dilation}"
        )
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    # With ceil_mode the last window must still start in the input or the padding before it.
    return out - 1 if ceil_mode and (out - 1) * stride >= size + padding else out


_NAMES = {2: ("H", "W"), 3: ("T", "H", "W")}


def _listed(prefixes: list[str], values: tuple[int, ...]) -> str:
    return " ".join([f"{prefix}: {value}" for prefix, value in zip(prefixes, values, strict=True)])


@lru_cache(maxsize=512)
def windows_of(
    name: str,
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
) -> tuple[Window, ...]:
    """The windows along each dimension, the last dimension first. RuntimeError where they do not fit."""
    count = len(kernel)
    sizes = shape[len(shape) - count :]
    outs = [out_size(*each, ceil_mode) for each in zip(sizes, kernel, stride, padding, dilation, strict=True)]
    axes = _NAMES[count]
    for values, what, prefix in (
        (kernel, "kernel size", "k"),
        (stride, "stride", "d"),
        (dilation, "dilation", "dilation"),
    ):
        if min(values) <= 0:
            listed = _listed([prefix + axis for axis in axes], values)
            raise RuntimeError(f"{what} should be greater than zero, but got {listed}")
    _check_shape(name, shape, count)
    if any([each > width / 2 for each, width in zip(padding, kernel, strict=True)]):
        raise RuntimeError(_half_of_kernel(kernel, padding))
    if name == "avg_pool3d" and any([size < each for size, each in zip(sizes, kernel, strict=True)]):
        image, windows = _listed(list(axes), sizes), _listed([f"k{axis}" for axis in axes], kernel)
        raise RuntimeError(f"input image ({image}) smaller than kernel size ({windows})")
    if min(outs) < 1:
        channels = shape[-count - 1]
        given = "x".join(map(str, (channels, *sizes)))
        computed = "x".join(map(str, (channels, *outs)))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({computed}). Output size is too small"
        )
    found = [
        Window(number - count, *each)
        for number, each in enumerate(zip(sizes, kernel, stride, padding, dilation, outs, strict=True))
    ]
    return tuple(reversed(found))


def _half_of_kernel(kernel: tuple[int, ...], padding: tuple[int, ...]) -> str:
    start = "pad should be smaller than or equal to half of kernel size, but got"
    if len(kernel) == 2:
        return f"{start} padW = {padding[1]}, padH = {padding[0]}, kW = {kernel[1]}, kH = {kernel[0]}"
    (kt, kh, kw), (pt, ph, pw) = kernel, padding
    return f"{start} kT: {kt} kW: {kw} kH: {kh} padT: {pt} padW: {pw} padH: {ph}"


_BY_CUBES = {"max_pool3d": "max_pool3d_with_indices_out_cpu_template", "avg_pool3d": "avg_pool3d"}


def _check_shape(name: str, shape: tuple[int, ...], count: int) -> None:
    inner = shape if len(shape) == count + 1 else shape[1:]
    if count == 3:
        if 0 in inner:
            raise RuntimeError(
                f"{_BY_CUBES[name]}(): Expected input's non-batch dimensions to have positive length, but input has a "
                f"shape of {list(shape)} and non-batch dimension 0 has length zero!"
            )
    elif 0 in inner or len(shape) not in (3, 4):
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(shape)}"
        )


def is_plain(*values: Any) -> bool:
    """Whether these are integers, tuples of integers or None, which a cache may tell apart by their values."""
    for value in values:
        kind = type(value)
        if kind is tuple:
            for each in value:
                if type(each) is not int:
                    return False
        elif kind is not int and value is not None:
            return False
    return True
