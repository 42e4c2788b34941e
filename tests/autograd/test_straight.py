"""The calls that are written out do what the general call does."""

import numpy as np
import pytest

import framework as torch
from framework.autograd import straight
from framework.autograd.calls import general
from framework.autograd.operation import operation, registry
from framework.testing.operations import as_tensors
from tests.operations.table import ROWS

PLAIN = [
    pytest.param(registry[row.name], call, id=f"{row.name}-{number}")
    for row in ROWS
    for number, call in enumerate(row.calls())
    if straight.is_plain(registry[row.name])
]


@pytest.mark.parametrize(("row", "arguments"), PLAIN)
def test_written_out_equals_general(row, arguments):
    tensors = as_tensors(row, arguments)
    state = torch.get_rng_state()
    a = general(row)(*tensors)
    torch.set_rng_state(state)
    b = row.function(*tensors)
    if not isinstance(a, tuple):
        a, b = (a,), (b,)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one._array, other._array)
        assert (one.requires_grad, one._is_view(), one.output_nr) == (
            other.requires_grad,
            other._is_view(),
            other.output_nr,
        )
        if one._is_view():
            assert [getattr(one._view, each) for each in SAME] == [getattr(other._view, each) for each in SAME]
    if a and a[0].requires_grad:
        _nodes_equal(a, b)


# What two views of the same tensor, made in the same way, have in common.
SAME = ("operation", "output", "origin", "version")


def _nodes_equal(a, b):
    one, other = a[0].grad_fn, b[0].grad_fn
    assert type(one) is type(other)
    assert (one.shape, one.dtype, one.outputs) == (other.shape, other.dtype, other.outputs)
    assert len(one.edges) == len(other.edges) and all(x is y for x, y in zip(one.edges, other.edges, strict=True))
    assert [each is None for each in one.saved] == [each is None for each in other.saved]
    assert one.guards[1::3] == other.guards[1::3] and one.guards[2::3] == other.guards[2::3]
    gradient = np.ones_like(a[0]._array) if one.outputs is None else [np.ones_like(each._array) for each in a]
    for x, y in zip(one.backward(gradient, None, False), other.backward(gradient, None, False), strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_array_equal(x, y)


def test_the_text_can_be_read():
    text = straight.source(registry["exp"])
    assert text.startswith("def call(input):\n    now = mode.__dict__\n    recording = now['recording']\n")
    assert "loop" not in text and "for " not in text


@pytest.mark.parametrize(
    "clash",
    [
        operation(lambda input, mode: input * mode, name="test_clash", input=lambda g, mode: g * mode),
        operation(lambda input, x0: input * x0, name="test_clash_x0", input=lambda g, x0: g * x0),
        operation(lambda x1, x0: x1 * x0, name="test_clash_both", x1=lambda g, x0: g * x0),
    ],
)
def test_names_that_the_text_uses_itself_are_no_trouble(clash):
    assert straight.is_plain(clash)
    x = torch.ones(2, requires_grad=True)
    clash(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    first, second = clash.parameters
    assert clash(**{first: x, second: 2.0}).tolist() == [2.0, 2.0]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        clash(x, other=2.0)


def test_versions_are_checked_in_one_order():
    scaled = operation(
        lambda scale, input: input * scale,
        name="test_order",
        scale=lambda g, input: np.add.reduce(g * input),
        input=lambda g, scale, out: g * scale * (out == out),
    )
    assert straight.is_plain(scaled)
    x, scale = torch.ones(2, requires_grad=True), torch.tensor(2.0)
    one, other = (call(scale, x).grad_fn for call in (general(scaled), scaled.function))
    assert one.guards[2::3] == other.guards[2::3]


def test_other_outputs_that_formulas_keep_are_watched():
    split = operation(
        lambda input: (input * 2, input > 0),
        name="test_outputs",
        outputs=2,
        residuals=("mask",),
        input=lambda g, mask: g * mask,
    )
    assert straight.is_plain(split)
    x = torch.ones(2, requires_grad=True)
    doubled, mask = split(x)
    mask.fill_(False)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        doubled.sum().backward()


def test_keywords_and_defaults():
    scaled = operation(
        lambda input, factor=2.0: input * factor, name="test_default", input=lambda g, factor: g * factor
    )
    x = torch.ones(2, requires_grad=True)
    assert scaled(x).tolist() == [2.0, 2.0]
    assert scaled(input=x, factor=3.0).tolist() == [3.0, 3.0]
    assert scaled(np.ones(2), factor=3.0).tolist() == [3.0, 3.0]
    with pytest.raises(TypeError, match="unexpected keyword argument 'facotr'"):
        scaled(x, facotr=1)
