"""Multiplies matrices and vectors: `matmul` in all its shapes, and the named products it is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import product, reshaped, swapped, turned
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, wrap
from framework.operations.arguments import check_tensors

__all__ = ["bmm", "dot", "matmul", "mm", "mv", "outer", "trace"]


_dot = operation(product, name="dot")
_dot.add_derivative(lambda g, other: g * other, "input")
_dot.add_derivative(lambda g, input: g * input, "other")


_mv = operation(product, name="mv")
_mv.add_derivative(lambda g, other: np.outer(g, other), "input")
_mv.add_derivative(lambda g, input: product(turned(input), g), "other")


_mm = operation(product, name="mm")
_mm.add_derivative(lambda g, other: product(g, turned(other)), "input")
_mm.add_derivative(lambda g, input: product(turned(input), g), "other")


def rows(x: Any) -> Any:
    """All dimensions but the last as one."""
    return reshaped(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _batched(input: Any, other: Any) -> Any:
    return np.matmul(input, other)


def _batched_input(g: Any, other: Any) -> Any:
    return np.matmul(g, swapped(other, -1, -2))


def _batched_other(g: Any, input: Any) -> Any:
    return np.matmul(swapped(input, -1, -2), g)


def _vector_first_input(g: Any, other: Any) -> Any:
    return np.matmul(other, g[..., None])[..., 0]


def _vector_first_other(g: Any, input: Any) -> Any:
    return input[:, None] * g[..., None, :]


def _folded(input: Any, other: Any) -> Any:
    """A batch times one matrix or vector: a single product."""
    return reshaped(product(rows(input), other), (*input.shape[:-1], *other.shape[1:]))


# Of rows with the same name, the name of the node is the one that PyTorch's way to that product has.
_bmm = operation(_batched, name="bmm", input=_batched_input, other=_batched_other)
_batch_matmul, _matrix_batch_matmul = (
    operation(_batched, name="matmul", grad_fn=each, input=_batched_input, other=_batched_other)
    for each in ("UnsafeViewBackward0", "CloneBackward0")
)
_vector_matmul, _vector_batch_matmul = (
    operation(_batched, name="vector_matmul", grad_fn=each, input=_vector_first_input, other=_vector_first_other)
    for each in ("SqueezeBackward4", "UnsafeViewBackward0")
)
_batch_matrix_matmul = operation(
    _folded,
    name="batch_matrix_matmul",
    grad_fn="UnsafeViewBackward0",
    input=lambda g, other: np.matmul(g, turned(other)),
    other=lambda g, input: product(turned(rows(input)), rows(g)),
)
_batch_vector_matmul = operation(
    _folded,
    name="batch_vector_matmul",
    grad_fn="UnsafeViewBackward0",
    input=lambda g, other: g[..., None] * other,
    other=lambda g, input: product(turned(rows(input)), reshaped(g, (-1,))),
)


def _title(array: Any) -> str:
    return dtypes.from_numpy(array.dtype).scalar_name


def check_product(a: Any, b: Any, name: str) -> None:
    """Raises for operands of two types, or of a type that has no product, as PyTorch's kernel of that name does."""
    if a.dtype != b.dtype and not (name == "bmm" and a.dtype.kind == "b"):
        if name == "dot":
            raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {_title(a)} and {_title(b)}")
        if name == "addmv_impl_cpu":
            raise RuntimeError(
                f"addmv input tensors must have the same dtype, but got {_title(b)}, {_title(a)}, and {_title(b)}"
            )
        if name == "bmm":
            raise RuntimeError(f"expected scalar type {_title(a)} but found {_title(b)}")
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {dtypes.c_name(a.dtype)} != {dtypes.c_name(b.dtype)}"
        )
    if a.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool'")


def check_matrices(a: Any, b: Any, rows: int) -> None:
    if a.shape[-1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and {b.shape[0]}x{b.shape[1]})"
        )


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    if input.__class__ is not Tensor or mat2.__class__ is not Tensor:
        check_tensors("mm", input=input, mat2=mat2)
    a, b = input._array, mat2._array
    if a.ndim != 2 or b.ndim != 2:
        raise RuntimeError(f"{'self' if a.ndim != 2 else 'mat2'} must be a matrix")
    return _matrices(input, mat2, a, b)


def _matrices(input: Tensor, other: Tensor, a: Any, b: Any) -> Tensor:
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "addmm_impl_cpu_")
    if a.shape[1] != b.shape[0]:
        check_matrices(a, b, a.shape[0])
    return _mm.function(input, other)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    if input.__class__ is not Tensor or vec.__class__ is not Tensor:
        check_tensors("mv", input=input, vec=vec)
    a, b = input._array, vec._array
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {min(1, b.ndim)}, {a.ndim}, {b.ndim}")
    return _matrix_vector(input, vec, a, b)


def _matrix_vector(input: Tensor, vec: Tensor, a: Any, b: Any) -> Tensor:
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "addmv_impl_cpu")
    _check_vector(a, b, a.shape[0])
    return _mv.function(input, vec)


def _check_vector(a: Any, b: Any, rows: int) -> None:
    if a.shape[-1] != b.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a.shape[-1]}), vec ({b.shape[0]})")


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors' elements."""
    if input.__class__ is not Tensor or tensor.__class__ is not Tensor:
        check_tensors("dot", input=input, tensor=tensor)
    a, b = input._array, tensor._array
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "dot")
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number "
            f"of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    return _dot.function(input, tensor)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, (b, n, m) and (b, m, p)."""
    if input.__class__ is not Tensor or mat2.__class__ is not Tensor:
        check_tensors("bmm", input=input, mat2=mat2)
    a, b = input._array, mat2._array
    if a.ndim != 3 or b.ndim != 3:
        raise RuntimeError(f"{'batch1' if a.ndim != 3 else 'batch2'} must be a 3D tensor")
    check_batches(a, b)
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "bmm")
    return _bmm.function(input, mat2)


def check_batches(a: Any, b: Any) -> None:
    if b.shape[0] != a.shape[0] or b.shape[1] != a.shape[2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )


def matmul(input: Any, other: Any) -> Tensor:
    """The product of vectors, matrices or broadcast batches of matrices, by their dimensions, as `np.matmul`.

    RuntimeError where sizes or types do not agree.
    """
    if input.__class__ is not Tensor or other.__class__ is not Tensor:
        check_tensors("matmul", input=input, other=other)
    a, b = input._array, other._array
    if a.ndim == 2 and b.ndim == 2:
        return _matrices(input, other, a, b)
    if not a.ndim or not b.ndim:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D")
    if b.ndim == 1:
        return _by_vector(input, other, a, b)
    if a.ndim == 1 and b.ndim == 2:
        if a.dtype is not b.dtype or a.dtype.kind == "b":
            check_product(a, b, "addmm_impl_cpu_")
        check_matrices(a, b, 1)
        return _vector_matmul.function(input, other)
    return _by_batch(input, other, a, b)


def _by_vector(input: Tensor, other: Tensor, a: Any, b: Any) -> Tensor:
    if a.ndim == 1:
        return dot(input, other)
    if a.ndim == 2:
        return _matrix_vector(input, other, a, b)
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "addmv_impl_cpu")
    _check_vector(a, b, math.prod(a.shape[:-1]))
    return _batch_vector_matmul.function(input, other)


def _by_batch(input: Tensor, other: Tensor, a: Any, b: Any) -> Tensor:
    if b.ndim == 2:
        if a.dtype is not b.dtype or a.dtype.kind == "b":
            check_product(a, b, "addmm_impl_cpu_")
        check_matrices(a, b, math.prod(a.shape[:-1]))
        return _batch_matrix_matmul.function(input, other)
    error = broadcast_error([a.shape[:-2], b.shape[:-2]]) if a.ndim > 2 else None
    if error is not None:
        raise error
    if a.shape[-1] != b.shape[-2]:
        batch = math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{batch}, {a.shape[-1]}] but got: "
            f"[{batch}, {b.shape[-2]}]."
        )
    if a.dtype is not b.dtype or a.dtype.kind == "b":
        check_product(a, b, "bmm")
    if a.ndim == 1:
        return _vector_batch_matmul.function(input, other)
    # PyTorch's choice of a product, which its node's name tells.
    single = a.ndim == 2 or (a.ndim == b.ndim and math.prod(a.shape[:-2]) == 1 < math.prod(b.shape[:-2]))
    folded = input.requires_grad and single
    return (_matrix_batch_matmul if folded else _batch_matmul).function(input, other)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of an element of one vector with one of the other. Types are promoted."""
    if input.__class__ is not Tensor or vec2.__class__ is not Tensor:
        check_tensors("outer", input=input, vec2=vec2)
    for name, each in (("self", input), ("vec2", vec2)):
        if each._array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {each._array.ndim}-D")
    return input.view(-1, 1) * vec2


@operation()
def _trace(input: Any) -> Any:
    found = np.trace(input)
    return found if found.dtype.kind == "f" else np.asarray(found, np.int64)


@_trace.derivative("input")
def _(g: Any, input_shape: Any) -> Any:
    row, column = (np.cumsum(np.ones_like(g, shape=(size,))) for size in input_shape)
    return g * (row[:, None] == column)


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    check_tensors("trace", input=input)
    array = input._array
    if array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {array.ndim}")
    if array.dtype.kind == "b":
        raise NotImplementedError("\"trace\" not implemented for 'Bool'")
    return _trace.function(input)


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(np.asarray(value))


def _np_matmul(x1: Any, x2: Any) -> Tensor:
    return matmul(_as_tensor(x1), _as_tensor(x2))


def _np_dot(a: Any, b: Any) -> Any:
    a, b = _as_tensor(a), _as_tensor(b)
    if a._array.ndim == 0 or b._array.ndim == 0:
        return a * b
    if b._array.ndim > 2 and a._array.ndim > 1:
        raise TypeError("np.dot of a Tensor with more than two dimensions on its right is not known: use np.tensordot")
    return matmul(a, b)


def _np_outer(a: Any, b: Any) -> Tensor:
    return outer(_as_tensor(a).reshape(-1), _as_tensor(b).reshape(-1))


register(np.matmul, _np_matmul)
register(np.dot, _np_dot)
register(np.outer, _np_outer)
register(np.trace, lambda a: trace(a))


def _matmul_method(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _rmatmul_method(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


attach(
    bmm,
    dot,
    matmul,
    mm,
    mv,
    outer,
    trace,
    named={"__matmul__": _matmul_method, "__rmatmul__": _rmatmul_method},
)
