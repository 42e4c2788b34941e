"""Lion: its formula, step by step, and training with it by name."""

from __future__ import annotations

import numpy as np
import pytest

import framework as torch
from framework.errors import UserError
from framework_plugins.lion import Lion


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_its_formula(weight_decay):
    start = np.random.default_rng(0).normal(size=(3, 4))
    parameter = torch.nn.Parameter(torch.tensor(start))
    optimizer = Lion([parameter], lr=0.01, weight_decay=weight_decay)
    expected, momentum = start.copy(), np.zeros_like(start)
    for _ in range(20):
        optimizer.zero_grad()
        (parameter**2).sum().backward()
        gradient = 2 * expected
        expected *= 1 - 0.01 * weight_decay
        expected -= 0.01 * np.sign(0.9 * momentum + 0.1 * gradient)
        momentum = 0.99 * momentum + 0.01 * gradient
        optimizer.step()
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-12)


def test_what_it_refuses():
    parameter = torch.nn.Parameter(torch.ones(1))
    for wrong in ({"lr": -1}, {"betas": (0.9, 1.0)}, {"weight_decay": -0.1}):
        with pytest.raises(UserError, match="Lion takes"):
            Lion([parameter], **wrong)


def test_training_by_its_name(tiny_run, assert_exact_resume):
    how = {"optimizer": "lion", "hyperparameters": {"lr": 0.02}}
    losses = tiny_run(**how).history["train/loss"]
    assert losses[-1] < losses[0]
    assert losses == tiny_run(compile=False, **how).history["train/loss"]
    assert_exact_resume(**how)
