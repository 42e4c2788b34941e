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
    np.testing.assert_array_equal(a._array, b._array)
    assert (a.requires_grad, a._is_view(), a.output_nr) == (b.requires_grad, b._is_view(), b.output_nr)
    if not a.requires_grad:
        return
    one, other = a.grad_fn, b.grad_fn
    assert type(one) is type(other)
    assert (one.shape, one.dtype, one.outputs) == (other.shape, other.dtype, other.outputs)
    assert len(one.edges) == len(other.edges) and all(x is y for x, y in zip(one.edges, other.edges, strict=True))
    assert [each is None for each in one.saved] == [each is None for each in other.saved]
    assert one.guards[1::3] == other.guards[1::3] and one.guards[2::3] == other.guards[2::3]
    gradient = np.ones_like(a._array)
    for x, y in zip(one.backward(gradient, None, False), other.backward(gradient, None, False), strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_array_equal(x, y)


def test_the_text_can_be_read():
    text = straight.source(registry["exp"])
    assert text.startswith("def call(input):\n    recording = mode.recording\n")
    assert "loop" not in text and "for " not in text


def test_names_that_the_text_uses_itself_are_no_trouble():
    clash = operation(lambda input, mode: input * mode, name="test_clash", input=lambda g, mode: g * mode)
    assert not straight.is_plain(clash)
    x = torch.ones(2, requires_grad=True)
    clash(x, 3.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


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
