"""Products of vectors, and sums of products: `inner`, `kron`, `cross`, `addmv`, `addr`, `addbmm`, powers of numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import reshaped, swapped, turned
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.arithmetic import mul
from framework.operations.diagonals import diagonal
from framework.operations.einsum import tensordot
from framework.operations.joining import cat
from framework.operations.linear import _check_expands, _factors
from framework.operations.matmul import check_product, dot, outer
from framework.operations.matrix_checks import title

__all__ = [
    "addbmm",
    "addmv",
    "addr",
    "cross",
    "ger",
    "inner",
    "kron",
    "linalg_cross",
    "linalg_diagonal",
    "linalg_vander",
    "linalg_vecdot",
    "vander",
    "vdot",
]


def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """`outer`, by another name."""
    check_tensors("ger", input=input, vec2=vec2)
    return outer(input, vec2)


_vdot = operation(lambda input, other: np.dot(input, other), name="vdot")
_vdot.add_derivative(lambda g, other: g * other, "input")
_vdot.add_derivative(lambda g, input: g * input, "other")


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The sum of the products of two vectors' elements."""
    try:
        a, b = input._array, other._array
    except AttributeError:
        check_tensors("vdot", input=input, other=other)
        raise
    if a.ndim != 1 or b.ndim != 1 or a.dtype is not b.dtype or a.dtype.kind == "b" or a.shape != b.shape:
        return dot(input, other)  # which refuses these
    found: Tensor = _vdot.function(input, other)
    return found


def linalg_vecdot(x: Tensor, y: Tensor, *, dim: int = -1, axis: int | None = None) -> Tensor:
    """The sums of the products of two tensors' elements along a dimension."""
    try:
        a, b = x._array, y._array
    except AttributeError:
        check_tensors("linalg_vecdot", x=x, y=y)
        raise
    if a.dtype.kind != "f":
        raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {title(a)}")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {title(a)} and y of type "
            f"{title(b)} instead"
        )
    if a.ndim == b.ndim == 1:
        return vdot(x, y)
    product: Tensor = mul.function(x, y)
    return product.sum(dim if axis is None else axis)


def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products along the last dimensions of both; the product where one has no dimensions."""
    try:
        a, b = input._array, other._array
    except AttributeError:
        check_tensors("inner", input=input, other=other)
        raise
    if not a.ndim or not b.ndim:
        product: Tensor = mul.function(input, other)
        return product
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    if a.dtype != b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    if a.dtype.kind == "b":
        check_product(a, b, "dot" if a.ndim == b.ndim == 1 else "addmm_impl_cpu_")
    return tensordot(input, other, ([-1], [-1]))


def _paired(shape: tuple[int, ...], ndim: int, first: bool) -> tuple[int, ...]:
    """A shape with a dimension of 1 after (`first`) or before each of its own."""
    whole = (1,) * (ndim - len(shape)) + shape
    return tuple([size for each in whole for size in ((each, 1) if first else (1, each))])


def _kron_of(input: Any, other: Any) -> Any:
    ndim = max(input.ndim, other.ndim)
    product = reshaped(input, _paired(input.shape, ndim, True)) * reshaped(other, _paired(other.shape, ndim, False))
    pairs = product.shape
    return reshaped(product, tuple([pairs[2 * each] * pairs[2 * each + 1] for each in range(ndim)]))


def _kron_slope(g: Any, factor: Any, shape: tuple[int, ...], first: bool) -> Any:
    ndim = g.ndim
    own = (1,) * (ndim - len(shape)) + shape
    their = (1,) * (ndim - factor.ndim) + factor.shape
    a, b = (own, their) if first else (their, own)
    g = reshaped(g, tuple([size for pair in zip(a, b, strict=True) for size in pair]))
    product = g * reshaped(factor, _paired(factor.shape, ndim, not first))
    return reshaped(np.add.reduce(product, axis=tuple(range(1 if first else 0, 2 * ndim, 2))), shape)


_kron = operation(_kron_of, name="kron", grad_fn="UnsafeViewBackward0", promote="common")
_kron.add_derivative(lambda g, other, input_shape: _kron_slope(g, other, input_shape, True), "input")
_kron.add_derivative(lambda g, input, other_shape: _kron_slope(g, input, other_shape, False), "other")


def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: each element of one times the whole of the other, in a matrix of blocks."""
    check_tensors("kron", input=input, other=other)
    found: Tensor = _kron.function(input, other)
    return found


def _turned(x: Any, dim: int) -> Any:
    """The three components, each in the place before."""
    if type(x) is np.ndarray:
        return x.take(_NEXT, dim)
    before = (slice(None),) * dim
    return np.concatenate((x[(*before, slice(1, 3))], x[(*before, slice(0, 1))]), axis=dim)


_NEXT = np.array((1, 2, 0))


@operation(name="linalg_cross")
def _cross(input: Any, other: Any, dim: int) -> Any:
    return _turned(np.subtract(input * _turned(other, dim), _turned(input, dim) * other, order="C"), dim)


_cross.add_derivative(lambda g, other, dim: _cross(other, g, dim), "input")
_cross.add_derivative(lambda g, input, dim: _cross(g, input, dim), "other")


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1, axis: int | None = None) -> Tensor:
    """The cross products of vectors of three elements along `dim`."""
    return _crossed(input, other, dim if axis is None else axis, "linalg_cross")


def _crossed(input: Any, other: Any, dim: int, function: str) -> Tensor:
    try:
        a, b = input._array, other._array
    except AttributeError:
        check_tensors(function, input=input, other=other)
        raise
    if a.ndim != b.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if not a.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    place = normalize_dim(dim, a.ndim)
    sizes = (a.shape[place], b.shape[place])
    if sizes != (3, 3):
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}")
    if a.shape != b.shape:
        error = broadcast_error([a.shape, b.shape])
        if error is not None:
            raise error
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected scalar type {title(a)} but found {title(b)}")
    if a.dtype.kind == "b":
        raise NotImplementedError("\"cross\" not implemented for 'Bool'")
    found: Tensor = _cross.function(input, other, place)
    return found


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """`linalg.cross`; without `dim`, along the first dimension of size 3, with a warning."""
    check_tensors("cross", input=input, other=other)
    if dim is None:
        if input.ndim != other.ndim:
            raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
        found = [each for each, size in enumerate(input.shape) if size == 3]
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or "
            "simply use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross "
            "in a future release.",
            stacklevel=2,
        )
        if not found:
            raise RuntimeError("no dimension of size 3 in input")
        dim = found[0]
    return _crossed(input, other, dim, "cross")


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices: a view."""
    check_tensors("linalg_diagonal", A=A)
    return diagonal(A, offset, dim1, dim2)


def _scaled(x: Any, number: Any) -> Any:
    if number == 1:
        return x
    return np.logical_and(x, bool(number)) if x.dtype.kind == "b" else x * number


def _added(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    # Where beta is 0, input is not looked at: its nan and inf stay out.
    product = _scaled(product, alpha)
    return product if beta == 0 else _scaled(input, beta) + product


_addmv = operation(
    lambda input, mat, vec, beta, alpha: _added(input, np.dot(mat, vec), beta, alpha),
    name="addmv",
    input=lambda g, beta: _scaled(g, beta),
    mat=lambda g, vec, alpha: _scaled(np.outer(g, vec), alpha),
    vec=lambda g, mat, alpha: _scaled(np.dot(turned(mat), g), alpha),
)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * (mat @ vec)`."""
    try:
        c, a, b = input._array, mat._array, vec._array
    except AttributeError:
        check_tensors("addmv", input=input, mat=mat, vec=vec)
        raise
    if a.ndim != 2 or b.ndim != 1 or c.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {c.ndim}, {a.ndim}, {b.ndim}")
    if a.shape[1] != b.shape[0] or (c.size != 1 and c.shape != a.shape[:1]):
        raise RuntimeError(
            f"size mismatch, got input ({c.shape[0] if c.ndim else 1}), mat ({a.shape[0]}x{a.shape[1]}), vec "
            f"({b.shape[0]})"
        )
    if not a.dtype == b.dtype == c.dtype:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {title(c)}, {title(a)}, and {title(b)}"
        )
    check_product(a, b, "addmv_impl_cpu")
    found: Tensor = _addmv.function(input, mat, vec, *_factors(a.dtype.kind, beta, alpha))
    return found


_addr = operation(
    lambda input, vec1, vec2, beta, alpha: _added(input, vec1[:, None] * vec2, beta, alpha),
    name="addr",
    promote="common",
    input=lambda g, beta: _scaled(g, beta),
    vec1=lambda g, vec2, alpha: _scaled(np.dot(g, vec2), alpha),
    vec2=lambda g, vec1, alpha: _scaled(np.dot(turned(g), vec1), alpha),
)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`. Types are promoted."""
    try:
        c, a, b = input._array, vec1._array, vec2._array
    except AttributeError:
        check_tensors("addr", input=input, vec1=vec1, vec2=vec2)
        raise
    for name, each in (("vec1", a), ("vec2", b)):
        if each.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {each.ndim}-D")
    _check_expands(c, (a.shape[0], b.shape[0]))
    if "f" not in (a.dtype.kind, b.dtype.kind, c.dtype.kind):
        for name, each in (("beta", beta), ("alpha", alpha)):
            if isinstance(each, float):
                raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    found: Tensor = _addr.function(input, vec1, vec2, beta, alpha)
    return found


_addbmm = operation(
    lambda input, batch1, batch2, beta, alpha: _added(
        input, np.add.reduce(np.matmul(batch1, batch2), axis=0, dtype=batch1.dtype), beta, alpha
    ),
    name="addbmm",
    input=lambda g, beta: _scaled(g, beta),
    batch1=lambda g, batch2, alpha: _scaled(np.matmul(g, swapped(batch2, -1, -2)), alpha),
    batch2=lambda g, batch1, alpha: _scaled(np.matmul(swapped(batch1, -1, -2), g), alpha),
)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * sum(batch1 @ batch2)`, the sum over batches of matrices, (b, n, m) and (b, m, p)."""
    try:
        c, a, b = input._array, batch1._array, batch2._array
    except AttributeError:
        check_tensors("addbmm", input=input, batch1=batch1, batch2=batch2)
        raise
    for each in (a, b):
        if each.ndim < 3:
            normalize_dim(2, each.ndim)
    _check_expands(c, (a.shape[1], b.shape[2]))
    if a.ndim != 3 or b.ndim != 3:
        raise RuntimeError(f"{'batch1' if a.ndim != 3 else 'batch2'} must be a 3D tensor")
    if a.shape[0] != b.shape[0]:
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {a.shape[0]} and {b.shape[0]}")
    if a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for bmm ({a.shape[1]}x{a.shape[2]} and {b.shape[1]}x{b.shape[2]})"
        )
    for name, each in (("self", c), ("mat1", a)):
        if each.dtype != b.dtype:
            raise RuntimeError(f"{name} and mat2 must have the same dtype, but got {title(each)} and {title(b)}")
    check_product(a, b, "addmm_impl_cpu_")
    found: Tensor = _addbmm.function(input, batch1, batch2, *_factors(a.dtype.kind, beta, alpha))
    return found


def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each element (as many as there are elements if N is not given), as a last dimension."""
    check_tensors("linalg_vander", x=x)
    if x.dtype.kind == "b" or x.dtype.scalar_name == "Half":
        raise RuntimeError(
            f"linalg.vander supports floating point, complex, and integer tensors, but got {x.dtype.scalar_name}"
        )
    if not x.ndim:
        x = x.unsqueeze(-1)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    powers = x.unsqueeze(-1).expand(*x.shape, count - 1).cumprod(-1)
    return cat([powers.new_ones((*powers.shape[:-1], 1)), powers], -1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements, in columns: from the highest down, or from 0 up if `increasing`."""
    check_tensors("vander", x=x)
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    base = x if x.dtype.kind == "f" else x.long()
    if count == 0:
        return base.new_empty((x.shape[0], 0))
    powers = base.unsqueeze(-1).expand(x.shape[0], count - 1).cumprod(-1)
    found = cat([powers.new_ones((x.shape[0], 1)), powers], -1)
    return found if increasing else found.flip(1)


register(np.inner, lambda a, b, /: inner(a, b))
register(np.vdot, lambda a, b, /: vdot(a.reshape(-1), b.reshape(-1)))
register(np.kron, lambda a, b: kron(a, b))
register(np.vander, lambda x, N=None, increasing=False: vander(x, N, increasing))
register(np.linalg.cross, lambda x1, x2, /, *, axis=-1: linalg_cross(x1, x2, dim=axis))
register(np.linalg.diagonal, lambda x, /, *, offset=0: linalg_diagonal(x, offset=offset))

attach(addbmm, addmv, addr, cross, ger, inner, kron, vdot, inplace=[addbmm, addmv, addr])
