"""`register_full_backward_hook`: what the hooks see, and what they may change."""

from __future__ import annotations

import pytest

import framework as torch


class Twice(torch.nn.Module):
    def forward(self, a, b=None):
        return a * 2, a * 3, 5


def test_a_hook_sees_the_gradients_of_inputs_and_outputs():
    log = []
    linear = torch.nn.Linear(2, 2)
    handle = linear.register_full_backward_hook(lambda *seen: log.append(seen))
    x = torch.ones(1, 2, requires_grad=True)
    (linear(x) * 2).sum().backward()
    [(module, (grad_input,), (grad_output,))] = log
    assert module is linear
    assert grad_input.tolist() == x.grad.tolist()
    assert grad_output.tolist() == [[2, 2]]
    handle.remove()
    linear(x).sum().backward()
    assert len(log) == 1


def test_outputs_that_nothing_used_and_arguments_that_are_no_tensors_have_none():
    log = []
    module = Twice()
    module.register_full_backward_hook(lambda module, *gradients: log.append(gradients))
    first, _, five = module(torch.ones(2, requires_grad=True), "b")
    first.sum().backward()
    assert five == 5
    [((grad_input, none), (grad_output, *others))] = log
    assert grad_input.tolist() == [2, 2] and none is None
    assert grad_output.tolist() == [1, 1] and others == [None, None]


def test_what_a_hook_returns_takes_the_place_of_the_gradients_of_the_inputs():
    module = torch.nn.ReLU()
    module.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 10,))
    x = torch.ones(2, requires_grad=True)
    module(x).sum().backward()
    assert x.grad.tolist() == [10, 10]
    module.register_full_backward_hook(lambda module, grad_input, grad_output: grad_input * 2)
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        module(x).sum().backward()


def test_a_hook_runs_where_no_input_requires_grad():
    log = []
    linear = torch.nn.Linear(2, 1)
    linear.register_full_backward_hook(lambda module, *gradients: log.append(gradients))
    with pytest.warns(UserWarning, match="since no inputs require gradients"):
        linear(torch.ones(1, 2)).sum().backward()
    assert linear.weight.grad.tolist() == [[1, 1]]
    assert [(inputs, outputs[0].tolist()) for inputs, outputs in log] == [((None,), [[1]])]
    with torch.no_grad():
        linear(torch.ones(1, 2))
    assert len(log) == 1
