"""Shapes, dimensions, joining and parting: views share memory, names and errors are PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.autograd import grad

SIZES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def count(*shape):
    return torch.tensor(np.arange(math.prod(shape), dtype=np.float64).reshape(shape))


def name(tensor):
    return tensor.grad_fn.name()


@given(SIZES, st.data())
def test_a_view_is_numpys_reshape_and_shares_memory(shape, data):
    x = count(*shape)
    target = tuple(data.draw(st.permutations(shape)))
    viewed = x.view(target)
    np.testing.assert_array_equal(viewed.numpy(), x.numpy().reshape(target))
    assert viewed._base is not None and viewed._version == x._version
    viewed.add_(1)
    np.testing.assert_array_equal(viewed.numpy(), x.numpy().reshape(target))


@given(SIZES.filter(lambda shape: 0 not in shape), st.data())
def test_one_size_may_be_left_open(shape, data):
    x = count(*shape)
    target = list(data.draw(st.permutations((*shape, 1))))
    target[data.draw(st.integers(0, len(target) - 1))] = -1
    assert x.reshape(target).shape == x.numpy().reshape(target).shape


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 5), r"shape '\[5, 5\]' is invalid for input of size 24"),
        ((-1, -1), "only one dimension can be inferred"),
        ((7, -1), r"shape '\[7, -1\]' is invalid for input of size 24"),
        ((-2, 12), r"invalid shape dimension -2 at index 0 of shape \[-2, 12\]"),
    ],
)
def test_a_shape_that_does_not_fit(shape, message):
    for method in (count(2, 3, 4).view, count(2, 3, 4).reshape):
        with pytest.raises(RuntimeError, match=message):
            method(shape)


def test_an_open_size_of_nothing_is_ambiguous():
    with pytest.raises(RuntimeError, match=r"cannot reshape tensor of 0 elements into shape \[0, -1\]"):
        torch.zeros(0, 3).reshape(0, -1)


def test_view_refuses_what_reshape_copies():
    x = count(2, 3).t().requires_grad_()
    with pytest.raises(RuntimeError, match=r"view size is not compatible .* Use \.reshape\(\.\.\.\) instead\."):
        x.view(6)
    copied = x.reshape(6)
    assert copied._base is None
    assert name(copied) == "UnsafeViewBackward0"
    assert copied.grad_fn.next_functions[0][0].name() == "CloneBackward0"
    copied.sum().backward()
    assert x.grad.shape == (3, 2)


def test_a_view_as_another_type_reads_the_same_bits():
    x = torch.tensor([1.0, -2.0])
    assert x.view(torch.int32).tolist() == [1065353216, -1073741824]
    assert x.view(torch.uint8).shape == (8,)
    with pytest.raises(RuntimeError, match=r"self.size\(-1\) must be divisible by 2 to view Float as Double"):
        torch.zeros(3).view(torch.float64)


@pytest.mark.parametrize(
    ("change", "node"),
    [
        (lambda x: x.view(6, 4), "ViewBackward0"),
        (lambda x: x.flatten(), "ViewBackward0"),
        (lambda x: x.unflatten(2, (2, -1)), "ViewBackward0"),
        (lambda x: x.transpose(0, 1), "TransposeBackward0"),
        (lambda x: x.mT, "TransposeBackward0"),
        (lambda x: x.permute(2, 0, 1), "PermuteBackward0"),
        (lambda x: x.movedim(0, -1), "PermuteBackward0"),
        (lambda x: x[0].t(), "TBackward0"),
        (lambda x: x[0].T, "PermuteBackward0"),
        (lambda x: x.squeeze(), "SqueezeBackward0"),
        (lambda x: x.squeeze(1), "SqueezeBackward1"),
        (lambda x: x.squeeze((0, 1)), "SqueezeBackward2"),
        (lambda x: x.unsqueeze(0), "UnsqueezeBackward0"),
        (lambda x: x.expand(2, 2, 3, 4), "ExpandBackward0"),
        (lambda x: x.repeat(2, 1, 1), "RepeatBackward0"),
        (lambda x: torch.cat([x, x]), "CatBackward0"),
        (lambda x: torch.stack([x, x]), "StackBackward0"),
        (lambda x: x.split(1)[0], "SplitBackward0"),
        (lambda x: x.split([1, 1])[1], "SplitWithSizesBackward0"),
        (lambda x: x.chunk(2)[1], "SplitBackward0"),
        (lambda x: x.unbind(1)[2], "UnbindBackward0"),
        (lambda x: x.clone().unsqueeze_(0), "UnsqueezeBackward1"),
        (lambda x: x.clone().squeeze_(0), "SqueezeBackward4"),
    ],
)
def test_nodes_have_pytorchs_names(change, node):
    assert name(change(count(2, 3, 4).requires_grad_())) == node


@given(SIZES, st.data())
def test_permuted_dimensions(shape, data):
    order = data.draw(st.permutations(range(len(shape))))
    x = count(*shape)
    np.testing.assert_array_equal(x.permute(order).numpy(), x.numpy().transpose(order))
    assert torch.permute(x, tuple(order))._base is x


@given(SIZES, st.integers(-5, 5), st.integers(-5, 5))
def test_transposed_dimensions(shape, first, second):
    bound = len(shape) or 1
    x = count(*shape)
    if -bound <= first < bound and -bound <= second < bound:
        expected = x.numpy().swapaxes(first, second) if shape else x.numpy()
        np.testing.assert_array_equal(x.transpose(first, second).numpy(), expected)
    else:
        with pytest.raises(IndexError, match=rf"Dimension out of range \(expected to be in range of \[-{bound}"):
            x.transpose(first, second)


@given(SIZES)
def test_expanding_is_numpys_broadcasting(shape):
    ones = tuple(1 if number % 2 else size for number, size in enumerate(shape))
    x = count(*ones)
    wide = x.expand(2, *shape)
    np.testing.assert_array_equal(wide.numpy(), np.broadcast_to(x.numpy(), (2, *shape)))
    assert wide._base is x


def test_an_expanded_tensor_is_not_written_as_a_whole():
    wide = torch.zeros(1, 3).expand(2, 3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory"):
        wide.add_(1)
    wide[0, 1] = 5
    assert wide.tolist() == [[0, 5, 0], [0, 5, 0]]


def test_a_size_that_does_not_expand():
    with pytest.raises(RuntimeError, match=r"The expanded size of the tensor \(3\) must match the existing size \(2\)"):
        torch.zeros(2, 3).expand(3, 3)


def test_an_in_place_view_changes_the_tensor_itself():
    x = count(2, 3)
    assert x.t_() is x
    assert x.shape == (3, 2) and x.stride() == (1, 3) and x._version == 1
    leaf = torch.zeros(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        leaf.t_()
    part = leaf[0]
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        part.unsqueeze_(0)


def test_a_write_through_views_reaches_the_gradient_of_the_base():
    w = torch.ones(2, 3, requires_grad=True)
    base = w * 1
    base.transpose(0, 1).reshape(3, 2).view(3, 1, 2).squeeze(1)[1].mul_(10)
    assert base.tolist() == [[1, 10, 1], [1, 10, 1]]
    base.sum().backward()
    assert w.grad.tolist() == [[1, 10, 1], [1, 10, 1]]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 1))
def test_joined_tensors_part_again(sizes, dim):
    shapes = [(size, 2) if dim == 0 else (2, size) for size in sizes]
    parts = [count(*shape) for shape in shapes]
    joined = torch.cat(parts, dim)
    np.testing.assert_array_equal(joined.numpy(), np.concatenate([each.numpy() for each in parts], dim))
    for part, again in zip(parts, joined.split(sizes, dim), strict=True):
        assert part.equal(again) and again._base is joined


@given(st.integers(0, 9), st.integers(1, 10))
def test_chunks_are_of_one_size_but_the_last(size, chunks):
    parts = torch.arange(size).chunk(chunks)
    assert torch.cat(parts).tolist() == list(range(size))
    assert len(parts) <= chunks
    assert len({len(each) for each in parts[:-1]}) <= 1


@given(st.integers(0, 9), st.integers(1, 10))
def test_tensor_split_is_numpys(size, sections):
    ours = torch.arange(size).tensor_split(sections)
    assert [each.tolist() for each in ours] == [each.tolist() for each in np.array_split(np.arange(size), sections)]


def test_cat_promotes_types_and_passes_over_the_empty():
    joined = torch.cat([torch.zeros(0), torch.tensor([[1, 2]])])
    assert joined.dtype is torch.float32 and joined.shape == (1, 2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: torch.cat([]), ValueError, "expected a non-empty list of Tensors"),
        (lambda: torch.cat([torch.zeros(())] * 2), RuntimeError, r"zero-dimensional tensor \(at position 0\)"),
        (
            lambda: torch.cat([torch.zeros(2, 3), torch.zeros(2, 1)]),
            RuntimeError,
            r"Sizes of tensors must match except in dimension 0\. Expected size 3 but got size 1 for tensor number 1",
        ),
        (
            lambda: torch.cat([torch.zeros(2, 3), torch.zeros(3)]),
            RuntimeError,
            "Tensors must have same number of dimensions: got 2 and 1",
        ),
        (
            lambda: torch.stack([torch.zeros(2), torch.zeros(3)]),
            RuntimeError,
            r"stack expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1",
        ),
        (
            lambda: torch.zeros(3).split([1, 1]),
            RuntimeError,
            "split_with_sizes expects split_sizes to sum exactly to 3",
        ),
        (lambda: torch.zeros(3).chunk(0), RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0"),
        (lambda: torch.zeros(()).unbind(), IndexError, "Dimension specified as 0 but tensor has no dimensions"),
        (lambda: torch.zeros(2).permute(0, 0), RuntimeError, "number of dimensions in the tensor input does not match"),
        (lambda: torch.zeros(2, 2).permute(0, 0), RuntimeError, "duplicate dims are not allowed"),
        (
            lambda: torch.zeros(2, 2, 2).t(),
            RuntimeError,
            r"t\(\) expects a tensor with <= 2 dimensions, but self is 3D",
        ),
        (lambda: torch.zeros(2).reshape("a"), TypeError, "argument 'shape' must be tuple of ints"),
        (lambda: torch.zeros(2).transpose(0.0, 0), TypeError, r"argument 'dim0' \(position 2\) must be int, not float"),
    ],
)
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_meshgrid_warns_without_its_indexing():
    with pytest.warns(UserWarning, match="it will be required to pass the indexing argument"):
        torch.meshgrid(torch.arange(2), torch.arange(3))
    columns, rows = torch.meshgrid(torch.arange(2), torch.arange(3), indexing="xy")
    assert columns.tolist() == [[0, 1]] * 3 and rows.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("repeats", [2, torch.tensor([0, 3])])
def test_repeat_interleave(repeats):
    x = count(2, 3).requires_grad_()
    y = x.repeat_interleave(repeats, 0)
    counts = repeats if isinstance(repeats, int) else repeats.numpy()
    np.testing.assert_array_equal(y.detach().numpy(), np.repeat(x.detach().numpy(), counts, 0))
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(np.reshape(counts, (-1, 1)), (2, 3)))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.reshape(x, (3, 2)),
        lambda x: np.transpose(x),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.moveaxis(x, 0, 1),
        lambda x: np.expand_dims(x, (0, 2)),
        lambda x: np.squeeze(x),
        lambda x: np.broadcast_to(x, (2, 2, 3)),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.concatenate([x, x], axis=None),
        lambda x: np.stack([x, x], axis=-1),
        lambda x: np.concatenate(np.split(x, 3, axis=1)),
        lambda x: np.repeat(x, [1, 0, 2], axis=1),
        lambda x: np.tile(x, (2, 1, 2)),
        lambda x: np.ravel(x),
        lambda x: np.vstack([x, x]),
        lambda x: np.trace(x),
    ],
)
def test_numpys_functions_are_recorded(function):
    x = count(2, 3).requires_grad_()
    result = function(x)
    np.testing.assert_array_equal(result.detach().numpy(), function(x.detach().numpy()))
    (gradient,) = grad(result.sum(), x, create_graph=True)
    assert gradient.shape == x.shape


def test_a_shape_read_before_does_not_let_a_bool_pass():
    x = torch.ones(2, 3)
    assert x.view(1, -1).shape == x.reshape(1, -1).shape == x.view((1, -1)).shape == (1, 6)
    assert x.flatten(0, 1).shape == (6,) and x.permute(1, 0).shape == x.movedim(1, 0).shape == (3, 2)
    for refused in (
        lambda: x.view(True, -1),
        lambda: x.reshape(True, -1),
        lambda: x.view((True, -1)),
        lambda: x.reshape([True, -1]),
        lambda: x.flatten(False, True),
        lambda: x.permute(True, False),
        lambda: x.movedim(True, False),
        lambda: x.expand(True, 2, 3),
    ):
        with pytest.raises(TypeError):
            refused()
