"""Jacobians of functions of tensors for `gradcheck`: by finite differences, by walking back, by pushing forward.

Each is a matrix with a row for each element of the input and a column for each of the output. A direction shrinks
it: with `u` the rows become one, summed with these weights; with `v` the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import enable_grad
from framework.autograd.pushing import pusher
from framework.autograd.tensor import Tensor, wrap


def outputs_of(result: Any) -> tuple[Any, ...]:
    """What a function returned, as a tuple."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def numerical(
    func: Callable[..., Any], inputs: Sequence[Any], index: int, eps: float, u: ndarray | None = None
) -> list[ndarray]:
    """The Jacobian of each output by the input at `index`, by central differences of step `eps`."""
    array = inputs[index]._array

    def along(change: Any, place: Any) -> list[ndarray]:
        before = array[place].copy()
        array[place] = before - change
        below = _copies(func(*inputs))
        array[place] = before + change
        above = _copies(func(*inputs))
        array[place] = before
        for a, b in zip(below, above, strict=True):
            _check_alike(a, b, eps, place if u is None else None)
        # Not under no_grad: a function may itself take gradients.
        return [np.reshape((b - a) / (2 * eps), -1) for a, b in zip(below, above, strict=True)]

    if u is not None:
        return [row[None] for row in along(u * eps, ...)]
    rows = [along(eps, place) for place in np.ndindex(array.shape)]
    if rows:
        return [np.stack(column) for column in zip(*rows, strict=True)]
    return [np.zeros((0, each.size), array.dtype) for each in _copies(func(*inputs))]


def _copies(result: Any) -> list[ndarray]:
    return [each._array.copy() * 1 for each in outputs_of(result)]


def _check_alike(a: ndarray, b: ndarray, eps: float, place: Any) -> None:
    where = "" if place is None else f"on index {place} "
    x, y = wrap(a), wrap(b)
    for name, found in (("shape", (x.shape, y.shape)), ("dtype", (x.dtype, y.dtype))):
        if found[0] != found[1]:
            raise AssertionError(
                f"Expected `func` to return outputs with the same {name} when inputs are perturbed {where}by {eps}, "
                f"but got: {name}s {found[0]} and {found[1]}."
            )


def backward(output: Tensor, wanted: Sequence[Tensor], v: ndarray | None = None) -> list[ndarray]:
    """The Jacobian of one output by each of some inputs, by a walk back for each of its elements."""
    shape, dtype = output._array.shape, output._array.dtype
    if v is None:
        size = output._array.size
        starts: Any = np.reshape(np.eye(size, dtype=dtype), (size, *shape))
    else:
        starts = [np.reshape(v, shape).astype(dtype)]
    columns: list[list[ndarray]] = [[] for _ in wanted]
    for start in starts:
        found = grad(output, wanted, wrap(np.array(start)), retain_graph=True, allow_unused=True)
        for column, each, gradient in zip(columns, wanted, found, strict=True):
            column.append(np.zeros(each._array.size) if gradient is None else gradient._array.reshape(-1).copy())
    return [
        np.stack(column, axis=1) if column else np.zeros((each._array.size, 0))
        for column, each in zip(columns, wanted, strict=True)
    ]


def forward(
    func: Callable[..., Any], inputs: Sequence[Any], us: Sequence[ndarray] | None = None
) -> list[list[ndarray]]:
    """For each input that requires grad, the Jacobian of each floating-point output, by a push for each element."""
    with enable_grad():
        args = [
            each.detach().requires_grad_() if isinstance(each, Tensor) and each.requires_grad else each
            for each in inputs
        ]
        sources = [each for each in args if isinstance(each, Tensor) and each.requires_grad]
        outputs = [each for each in outputs_of(func(*args)) if isinstance(each, Tensor) and each.is_floating_point()]
        push = pusher(outputs, sources)
    result = []
    for number, source in enumerate(sources):
        array = source._array
        directions = np.reshape(np.eye(array.size), (array.size, *array.shape)) if us is None else [us[number]]
        rows = []
        for each in directions:
            direction = wrap(np.array(each, array.dtype))
            found = push([direction if at == number else None for at in range(len(sources))], False)
            rows.append(
                [
                    np.zeros(output._array.size) if tangent is None else tangent._array.reshape(-1)
                    for output, tangent in zip(outputs, found, strict=True)
                ]
            )
        result.append(
            [np.stack(column) for column in zip(*rows, strict=True)]
            if rows
            else [np.zeros((0, each._array.size)) for each in outputs]
        )
    return result
