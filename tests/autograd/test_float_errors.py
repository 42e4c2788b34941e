"""NumPy's floating-point warnings are silenced inside operations and nowhere else."""

from __future__ import annotations

from contextvars import ContextVar

import numpy as np
import pytest

import framework as torch
from framework.autograd import operation
from framework.autograd.float_errors import quietly
from framework.autograd.grad_mode import mode

setting = ContextVar("setting", default="unset")


def reads_a_context_variable(input):
    return np.full_like(input, 1.0 if setting.get() == "set" else 0.0)


def runs_an_operation(input):
    # As a finalizer or a signal handler might, in the midst of another operation.
    return input + torch.zeros(1).log().exp()._array


def test_the_errors_of_the_caller_stay_errors():
    with np.errstate(divide="raise"):
        assert torch.zeros(1).log().item() == -np.inf
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(1))


def test_a_plugins_function_sees_the_callers_context_variables():
    row = operation(reads_a_context_variable, name="reads_a_context_variable", promote=None)
    token = setting.set("set")
    try:
        assert row(torch.zeros(1)).item() == 1
    finally:
        setting.reset(token)


def test_an_operation_may_run_inside_another():
    row = operation(runs_an_operation, name="runs_an_operation", promote=None)
    assert row(torch.ones(1)).item() == 1
    assert mode.run(lambda: torch.zeros(1).log().exp().item()) == 0
    assert mode.run(lambda: (torch.ones(1) * 2.0).item()) == 2


def test_quietly_puts_the_state_back_after_an_exception():
    with pytest.raises(ZeroDivisionError):
        quietly(lambda: 1 // 0)
    with pytest.warns(RuntimeWarning):
        np.log(np.zeros(1))


def test_hooks_run_while_backward_is_silent():
    x = torch.zeros(1, requires_grad=True)
    x.register_hook(lambda gradient: gradient / 0)
    (x * 2).sum().backward()
    assert x.grad.item() == np.inf
