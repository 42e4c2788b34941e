"""Methods of plain arrays give what NumPy's functions give, and other arrays go through NumPy's functions."""

import numpy as np
import pytest

import framework as torch
from framework.autograd import direct
from framework.testing.doubles import DeviceArray

ARRAYS = [
    np.array([[3.0, -1.0, 2.0], [np.nan, 0.5, 0.0]], np.float32),
    np.array([[-0.0, 0.0], [0.0, -0.0]], np.float32),
    np.array([[0.0, -0.0], [-1.0, -2.0]], np.float32),
    np.arange(-6, 6).reshape(3, 4).T,
    np.array([[True, False], [False, False]]),
    np.ones((2, 2), np.bool_),
    np.array([[7]], np.uint8),
    np.arange(4000.0).reshape(2, 2000),
]
REDUCTIONS = [
    (direct.largest, np.max),
    (direct.smallest, np.min),
    (direct.argmax, np.argmax),
    (direct.argmin, np.argmin),
    (direct.all_true, np.all),
    (direct.any_true, np.any),
]


def same_bits(one, other):
    one, other = np.asarray(one), np.asarray(other)
    assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize(("ours", "numpys"), REDUCTIONS)
def test_reductions(array, ours, numpys):
    for axis in (None, 0, 1):
        for keepdims in (False, True):
            same_bits(ours(array, axis, keepdims), numpys(array, axis=axis, keepdims=keepdims))


@pytest.mark.parametrize("array", ARRAYS)
def test_the_rest(array):
    same_bits(direct.largest_of_all(array), np.max(array))
    same_bits(direct.smallest_of_all(array), np.min(array))
    same_bits(direct.reshaped(array, (-1,)), np.reshape(array, (-1,)))
    same_bits(direct.transposed(array, (1, 0)), np.transpose(array, (1, 0)))
    same_bits(direct.turned(array), np.transpose(array))
    same_bits(direct.swapped(array, 0, 1), np.swapaxes(array, 0, 1))
    same_bits(direct.running_sum(array, 1, np.float64), np.cumsum(array, axis=1, dtype=np.float64))
    same_bits(direct.running_product(array, 0, np.float64), np.cumprod(array, axis=0, dtype=np.float64))
    same_bits(direct.product(array, array.T), np.dot(array, array.T))
    same_bits(direct.in_dtype(array, np.float64), np.astype(array, np.float64))
    assert direct.copied(array).flags.c_contiguous and direct.copied(array) is not array


def test_other_arrays_go_through_numpys_functions():
    x = DeviceArray(np.arange(6.0).reshape(2, 3))
    assert direct.largest(x, 1).host().tolist() == [2.0, 5.0]
    assert direct.turned(x).shape == direct.transposed(x, (1, 0)).shape == direct.swapped(x, 0, 1).shape == (3, 2)
    assert direct.product(x, direct.reshaped(x, (3, 2))).shape == (2, 2)
    t = torch.ones(2, 3, requires_grad=True)
    direct.reshaped(direct.turned(t), (6,)).sum().backward()
    assert t.grad.tolist() == [[1.0] * 3] * 2


def test_a_constant_is_made_once_and_not_to_be_written():
    half = direct.constant(0.5, np.dtype(np.float32))
    assert half is direct.constant(0.5, np.dtype(np.float32)) and half.dtype == np.float32 and half.ndim == 0
    with pytest.raises(ValueError, match="read-only"):
        half[...] = 1


@pytest.mark.parametrize("array", ARRAYS)
def test_triangles_places_and_zeros(array):
    for k in (-1, 0, 1, 5):
        same_bits(direct.lower_part(array, k), np.tril(array, k))
        same_bits(direct.upper_part(array, k), np.triu(array, k))
    for shape in (None, (), (3, 0, 2)):
        same_bits(direct.zeros(array, shape), np.zeros_like(array, shape=shape))
    same_bits(direct.zeros(array.T), np.zeros_like(array.T))
    assert direct.zeros(array.T).strides == np.zeros_like(array.T).strides
    for axis in (0, 1, -1):
        places = np.argsort(array, axis=axis)
        first = np.ravel(places)[:2] % array.shape[axis]
        same_bits(direct.taken(array, first, axis), np.take(array, first, axis=axis))
        same_bits(direct.taken_along(array, places, axis), np.take_along_axis(array, places, axis))
        one, other = np.zeros_like(array), np.zeros_like(array)
        direct.put_along(one, places, array, axis)
        np.put_along_axis(other, places, array, axis)
        same_bits(one, other)
