"""Sums as products with ones equal NumPy's, for every shape, axis and layout."""

import itertools

import numpy as np
import pytest

from framework.autograd import sums
from framework.autograd.sums import add_up, multiply_up

RANDOM = np.random.default_rng(0)
SHAPES = [
    (30_000,),
    (200, 100),
    (5000, 4),
    (4, 5000),
    (40, 25, 20),
    (3, 5, 11, 120),
    (1, 20_000),
    (20_000, 1),
    (1, 150, 1, 120),
]


def axes_of(ndim):
    yield None
    for count in range(1, ndim + 1):
        yield from itertools.combinations(range(ndim), count)
    yield -1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_equal_numpys(shape, dtype):
    array = RANDOM.normal(size=shape).astype(dtype)
    transposed = np.ascontiguousarray(array.T).T
    for axis, keepdims, given in itertools.product(axes_of(len(shape)), (False, True), (array, transposed)):
        found = add_up(given, axis, keepdims=keepdims)
        expected = np.add.reduce(given.astype(np.float64), axis=axis, keepdims=keepdims)
        assert found.dtype == dtype and np.shape(found) == expected.shape
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-3 if dtype == np.float32 else 1e-11)


def test_the_quick_ways_are_taken(monkeypatch):
    reduced = []
    monkeypatch.setattr(
        sums, "_reduce", lambda array, *rest: reduced.append(array.shape) or np.add.reduce(array, *rest)
    )
    for axis in (None, 0, 1, (0,), (0, 1)):
        add_up(np.ones((200, 200), np.float32), axis)
    assert reduced == [(9,), (9,)]  # the blocks' sums
    add_up(np.ones((200, 200), np.float16))
    add_up(np.ones((200, 200), np.int64))
    assert len(reduced) == 4


def test_infinities_and_nan_come_through():
    array = np.ones(20_000, np.float32)
    array[7] = np.inf
    assert add_up(array) == np.inf
    array[8] = -np.inf
    with np.errstate(invalid="ignore"):
        assert np.isnan(add_up(array))


def test_products_equal_numpys():
    array = np.exp(RANDOM.normal(size=(300, 70)) / 100)
    for keepdims in (False, True):
        found = multiply_up(array, None, None, None, keepdims)
        np.testing.assert_allclose(found, np.multiply.reduce(array, axis=None, keepdims=keepdims), rtol=1e-10)
    assert multiply_up(array, 0).shape == (70,)
    assert np.isnan(multiply_up(np.full(20_000, np.nan)))
