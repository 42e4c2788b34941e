"""Multiplies by a matrix and adds: `linear` for layers, `addmm` and `baddbmm` for matrices and their batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import product, reshaped, swapped, turned
from framework.autograd.operation import operation
from framework.autograd.sums import add_up
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.matmul import check_batches, check_matrices, check_product, matmul, rows

__all__ = ["addmm", "baddbmm", "linear"]


# Bias first, as in PyTorch's node: its `next_functions` lead there in this order.
def _affine(bias: Any, input: Any, weight: Any) -> Any:
    if weight.shape[0] == 1 and bias.ndim == 1:
        # One output: a matrix times a vector, and a number added, cost half of the general way.
        return (product(input, weight[0]) + bias[0, ...])[..., None]
    return product(input, turned(weight)) + bias


def _affine_rows(bias: Any, input: Any, weight: Any) -> Any:
    return reshaped(_affine(bias, rows(input), weight), (*input.shape[:-1], weight.shape[0]))


def _product(input: Any, weight: Any) -> Any:
    return product(input, turned(weight))


def _product_rows(input: Any, weight: Any) -> Any:
    return reshaped(product(rows(input), turned(weight)), (*input.shape[:-1], weight.shape[0]))


def _input_gradient(g: Any, weight: Any) -> Any:
    return product(g, weight)


def _weight_gradient(g: Any, input: Any) -> Any:
    if g.shape[1] == 1:
        return np.dot(g[:, 0], input)[None]
    return product(turned(g), input)


def _bias_gradient(g: Any, bias_shape: Any) -> Any:
    if bias_shape != (g.shape[1],):
        return g  # a bias of another shape is a broadcast one, which the engine undoes
    if g.dtype.kind == "f" and g.dtype.itemsize > 2:
        # A product with ones takes a third of the time of a sum over rows.
        return np.dot(np.ones_like(g, shape=(g.shape[0],)), g)
    return add_up(g, 0)


def _input_gradient_rows(g: Any, weight: Any) -> Any:
    return reshaped(product(rows(g), weight), (*g.shape[:-1], weight.shape[1]))


def _weight_gradient_rows(g: Any, input: Any) -> Any:
    return _weight_gradient(rows(g), rows(input))


def _bias_gradient_rows(g: Any, bias_shape: Any) -> Any:
    return _bias_gradient(rows(g), bias_shape)


_linear = operation(
    _affine,
    name="linear",
    grad_fn="AddmmBackward0",
    input=_input_gradient,
    weight=_weight_gradient,
    bias=_bias_gradient,
)
_linear_rows = operation(
    _affine_rows,
    name="linear_rows",
    grad_fn="ViewBackward0",
    input=_input_gradient_rows,
    weight=_weight_gradient_rows,
    bias=_bias_gradient_rows,
)
_linear_without_bias = operation(
    _product,
    name="linear_without_bias",
    grad_fn="MmBackward0",
    input=_input_gradient,
    weight=_weight_gradient,
)
_linear_rows_without_bias = operation(
    _product_rows,
    name="linear_rows_without_bias",
    grad_fn="UnsafeViewBackward0",
    input=_input_gradient_rows,
    weight=_weight_gradient_rows,
)
_linear_vector_without_bias = operation(
    _product_rows,
    name="linear_rows_without_bias",
    grad_fn="SqueezeBackward4",
    input=_input_gradient_rows,
    weight=_weight_gradient_rows,
)
for _each in (_linear_rows, _linear_without_bias, _linear_rows_without_bias, _linear_vector_without_bias):
    _each.public_name = "linear"


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias`: (…, in) by (out, in) to (…, out).

    RuntimeError where sizes or types do not agree.
    """
    try:
        x, w = input._array, weight._array
        b = w if bias is None else bias._array
    except AttributeError:
        given = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
        check_tensors("linear", **given)
        raise
    ndim = x.ndim
    dtype = w.dtype
    if ndim == w.ndim == 2 and x.dtype is b.dtype is dtype and dtype.kind != "b" and x.shape[1] == w.shape[1]:
        # The usual layer, told quickly.
        if bias is None:
            return _linear_without_bias.function(input, weight)
        if b.shape == w.shape[:1]:
            return _linear.function(bias, input, weight)
    if (
        not ndim
        or w.ndim != 2
        or x.shape[-1] != w.shape[1]
        or x.dtype is not w.dtype
        or b.dtype is not w.dtype
        or (b is not w and b.shape != w.shape[:1])
        or x.dtype.kind == "b"
    ):
        if ndim and w.ndim in (1, 2):
            if bias is None and w.ndim == 1:
                return matmul(input, weight.t())
            if bias is not None and ndim != 2 and b.ndim != 1:
                return matmul(input, weight.t()) + bias
        _check(input, weight, bias)
    if bias is None:
        row = _linear_vector_without_bias if ndim == 1 else _linear_rows_without_bias
        return row.function(input, weight)
    return (_linear if ndim == 2 else _linear_rows).function(bias, input, weight)


def _check(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Raises what PyTorch raises for operands that have no product."""
    x, w = input._array, weight._array
    if not x.ndim or not w.ndim:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D")
    if w.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {w.ndim}D")
    if w.ndim < 2:
        raise RuntimeError(f"mat2 must be a matrix, got {w.ndim}-D tensor")
    height = math.prod(x.shape[:-1])
    if bias is None:
        check_product(x, w, "addmm_impl_cpu_")
        check_matrices(x, turned(w), height)
        return
    b = bias._array
    for name, each in (("self", b), ("mat1", x)):
        if each.dtype != w.dtype:
            raise RuntimeError(f"{name} and mat2 must have the same dtype, but got {_title(each)} and {_title(w)}")
    check_matrices(x, turned(w), height)
    check_product(x, w, "addmm_impl_cpu_")
    _check_expands(b, (height, w.shape[0]))


def _check_expands(array: Any, target: tuple[int, ...]) -> None:
    """Raises PyTorch's error unless an array expands to the target shape."""
    shape = array.shape
    if len(shape) > len(target):
        raise RuntimeError(
            f"expand(torch.{_title(array)}Tensor{{{list(shape)}}}, size={list(target)}): the number of sizes provided "
            f"({len(target)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    for back in range(1, len(shape) + 1):
        if shape[-back] not in (1, target[-back]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[-back]}) must match the existing size ({shape[-back]}) at "
                f"non-singleton dimension {len(target) - back}.  Target sizes: {list(target)}.  "
                f"Tensor sizes: {list(shape)}"
            )


def _title(array: Any) -> str:
    return dtypes.from_numpy(array.dtype).scalar_name


def _add_product(input: Any, batch1: Any, batch2: Any, beta: Any, alpha: Any) -> Any:
    result = product(batch1, batch2) if batch1.ndim == 2 else np.matmul(batch1, batch2)
    if alpha != 1:
        result = result * alpha
    # Where beta is 0, input is not looked at: its nan and inf stay out.
    if beta == 0:
        return result
    return result + (input if beta == 1 else input * beta)


def _scaled(g: Any, number: Any) -> Any:
    return g if number == 1 else g * number


_addmm, _baddbmm = (
    operation(
        _add_product,
        name=each,
        input=lambda g, beta: _scaled(g, beta),
        batch1=lambda g, batch2, alpha: _scaled(np.matmul(g, swapped(batch2, -1, -2)), alpha),
        batch2=lambda g, batch1, alpha: _scaled(np.matmul(swapped(batch1, -1, -2), g), alpha),
    )
    for each in ("addmm", "baddbmm")
)


def _factors(kind: str, beta: Any, alpha: Any) -> tuple[Any, Any]:
    """The factors as an integer type's arithmetic takes them: PyTorch cuts their fractions off."""
    return (beta, alpha) if kind == "f" else (int(beta), int(alpha))


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)`."""
    if not (input.__class__ is mat1.__class__ is mat2.__class__ is Tensor):
        check_tensors("addmm", input=input, mat1=mat1, mat2=mat2)
    c, a, b = input._array, mat1._array, mat2._array
    if a.ndim == b.ndim == c.ndim == 2 and a.dtype is b.dtype is c.dtype and a.dtype.kind == "f":
        # The usual case, told quickly.
        if a.shape[1] == b.shape[0] and c.shape == (a.shape[0], b.shape[1]):
            return _addmm.function(input, mat1, mat2, beta, alpha)
    for name, each in (("mat1", a), ("mat2", b)):
        if each.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix, got {each.ndim}-D tensor")
    for name, each in (("self", c), ("mat1", a)):
        if each.dtype != b.dtype:
            raise RuntimeError(f"{name} and mat2 must have the same dtype, but got {_title(each)} and {_title(b)}")
    check_matrices(a, b, a.shape[0])
    check_product(a, b, "addmm_impl_cpu_")
    _check_expands(c, (a.shape[0], b.shape[1]))
    return _addmm.function(input, mat1, mat2, *_factors(a.dtype.kind, beta, alpha))


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * (batch1 @ batch2)` for batches of matrices, (b, n, m) and (b, m, p)."""
    check_tensors("baddbmm", input=input, batch1=batch1, batch2=batch2)
    c, a, b = input._array, batch1._array, batch2._array
    for name, each in (("batch1", a), ("batch2", b)):
        if each.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    _check_expands(c, (a.shape[0], a.shape[1], b.shape[2]))
    check_batches(a, b)
    if not a.dtype == b.dtype == c.dtype:
        found = ", ".join(
            f"{name} {dtypes.c_name(each.dtype)}" for name, each in (("input", c), ("batch1:", a), ("batch2:", b))
        )
        raise RuntimeError(f"Input dtypes must be the same, got: {found}")
    check_product(a, b, "baddbmm")
    return _baddbmm.function(input, batch1, batch2, *_factors(a.dtype.kind, beta, alpha))


attach(addmm, baddbmm, inplace=(addmm, baddbmm))
