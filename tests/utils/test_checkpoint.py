"""Checkpoints keep nothing between forward and backward, and nest."""

import weakref

import pytest

import framework as torch
from framework.utils.checkpoint import checkpoint


@pytest.fixture
def x():
    return torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_intermediate_arrays_are_freed(x, use_reentrant):
    kept = []

    def part(x):
        middle = x.exp()
        kept.append(weakref.ref(middle._array))
        return middle * middle

    y = checkpoint(part, x, use_reentrant=use_reentrant)
    assert kept[0]() is None
    y.sum().backward()
    assert torch.allclose(x.grad, 2 * (2 * x.detach()).exp())
    assert all(each() is None for each in kept) and len(kept) == 2


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad=True")  # as inside of a reentrant one
@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("outer", [True, False])
def test_nested_checkpoints(x, outer, inner):
    def part(x):
        return checkpoint(lambda y: y.sin() * y, x.exp(), use_reentrant=inner) + x

    checkpoint(part, x, use_reentrant=outer).sum().backward()
    z = x.detach().clone().requires_grad_()
    (z.exp().sin() * z.exp() + z).sum().backward()
    assert torch.allclose(x.grad, z.grad)


def test_second_derivatives_and_a_second_backward(x):
    y = checkpoint(lambda x: x**3, x, use_reentrant=False)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == (6 * x.detach()).tolist()


def test_contexts_of_both_runs(x):
    entered = []

    class Context:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            entered.append(self.name)

        def __exit__(self, *exception):
            pass

    y = checkpoint(torch.exp, x, use_reentrant=False, context_fn=lambda: (Context("first"), Context("second")))
    y.sum().backward()
    assert entered == ["first", "second"]


def test_an_exception_in_the_function_comes_through(x):
    def part(x):
        raise KeyError("mine")

    for use_reentrant in (True, False):
        with pytest.raises(KeyError, match="mine"):
            checkpoint(part, x, use_reentrant=use_reentrant)
    # The hooks are gone.
    (x * x).sum().backward()
    assert x.grad.tolist() == (2 * x.detach()).tolist()
