"""Differences of neighbours and what follows from them: `diff`, `gradient`, `trapezoid`, `cumulative_trapezoid`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations.accumulation import place
from framework.operations.arguments import dims, integer
from framework.operations.creation_arguments import check_tensor
from framework.operations.joining import cat
from framework.operations.layout import in_order
from framework.operations.overwriting import copy_

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]


def _part(dim: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    """The index of the elements of a dimension from `start` up to `stop`."""
    return (slice(None),) * dim + (slice(start, stop),)


def _less(input: Any, dim: Any) -> Any:
    later, earlier = input[_part(dim, 1, None)], input[_part(dim, None, -1)]
    return np.not_equal(later, earlier) if input.dtype.kind == "b" else np.subtract(later, earlier)


# PyTorch subtracts two views: the node has the name of that.
_step = operation(_less, name="step_between", grad_fn="SubBackward0")


@_step.derivative("input")
def _(g: Any, input_shape: Any, dim: Any) -> Any:
    return place(g, input_shape, _part(dim, 1, None)) - place(g, input_shape, _part(dim, None, -1))


def _number_row(name: str, function: Any, grad_fn: str) -> Any:
    """Times or over one number, which PyTorch's node tells from times or over a tensor."""
    row = operation(
        lambda input, number: in_order(function(input, number)), name=name, grad_fn=grad_fn, promote="float"
    )
    row.add_derivative(lambda g, number: function(g, number), "input")
    return row


_times = _number_row("times_number", np.multiply, "MulBackward1")
_over = _number_row("over_number", np.divide, "DivBackward1")


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Each element less the one before it along `dim`, `n` times over; booleans by exclusive or.

    prepend, append: elements to stand before and after those of `input`.
    """
    check_tensor("diff", "input", 1, input)
    if type(n) is not int:
        n = integer(n, "diff", "n", 2)
    dim = integer(dim, "diff", "dim", 3)
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if prepend is not None or append is not None:
        _check_joined(input, normalize_dim(dim, input._array.ndim), prepend, append)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if not n:
        return copy_(wrap(zeros(input._array)), input)
    axis = normalize_dim(dim, input._array.ndim)
    if prepend is not None or append is not None:
        input = cat([each for each in (prepend, input, append) if each is not None], axis)
    for _ in range(min(n, input._array.shape[axis])):
        input = _step.function(input, axis)
    return input


def _check_joined(input: Tensor, dim: int, *joined: Any) -> None:
    for name, each in zip(("prepend", "append"), joined, strict=True):
        if each is None:
            continue
        if not isinstance(each, Tensor):
            raise TypeError(f"diff(): argument '{name}' must be Tensor, not {type(each).__name__}")
        if each._array.ndim != input._array.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
        for axis, (size, given) in enumerate(zip(input._array.shape, each._array.shape, strict=True)):
            if axis != dim and size != given:
                raise RuntimeError(
                    "diff expects the shape of tensor to prepend or append to match that of input except along the "
                    f"differencing dimension; input.size({axis}) = {size}, but got tensor.size({axis}) = {given}"
                )


def _refuse_gradient(input: Any, named: dict[str, Any]) -> None:
    """PyTorch's TypeError for arguments that none of the forms of `gradient` takes."""
    forms = (
        "tuple of ints dim, int edge_order = 1",
        "Number spacing, tuple of ints dim, int edge_order = 1",
        "Number spacing = None, int dim = None, int edge_order = 1",
        "tuple of Scalars spacing, int dim = None, int edge_order = 1",
        "tuple of Scalars spacing, tuple of ints dim, int edge_order = 1",
        "tuple of Tensors spacing, int dim = None, int edge_order = 1",
        "tuple of Tensors spacing, tuple of ints dim, int edge_order = 1",
    )
    given = "".join([f", {name}={type(value).__name__}" for name, value in named.items()])
    listed = "\n".join([f" * (Tensor input, *, {form})" for form in forms])
    raise TypeError(
        f"gradient() received an invalid combination of arguments - got (Tensor{given}), but expected one of:\n{listed}\n"
    )


def gradient(input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The slope along each dimension (of `dim`), by central differences; one-sided ones at the ends.

    spacing: the distance between samples, for all dimensions or one each; or the samples' coordinates, a 1-D tensor
    for each dimension. edge_order: 1 or 2, the order of the slope at the ends.
    """
    check_tensor("gradient", "input", 1, input)
    several = isinstance(spacing, (tuple, list))
    named = {"spacing": spacing, "dim": dim, "edge_order": edge_order}
    named = {name: value for name, value in named.items() if value is not None and (name, value) != ("edge_order", 1)}
    if isinstance(spacing, Tensor) and not spacing._array.ndim:
        spacing = spacing.item()
    if type(edge_order) is not int or not (dim is None or isinstance(dim, (int, tuple, list))):
        _refuse_gradient(input, dict(sorted(named.items())))
    if not (spacing is None or several or isinstance(spacing, (int, float))):
        _refuse_gradient(input, dict(sorted(named.items())))
    ndim = input._array.ndim
    if input._array.dtype == np.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if several:
        _check_spacing(spacing, dim, ndim)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    along = tuple(range(ndim)) if dim is None else dims(dim, ndim, "gradient")
    for axis in along:
        if not ndim:
            first = dim[0] if isinstance(dim, (tuple, list)) else dim or 0
            raise IndexError(f"Dimension specified as {first} but tensor has no dimensions")
        if input._array.shape[axis] <= edge_order:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    apart = list(spacing) if several else [1 if spacing is None else spacing] * len(along)
    slope: Any = _slope_between if apart and isinstance(apart[0], Tensor) else _slope
    return tuple([slope(input, axis, each, edge_order) for axis, each in zip(along, apart, strict=True)])


def _check_spacing(spacing: Any, dim: Any, ndim: int) -> None:
    """Raises unless there is a spacing for each dimension."""
    tensors = any(isinstance(each, Tensor) and each._array.ndim for each in spacing)
    for position, each in enumerate(spacing):
        if not isinstance(each, Tensor) and (tensors or not isinstance(each, (int, float))):
            raise TypeError(f"expected Tensor as element {position} in argument 1, but got {type(each).__name__}")
    if dim is None and len(spacing) != ndim:
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            f"'self.dim() = {ndim}', since dim argument was not given, but got a list of length {len(spacing)}"
        )
    wanted = len(dim) if isinstance(dim, (tuple, list)) else 1
    if dim is not None and len(spacing) != wanted:
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have "
            f"the same length, but got a spacing argument of length {len(spacing)} and a dim argument of length "
            f"{wanted}."
        )
    for each in spacing:
        if isinstance(each, Tensor) and each._array.ndim != 1:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one dimension, but got an element with "
                f"{each._array.ndim} dimensions!"
            )


def _slope(input: Tensor, dim: int, apart: Any, order: int) -> Tensor:
    """The slope along one dimension of samples `apart` from each other."""

    def at(start: int | None, stop: int | None) -> Tensor:
        return input[_part(dim, start, stop)]

    middle = (at(2, None) - at(None, -2)) / apart / 2
    if order == 1:
        first, last = (at(1, 2) - at(0, 1)) / apart, (at(-1, None) - at(-2, -1)) / apart
    else:
        first = (-at(0, 1) * 1.5 + at(1, 2) * 2 - at(2, 3) * 0.5) / apart
        last = (at(-3, -2) * 0.5 - at(-2, -1) * 2 + at(-1, None) * 1.5) / apart
    return cat([first, middle, last], dim)


def _slope_between(input: Tensor, dim: int, points: Tensor, order: int) -> Tensor:
    """The slope along one dimension of samples at these coordinates."""

    def at(start: int | None, stop: int | None) -> Tensor:
        return input[_part(dim, start, stop)]

    steps = _step.function(points, 0)
    wide = (-1,) + (1,) * (input._array.ndim - 1 - dim)
    before, after = steps[:-1].reshape(wide), steps[1:].reshape(wide)
    both = before + after
    middle = (
        at(None, -2) * (-after / (before * both))
        + at(1, -1) * ((after - before) / (before * after))
        + at(2, None) * (before / (after * both))
    )
    if order == 1:
        first, last = (at(1, 2) - at(0, 1)) / steps[0], (at(-1, None) - at(-2, -1)) / steps[-1]
    else:
        a, b, c, d = steps[0], steps[1], steps[-2], steps[-1]
        first = (
            at(0, 1) * (-(a * 2 + b) / (a * (a + b))) + at(1, 2) * ((a + b) / (a * b)) + at(2, 3) * (-a / (b * (a + b)))
        )
        last = (
            at(-3, -2) * (d / (c * (c + d)))
            + at(-2, -1) * (-(d + c) / (c * d))
            + at(-1, None) * ((d * 2 + c) / (d * (c + d)))
        )
    return cat([first, middle, last], dim)


def _read_samples(name: str, y: Any, x: Any, dx: Any, dim: Any) -> int:
    """The dimension of the samples, counted from the front, once all arguments are known to be right."""
    check_tensor(name, "y", 1, y)
    number = isinstance(dx, (int, float)) or (isinstance(dx, Tensor) and not dx._array.ndim)
    if not (x is None or (isinstance(x, Tensor) and dx is None)) or not (dx is None or number) or type(dim) is not int:
        given = [type(x).__name__] if x is not None else []
        given += [f"{key}={type(each).__name__}" for key, each in (("dx", dx), ("dim", dim)) if each not in (None, -1)]
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({', '.join(['Tensor', *given])}), but "
            "expected one of:\n * (Tensor y, Tensor x, *, int dim = -1)\n * (Tensor y, *, Number dx = 1, int dim = -1)\n"
        )
    return normalize_dim(dim, y._array.ndim)


def _refuse_booleans(name: str, y: Tensor, x: Tensor | None) -> None:
    if y._array.dtype.kind == "b" or (x is not None and x._array.dtype.kind == "b"):
        which = "`y`" if x is None else "`x` or `y`"
        raise RuntimeError(f"{name}: received a bool input for {which}, but bool is not supported")


def _distances(name: str, y: Tensor, x: Tensor, dim: int) -> Tensor:
    """How far neighbouring samples are apart, shaped to meet the sums of the neighbours."""
    points, shape = x._array, y._array.shape
    if points.ndim == 1:
        if points.shape[0] != shape[dim]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = x.reshape((-1,) + (1,) * (len(shape) - 1 - dim))
        return _step.function(x, 0)
    x = x.reshape((1,) * (len(shape) - points.ndim) + points.shape)
    return _step.function(x, dim)


def _pairs(y: Tensor, dim: int) -> Tensor:
    return y[_part(dim, None, -1)] + y[_part(dim, 1, None)]


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral of samples along `dim` by the trapezoid rule: at the coordinates `x`, or `dx` (1) apart."""
    flat = isinstance(y, Tensor) and not y._array.ndim and x is None
    axis = 0 if flat else _read_samples("trapezoid", y, x, dx, dim)
    shape = y._array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim if x is None else 0} but tensor has no dimensions")
    if not shape[axis]:
        return wrap(np.zeros(shape[:axis] + shape[axis + 1 :], y._array.dtype))
    _refuse_booleans("trapezoid", y, x)
    if x is not None:
        return _over.function((_pairs(y, axis) * _distances("trapezoid", y, x, axis)).sum(axis), 2.0)
    before = (slice(None),) * axis
    ends = y[(*before, 0)] + y[(*before, -1)]
    return _times.function(y.sum(axis) - ends * 0.5, 1 if dx is None else _number(dx))


def _number(dx: Any) -> Any:
    return dx.item() if isinstance(dx, Tensor) else dx


def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """`trapezoid`, by another name."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running integral of samples along `dim` by the trapezoid rule: one element fewer than samples."""
    axis = _read_samples("cumulative_trapezoid", y, x, dx, dim)
    _refuse_booleans("cumulative_trapezoid", y, x)
    if not y._array.ndim:
        if x is not None and x._array.ndim == 1:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if x is not None:
        running = (_pairs(y, axis) * _distances("cumulative_trapezoid", y, x, axis)).cumsum(axis)
        return _over.function(running, 2.0)
    return (_pairs(y, axis) * ((1 if dx is None else _number(dx)) / 2)).cumsum(axis)


def _np_diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    return diff(a, n, axis, *[_beside(a, each, axis) for each in (prepend, append)])


def _beside(a: Tensor, given: Any, axis: int) -> Any:
    """What NumPy puts before or after: one number stands for a whole slice."""
    if given is None or isinstance(given, Tensor):
        return given
    array = np.asarray(given, a._array.dtype)
    shape = list(a._array.shape)
    shape[axis] = 1
    return wrap(array if array.ndim else np.full(shape, array))


def _np_gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    given = [wrap(np.asarray(each)) if isinstance(each, (list, np.ndarray)) else each for each in varargs]
    spacing = given[0] if len(given) == 1 and not isinstance(given[0], Tensor) else given or None
    found = gradient(f, spacing=spacing, dim=axis, edge_order=edge_order)
    return found if len(found) > 1 else found[0]


def _np_trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    return trapezoid(y, dx=dx, dim=axis) if x is None else trapezoid(y, x, dim=axis)


register(np.diff, _np_diff)
register(np.gradient, _np_gradient)
register(np.trapezoid, _np_trapezoid)
attach(diff)
