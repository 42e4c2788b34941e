"""Each NumPy call on a batch gives the stacked results of the examples."""

import numpy as np
import pytest

from framework.func.batched import BatchedArray

RANDOM = np.random.Generator(np.random.PCG64(0))
B = 3
X = RANDOM.normal(size=(B, 2, 4))
V = RANDOM.normal(size=(B, 4))
M = RANDOM.normal(size=(B, 4, 5))
S = RANDOM.normal(size=(B,))
I = RANDOM.integers(0, 2, size=(B, 2, 4))
K = RANDOM.integers(0, 4, size=(B, 3))
PLAIN = RANDOM.normal(size=(4, 5))
ROW = RANDOM.normal(size=(4,))
DEEP = RANDOM.normal(size=(6, 4, 5))

CALLS = {
    "add": (lambda x, v: x + v, X, V),
    "scalars": (lambda x, s: np.exp(x) * s - 2, X, S),
    "shared operand": (lambda x: x * ROW + ROW[:, None, None], V),
    "deeper shared operand": (lambda v: v * DEEP[..., :4], V),
    "two results": (lambda x: np.modf(x), X),
    "comparison": (lambda x, v: (x > v) & (x < 1), X, V),
    "matrix by matrix": (lambda x, m: x @ m, X, M),
    "matrix by shared": (lambda x: x @ PLAIN, X),
    "vector by shared": (lambda v: v @ PLAIN, V),
    "shared by matrix": (lambda m: PLAIN.T @ m, M),
    "shared by vector": (lambda v: PLAIN.T @ v, V),
    "vector by vector": (lambda v: v @ v, V),
    "vector by matrix": (lambda v, m: v @ m, V, M),
    "matrix by vector": (lambda x, v: x @ v, X, V),
    "matrix by deeper": (lambda x: x @ DEEP, X),
    "vector by deeper": (lambda v: v @ DEEP, V),
    "dot": (lambda v: np.dot(v, v), V),
    "dot of a number": (lambda v, s: np.dot(s, v), V, S),
    "dot of deeper": (lambda x: np.dot(x, DEEP), X),
    "vecdot": (lambda x, v: np.vecdot(x, v), X, V),
    "reduce": (lambda x: np.add.reduce(x, axis=-1, keepdims=True), X),
    "reduce all": (lambda x: np.add.reduce(x, axis=None), X),
    "reduce first": (lambda x: np.multiply.reduce(x), X),
    "reduce nothing": (lambda s: np.add.reduce(s, axis=None), S),
    "accumulate": (lambda x: np.maximum.accumulate(x, axis=1), X),
    "sum of two": (lambda x: np.sum(x, axis=(0, -1)), X),
    "mean": (lambda x: np.mean(x, axis=0, keepdims=True), X),
    "max": (lambda x: np.max(x), X),
    "var": (lambda x: np.var(x, axis=1, ddof=1), X),
    "sum where": (lambda x: np.sum(x, axis=1, where=np.array([True, False, True, True])), X),
    "any": (lambda x: np.any(x > 1, axis=0), X),
    "argmax": (lambda x: np.argmax(x), X),
    "argmin of a dimension": (lambda x: np.argmin(x, axis=-1, keepdims=True), X),
    "cumsum": (lambda x: np.cumsum(x, axis=1), X),
    "cumsum of all": (lambda x: np.cumsum(x), X),
    "sort": (lambda x: np.sort(x, axis=0), X),
    "argsort": (lambda x: np.argsort(x, kind="stable"), X),
    "flip": (lambda x: np.flip(x), X),
    "flip one": (lambda x: np.flip(x, -1), X),
    "roll": (lambda x: np.roll(x, 1, axis=1), X),
    "roll all": (lambda x: np.roll(x, 1), X),
    "roll two": (lambda x: np.roll(x, (1, 2), axis=(0, 1)), X),
    "repeat": (lambda x: np.repeat(x, 2, axis=1), X),
    "repeat by counts": (lambda x: np.repeat(x, np.array([1, 2]), axis=0), X),
    "tile": (lambda v: np.tile(v, (2, 2)), V),
    "reshape": (lambda x: np.reshape(x, (4, -1)), X),
    "reshape flat": (lambda x: np.reshape(x, -1), X),
    "transpose": (lambda x: np.transpose(x), X),
    "transpose by axes": (lambda x: np.transpose(x, (-1, 0)), X),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -1), X),
    "moveaxis": (lambda x: np.moveaxis(x, [0, 1], [1, 0]), X),
    "expand_dims": (lambda x: np.expand_dims(x, (0, -1)), X),
    "squeeze": (lambda x: np.squeeze(x[None, :1]), X),
    "squeeze one": (lambda x: np.squeeze(x[None, :1], axis=0), X),
    "broadcast_to": (lambda v: np.broadcast_to(v, (2, 3, 4)), V),
    "broadcast_to of a number": (lambda s: np.broadcast_to(s, (2,)), S),
    "tril": (lambda x: np.tril(x, 1), X),
    "tril of a vector": (lambda v: np.tril(v), V),
    "diagonal": (lambda x: np.diagonal(x, 1), X),
    "trace": (lambda x: np.trace(x), X),
    "concatenate": (lambda x, v: np.concatenate([x, v[None], ROW[None]]), X, V),
    "stack": (lambda v: np.stack([v, ROW], axis=-1), V),
    "where": (lambda x, v: np.where(x > 0, v, 0.0), X, V),
    "where of shared": (lambda x: np.where(ROW > 0, x, ROW), X),
    "clip": (lambda x, s: np.clip(x, -s * s, 0.5), X, S),
    "take_along_axis": (lambda x, i: np.take_along_axis(x, i, axis=0), X, I),
    "take_along_axis of shared": (lambda i: np.take_along_axis(PLAIN[:2, :4], i, axis=0), I),
    "take": (lambda x: np.take(x, [0, 3, 3], axis=-1), X),
    "take by batch": (lambda v, k: np.take(v, k, axis=0), V, K),
    "astype": (lambda x: np.astype(x, np.float32), X),
    "zeros_like": (lambda x: np.zeros_like(x, shape=(2,)), X),
    "full_like": (lambda x: np.full_like(x, 3.0), X),
    "full_like of a batch": (lambda x, s: np.full_like(x, s), X, S),
    "zeros": (lambda x: np.zeros((2, 2), x.dtype, like=x), X),
    "arange": (lambda x: np.arange(3, like=x) + x[0, 0], X),
    "einsum": (lambda x, m: np.einsum("ij,jk->ki", x, m), X, M),
    "einsum of shared": (lambda x: np.einsum("ij,...jk->...ik", x, DEEP), X),
    "tensordot": (lambda x: np.tensordot(x, PLAIN, 1), X),
    "outer": (lambda v: np.outer(v, ROW), V),
    "norm": (lambda x: np.linalg.norm(x, axis=1), X),
    "inverse": (lambda m: np.linalg.inv(m[:, :4]), M),
    "index": (lambda x: x[0, ..., None, 1:], X),
    "index by list": (lambda x: x[:, [0, 0, 2]], X),
    "index by arrays": (lambda x: x[np.array([0, 1]), np.array([2, 3])], X),
    "index by arrays apart": (lambda m: m[:, None][np.array([0, 1]), :, np.array([2, 3])], M),
    "index by batch": (lambda v, k: v[k], V, K),
    "index by batch and slice": (lambda m, k: m[k, 1:], M, K),
    "index by batch and number": (lambda m, k: m[k, 2], M, K),
    "iteration": (lambda x: x[0] + sum(iter(x)), X),
    "length": (lambda x: x * len(x) + np.size(x) + np.ndim(x), X),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_on_a_batch(name):
    function, *batches = CALLS[name]
    expected = [function(*each) for each in zip(*batches, strict=True)]
    found = function(*[BatchedArray(each, 0) for each in batches])
    if not isinstance(found, tuple):
        found, expected = (found,), [(each,) for each in expected]
    for one, examples in zip(found, zip(*expected, strict=True), strict=True):
        wanted = np.stack(examples)
        assert one.shape == wanted.shape[1:] and one.dtype == wanted.dtype
        np.testing.assert_allclose(one.data, wanted, rtol=1e-12, atol=1e-14)


def test_what_an_operation_makes_it_may_fill():
    x, k = BatchedArray(X, 0), BatchedArray(K, 0)
    out = np.zeros_like(x)
    out[0, 1:] = x[1, 1:]
    np.testing.assert_array_equal(out.data[:, 0, 1:], X[:, 1, 1:])
    counts = np.zeros((4,), np.float64, like=x)
    np.add.at(counts, k, 1.0)
    np.testing.assert_array_equal(counts.data, [np.bincount(each, minlength=4) for each in K])
    placed = np.zeros((4,), np.float64, like=x)
    placed[k] = 2.0
    np.testing.assert_array_equal(placed.data, [2.0 * (np.bincount(each, minlength=4) > 0) for each in K])
    sums = np.exp(x)
    np.add(sums, 1, out=sums)
    np.testing.assert_array_equal(sums.data, np.exp(X) + 1)
