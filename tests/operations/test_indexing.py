"""Indexing and assignment against NumPy, on random subscripts; gradients against counting; PyTorch's messages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch

FULL = slice(None)


@st.composite
def shapes(draw, least=1):
    return tuple(draw(st.lists(st.integers(1, 4), min_size=least, max_size=3)))


@st.composite
def basic_items(draw, size):
    kind = draw(st.sampled_from(["int", "slice", "slice", "full"]))
    if kind == "int":
        return draw(st.integers(-size, size - 1))
    if kind == "full":
        return FULL
    bound = st.one_of(st.none(), st.integers(-size - 1, size + 1))
    return slice(draw(bound), draw(bound), draw(st.one_of(st.none(), st.integers(1, 3))))


@st.composite
def basic(draw):
    """A shape and a basic subscript for it: integers, slices, None, an ellipsis."""
    shape = draw(shapes())
    items = [draw(basic_items(size)) for size in shape[: draw(st.integers(0, len(shape)))]]
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), None)
    if draw(st.booleans()):
        items.append(Ellipsis)
    return shape, items[0] if len(items) == 1 and draw(st.booleans()) else tuple(items)


@st.composite
def advanced(draw):
    """A shape, a subscript for it with index arrays in it, and the same in two steps for NumPy: basic, then advanced."""
    shape = draw(shapes())
    meeting = draw(st.sampled_from([(3,), (1,), (2, 2), (0,)]))
    picked = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)).filter(any))
    items, first, second = [], [], []
    for size, is_array in zip(shape, picked, strict=True):
        if is_array:
            flat = draw(
                st.lists(st.integers(-size, size - 1), min_size=math.prod(meeting), max_size=math.prod(meeting))
            )
            array = np.array(flat, np.int64).reshape(meeting)
            items.append(array)
            first.append(FULL)
            second.append(array)
        else:
            item = draw(basic_items(size))
            items.append(item)
            first.append(item)
            if item.__class__ is slice:
                second.append(FULL)
    return shape, tuple(items), tuple(first), tuple(second)


def over(shape, dtype=np.float64):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def ours(subscript):
    """The subscript with its arrays as Tensors."""
    if isinstance(subscript, tuple):
        return tuple(torch.tensor(each) if isinstance(each, np.ndarray) else each for each in subscript)
    return subscript


def check_gradient(shape, index, positions):
    x = torch.tensor(over(shape) / 7 - 1, requires_grad=True)
    weights = np.cos(over(positions.shape))
    (x[index] * torch.tensor(weights)).sum().backward()
    expected = np.zeros(int(np.prod(shape)))
    np.add.at(expected, positions.astype(np.int64).ravel(), weights.ravel())
    np.testing.assert_allclose(x.grad.numpy(), expected.reshape(shape))


@settings(deadline=None)
@given(basic())
def test_basic_reading_is_numpys_and_a_view(case):
    shape, index = case
    array = over(shape)
    found = torch.tensor(array)[index]
    np.testing.assert_array_equal(found.numpy(), array[index])
    x = torch.tensor(array)
    x[index].fill_(-1)
    array[index] = -1
    np.testing.assert_array_equal(x.numpy(), array)
    check_gradient(shape, index, np.asarray(over(shape)[index]))


@settings(deadline=None)
@given(basic())
def test_basic_writing_is_numpys(case):
    shape, index = case
    expected = over(shape)
    part = np.asarray(expected[index])
    x, plain = torch.tensor(expected), torch.tensor(expected)
    leaf = torch.tensor(expected, requires_grad=True)
    value = torch.tensor(np.sin(over(part.shape)), requires_grad=True)
    recorded = leaf * 1
    recorded[index] = value
    (recorded * recorded).sum().backward()
    x[index] = 0.5
    plain[index] = value.detach()
    before = expected.copy()
    expected[index] = 0.5
    np.testing.assert_array_equal(x.numpy(), expected)
    expected[index] = value.detach().numpy()
    np.testing.assert_array_equal(plain.numpy(), expected)
    np.testing.assert_array_equal(recorded.detach().numpy(), expected)
    np.testing.assert_allclose(value.grad.numpy(), 2 * value.detach().numpy())
    before[index] = 0
    np.testing.assert_allclose(leaf.grad.numpy(), 2 * before)


@settings(deadline=None)
@given(advanced())
def test_advanced_reading_takes_the_basic_part_first(case):
    shape, index, first, second = case
    positions = over(shape)[first][second]
    x = torch.tensor(over(shape))
    found = x[ours(index)]
    np.testing.assert_array_equal(found.numpy(), positions)
    assert found.is_contiguous()
    found.fill_(-1)
    np.testing.assert_array_equal(x.numpy(), over(shape))
    check_gradient(shape, ours(index), positions)


@settings(deadline=None)
@given(advanced())
def test_advanced_writing(case):
    shape, index, first, second = case
    expected = over(shape)
    expected[first][second] = 0.5
    x = torch.tensor(over(shape))
    x[ours(index)] = 0.5
    np.testing.assert_array_equal(x.numpy(), expected)
    leaf = torch.tensor(over(shape), requires_grad=True)
    value = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    recorded = leaf * 1
    recorded[ours(index)] = value
    recorded.sum().backward()
    np.testing.assert_array_equal(recorded.detach().numpy(), expected)
    kept = np.ones(shape)
    kept[first][second] = 0
    np.testing.assert_array_equal(leaf.grad.numpy(), kept)
    assert value.grad.item() == over(shape)[first][second].size


@settings(deadline=None)
@given(advanced())
def test_adding_at_an_index_counts_repetitions(case):
    shape, index, first, second = case
    if len(second) != len(shape) or any(each is FULL for each in second):
        return
    expected = over(shape)
    np.add.at(expected, second, 1.5)
    x = torch.tensor(over(shape))
    x.index_put_(ours(second), torch.tensor(1.5, dtype=torch.float64), accumulate=True)
    np.testing.assert_array_equal(x.numpy(), expected)


@pytest.mark.parametrize("rows", [3, 40, 1500, 70_000])
@pytest.mark.parametrize("shape", [(7,), (7, 5), (5, 7, 3), (900, 100)])
def test_gradients_of_many_repetitions(rows, shape):
    """Each way of adding up, from a few values to many a row."""
    random = np.random.default_rng(0)
    dim = len(shape) - 2 if len(shape) == 3 else 0
    index = random.integers(-shape[dim], shape[dim], rows)
    x = torch.tensor(random.normal(size=shape), requires_grad=True)
    taken = x[(FULL,) * dim + (torch.tensor(index),)]
    weights = random.normal(size=taken.shape)
    (taken * torch.tensor(weights)).sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, (FULL,) * dim + (index,), weights)
    np.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_masks(seed):
    random = np.random.default_rng(seed)
    array = random.normal(size=(3, 4))
    mask = random.random((3, 4)) < 0.5
    x = torch.tensor(array, requires_grad=True)
    found = x[torch.tensor(mask)]
    np.testing.assert_array_equal(found.detach().numpy(), array[mask])
    (found * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2.0 * mask)
    row = mask[0]
    np.testing.assert_array_equal(x.detach()[:, torch.tensor(row)].numpy(), array[:, row])
    np.testing.assert_array_equal(torch.where(torch.tensor(mask), x.detach(), 0.0).numpy(), np.where(mask, array, 0))


STEPS = {
    "x[0]": "SelectBackward0",
    "x[1:]": "SliceBackward0",
    "x[:]": "SliceBackward0",
    "x[None]": "UnsqueezeBackward0",
    "x[..., 0]": "SelectBackward0",
    "x[...]": "AliasBackward0",
    "x[()]": "AliasBackward0",
    "x[:, 1:]": "SliceBackward0",
    "x[0, :]": "SelectBackward0",
    "x[[0, 1]]": "IndexBackward0",
    "x[x > 1]": "IndexBackward0",
    "x[True]": "IndexBackward0",
    "x[torch.tensor(1)]": "SelectBackward0",
    "x.narrow(0, 0, 1)": "SliceBackward0",
    "x.select(0, 1)": "SelectBackward0",
}


@pytest.mark.parametrize(("code", "name"), STEPS.items())
def test_nodes_are_named_after_the_last_step(code, name):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    assert eval(code, {"torch": torch, "x": x}).grad_fn.name() == name


ERRORS = {
    "x[3]": (IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    "x[0, 5]": (IndexError, "index 5 is out of bounds for dimension 1 with size 4"),
    "x[0, 0, 0]": (IndexError, "too many indices for tensor of dimension 2"),
    "x[::-1]": (ValueError, "step must be greater than zero"),
    "x[:, ::-2]": (ValueError, "step must be greater than zero"),
    "x[1.0]": (
        IndexError,
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got float)",
    ),
    "x[torch.tensor([3])]": (IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    "x[torch.tensor([0.0])]": (IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
    "x[torch.tensor([True, False])]": (
        IndexError,
        "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3, 4] at index 0",
    ),
    "x[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]": (
        IndexError,
        "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]",
    ),
    "x[0].__setitem__(0, torch.ones(3))": (RuntimeError, "expand(torch.FloatTensor{[3]}, size=[])"),
    "x.__setitem__(0, torch.ones(3))": (
        RuntimeError,
        "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 0.  "
        "Target sizes: [4].  Tensor sizes: [3]",
    ),
    "x.__setitem__(torch.tensor([0, 1]), torch.ones(3))": (
        RuntimeError,
        "shape mismatch: value tensor of shape [3] cannot be broadcast to indexing result of shape [2, 4]",
    ),
    "x.__setitem__(torch.tensor([0]), torch.ones(4, dtype=torch.float64))": (
        RuntimeError,
        "Index put requires the source and destination dtypes match, got Float for the destination and Double",
    ),
    "x.__setitem__(0, [1, 2, 3, 4])": (TypeError, "can't assign a list to a torch.FloatTensor"),
    "torch.tensor(1.0)[0]": (IndexError, "invalid index of a 0-dim tensor. Use `tensor.item()`"),
    "x.gather(0, torch.tensor([[9]]))": (RuntimeError, "index 9 is out of bounds for dimension 0 with size 3"),
    "x.index_select(0, torch.tensor([9]))": (IndexError, "index out of range in self"),
    "x.tril().__delitem__(0)": (TypeError, "Tensor does not support deleting items"),
}


@pytest.mark.parametrize("code", ERRORS)
def test_errors_have_pytorchs_words(code):
    kind, words = ERRORS[code]
    with pytest.raises(kind) as caught:
        eval(code, {"torch": torch, "x": torch.zeros(3, 4)})
    assert words in str(caught.value)


def test_an_index_changed_after_recording_is_noticed():
    x = torch.ones(3, requires_grad=True)
    index = torch.tensor([0, 1])
    y = x[index]
    index += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_leaf_that_requires_grad_is_not_written_to():
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        x[0] = 1
    with torch.no_grad():
        x[0] = 5
    assert x.tolist() == [5, 1, 1]


def test_second_derivatives_through_indexing_and_assignment():
    def function(x, value):
        y = x * x
        y[1:, 0] = value * x[0, 1:]
        y[torch.tensor([0, 0]), torch.tensor([0, 2])] = value[:2] ** 2
        return y[torch.tensor([0, 1, 1])] * y[[2, 1, 0]]

    x = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    value = torch.rand(3, dtype=torch.float64, requires_grad=True)
    head = lambda x, value: function(x, torch.cat([value[:2], value[2:]])[:3].narrow(0, 0, 2))
    assert torch.autograd.gradcheck(head, (x[:, :3].detach().requires_grad_(), value))
    assert torch.autograd.gradgradcheck(head, (x[:, :3].detach().requires_grad_(), value))


def test_the_shape_of_the_values_is_looked_at_before_the_indices():
    x = torch.ones(3, 4)
    for write in (
        lambda: x.index_put((torch.tensor([0, 9]),), torch.ones(2)),
        lambda: x.__setitem__(torch.tensor([0, 9]), torch.ones(2)),
        lambda: x.__setitem__([0, 9], torch.arange(2)),
    ):
        with pytest.raises(RuntimeError, match="value tensor of shape .2. cannot be broadcast to indexing result"):
            write()
    with pytest.raises(IndexError, match="index 9 is out of bounds"):
        x[torch.tensor([0, 9])] = torch.ones(4)


def test_what_index_fill_and_scatter_look_at_first():
    with pytest.raises(IndexError, match="Expected dtype int64 for index"):
        torch.tensor(1.0).index_fill(1, torch.tensor([0.0]), 2)
    assert torch.ones(0, 3).index_fill(1, torch.tensor([9]), 2).shape == (0, 3)
    with pytest.raises(IndexError, match="index 0 is out of bounds for dimension 0 with size 0"):
        torch.ones(0, 3).index_fill(0, torch.tensor([0]), 2)
    value = torch.tensor(2.0, requires_grad=True)
    torch.tensor(1.0).index_fill(0, torch.tensor([], dtype=torch.int64), value).backward()
    assert value.grad == 0
    with pytest.raises(RuntimeError, match="Expected self.dtype to be equal to src.dtype"):
        torch.ones(3).scatter(0, torch.zeros(0, dtype=torch.int64), torch.ones(3, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="reduce argument must be either add or multiply"):
        torch.ones(3).scatter(0, torch.tensor([5]), 2.0, reduce="foo")
    with pytest.raises(RuntimeError, match="The size of tensor a .4. must match the size of tensor b .3."):
        torch.ones(2, 3, dtype=torch.int64).masked_fill(torch.ones(4) > 0, -math.inf)
