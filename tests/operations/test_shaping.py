"""What the rows of the table cannot show of shapes, differences, choices and indices: large arrays, bits, exact texts."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.operations.choosing import choose, kept, overwrite, pick_masked
from framework.operations.masking import coordinates
from framework.operations.places import add_at_places, places, put_at_places, take_at_places

RANDOM = np.random.default_rng(7)
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5])


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("size", [10, 1 << 13, 1 << 16])
def test_choices_of_many_elements_have_the_bits_of_where(dtype, size):
    mask = RANDOM.random(size) < 0.5
    values = RANDOM.choice(SPECIAL if dtype.startswith("float") else [0, 1, 3], (2, size))
    a, b = values.astype(dtype)
    one = np.array(SPECIAL[1], dtype) if dtype.startswith("float") else np.array(1, dtype)
    assert same_bits(choose(mask, a, b), np.where(mask, a, b))
    assert same_bits(choose(mask, one, b), np.where(mask, one, b))
    assert same_bits(choose(mask, a, one), np.where(mask, a, one))
    assert same_bits(pick_masked(a, mask), a[mask])
    if dtype.startswith("float"):
        zero = np.array(0, dtype)
        assert same_bits(kept(a, mask, True), np.where(mask, a, zero))
        assert same_bits(kept(a, mask, False), np.where(mask, zero, a))
    for value in [0, 1] if dtype in ("uint8", "bool") else [0, -1, 3] if dtype.startswith("int") else SPECIAL.tolist():
        wanted, found = a.copy(), a.copy()
        wanted[mask] = value
        overwrite(found, mask, value)
        assert same_bits(found, wanted)


@pytest.mark.parametrize("shape", [(100, 100), (3, 40, 50), (5000,), (3, 4), (0, 5000)])
def test_coordinates_are_those_of_nonzero(shape):
    for array in (RANDOM.random(shape) < 0.3, RANDOM.integers(0, 3, shape)):
        for found, wanted in zip(coordinates(array), np.nonzero(array), strict=True):
            assert np.array_equal(found, wanted)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_places_are_those_of_take_along_axis(shape, data):
    dim = data.draw(st.integers(0, len(shape) - 1))
    cut = [data.draw(st.integers(1, size)) for size in shape]
    cut[dim] = data.draw(st.integers(1, 5))
    index = np.random.default_rng(0).integers(0, shape[dim], cut)
    array = np.random.default_rng(1).random(shape)
    part = array[tuple(slice(None) if axis == dim else slice(size) for axis, size in enumerate(cut))]
    wanted = np.take_along_axis(part, index, dim)
    assert np.array_equal(array.reshape(-1)[places(index, array.shape, dim)], wanted)
    assert np.array_equal(take_at_places(array, index, dim), wanted)
    out = np.zeros(shape)
    add_at_places(out, index, dim, wanted)
    assert out.sum() == pytest.approx(wanted.sum())
    put_at_places(out, index, dim, wanted)
    assert np.array_equal(take_at_places(out, index, dim), wanted)


def test_rows_long_enough_are_taken_one_by_one():
    array, index = RANDOM.random((3, 20)), RANDOM.integers(0, 20, (2, 600))
    assert np.array_equal(take_at_places(array, index, 1), np.take_along_axis(array[:2], index, 1))


@given(st.integers(1, 4), st.integers(-9, 9), st.integers(2, 3))
def test_quarter_turns_are_numpys(size, turns, ndim):
    x = torch.arange(float(size * 2 * 3 ** (ndim - 2))).reshape(size, 2, *[3] * (ndim - 2))
    for dims in itertools.permutations(range(ndim), 2):
        assert np.array_equal(torch.rot90(x, turns, dims).numpy(), np.rot90(x.numpy(), turns, dims))
        assert np.array_equal(np.rot90(x, turns, dims).numpy(), np.rot90(x.numpy(), turns, dims))


def test_numpys_functions():
    x = torch.tensor([[1.0, 4, 9, 16], [2, 3, 5, 8], [0, 1, 0, 1]], dtype=torch.float64)
    a = x.numpy()
    calls = [
        lambda x: np.diff(x),
        lambda x: np.diff(x, 2, 0),
        lambda x: np.diff(x, prepend=0.0, append=a[:, :1]),
        lambda x: np.gradient(x, 2.0, axis=1),
        lambda x: np.gradient(x, [0.0, 1, 4, 9], axis=1, edge_order=2),
        lambda x: np.gradient(x)[1],
        lambda x: np.trapezoid(x, dx=0.5),
        lambda x: np.trapezoid(x, x, axis=0),
        lambda x: np.flip(x),
        lambda x: np.flip(x, 1),
        lambda x: np.roll(x, 2),
    ]
    for call in calls:
        found = call(x)
        assert isinstance(found, torch.Tensor)
        np.testing.assert_allclose(found.numpy(), call(a))


def test_combinations_are_those_of_itertools():
    x = torch.tensor([5, 7, 1, 3])
    for r, again in itertools.product(range(1, 5), (False, True)):
        choose_from = itertools.combinations_with_replacement if again else itertools.combinations
        assert torch.combinations(x, r, again).tolist() == [list(each) for each in choose_from(x.tolist(), r)]


def test_the_gradient_of_a_view_that_leaves_nothing_out_is_no_copy():
    x = torch.rand(3, 4, requires_grad=True)
    g = torch.rand(3, 1, 4)
    (found,) = torch.autograd.grad(x[:, None], x, g)
    assert np.shares_memory(found.numpy(), g.numpy())


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x[1, torch.tensor([True] * 3)], IndexError, r"mask \[3\] at index 0 .* tensor \[4\] at index 0"),
        (lambda x: x[np.bool_(True)], IndexError, r"valid indices \(got numpy.bool\)"),
        (lambda x: x.expand(2, 3), RuntimeError, r"tensor \(3\) must match the existing size \(4\) at .* dimension 1"),
        (lambda x: x.repeat(1, -1), RuntimeError, r"Trying to create tensor with negative dimension -4: \[3, -4\]"),
        (
            lambda x: torch.flip(x, 0),
            TypeError,
            r"flip\(\): argument 'dims' \(position 2\) must be tuple of ints, not int",
        ),
        (lambda x: torch.take_along_dim(x, torch.tensor([[0, 1]]), 0), RuntimeError, "size of tensor a .4. must match"),
        (lambda x: x.index_add(0, torch.tensor([[0]]), x), IndexError, "supposed to be a vector, but got dim: 2 with"),
        (
            lambda x: x.index_add(0, torch.tensor([0, 5]), x[:2]),
            RuntimeError,
            "index 5 is out of bounds for dimension 0",
        ),
        (lambda x: x[0].index_add(0, torch.tensor([5]), x[0, :1]), IndexError, "index out of range in self"),
        (lambda x: x.index_copy(0, torch.tensor([[0]]), x[:1]), IndexError, r"should have dimension 1 or 0 \(got 2\)"),
        (
            lambda x: torch.zeros(0, 3).index_select(0, torch.tensor([0])),
            RuntimeError,
            "self indexing axis dim should be",
        ),
        (lambda x: torch.zeros(0).take(torch.tensor([0])), IndexError, "tried to take from an empty tensor"),
        (lambda x: torch.zeros(()).unbind(1), IndexError, "Dimension out of range"),
        (lambda x: torch.unflatten(x, 1, 4), TypeError, r"'sizes' \(position 3\) must be tuple of ints, not int"),
        (lambda x: torch.tril_indices(3, 3, dtype=torch.float32), NotImplementedError, "not implemented for 'Float'"),
        (lambda x: torch.tril_indices(3.0, 3), TypeError, r"argument 'row' \(position 1\) must be int, not float"),
        (lambda x: torch.zeros(2, dtype=torch.uint8).fill_(-1.0), RuntimeError, "to type uint8_t without overflow"),
        (lambda x: torch.nonzero_static(x, size=-1), RuntimeError, "'size' must be an non-negative integer"),
        (lambda x: x.sum_to_size(2, 4), RuntimeError, r"size {\[2, 4\]} is not expandable to size {\[3, 4\]}"),
    ],
)
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call(torch.zeros(3, 4))
