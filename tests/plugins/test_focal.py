"""The focal loss: its formula, its extremes, and training with it by name."""

from __future__ import annotations

import numpy as np
import pytest

import framework as torch
from framework.errors import UserError
from framework_plugins.focal import FocalLoss, focal_loss

X = np.array([[0.5, -1.5, 3.0], [-0.2, 2.5, -4.0]])
HARD = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
SOFT = np.array([[0.9, 0.2, 0.5], [0.0, 1.0, 0.3]])


@pytest.mark.parametrize("target", [HARD, SOFT])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_its_formula_and_derivatives(check_operation, target, gamma):
    p = 1 / (1 + np.exp(-X))
    entropy = -(target * np.log(p) + (1 - target) * np.log(1 - p))
    expected = (1 - (p * target + (1 - p) * (1 - target))) ** gamma * entropy
    np.testing.assert_allclose(focal_loss(X, target, gamma), expected)
    check_operation(focal_loss, X, target, gamma)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_the_model_is_sure(dtype):
    x = torch.tensor([-200.0, -100, -20, 0, 20, 100, 200], dtype=dtype, requires_grad=True)
    for label in (0.0, 1.0):
        for gamma in (0.0, 0.5, 2.0):
            loss = focal_loss(x, torch.full_like(x.detach(), label), gamma)
            (slope,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
            (bend,) = torch.autograd.grad(slope.sum(), x)
            assert slope.dtype == dtype and slope.isfinite().all() and bend.isfinite().all()
            right, wrong = slope[-1 if label else 0].item(), slope[0 if label else -1].item()
            assert right == pytest.approx(0, abs=1e-12) and abs(wrong) == pytest.approx(1, abs=1e-6)


def test_the_loss():
    x, target = torch.tensor(X), torch.tensor(HARD)
    each = FocalLoss(reduction="none")(x, target)
    weights = torch.where(target == 1, 0.25, 0.75)
    assert torch.allclose(each, weights * focal_loss(x, target, 2.0))
    assert FocalLoss()(x, target) == each.mean() and FocalLoss(reduction="sum")(x, target) == each.sum()
    assert torch.equal(FocalLoss(-1, reduction="none")(x, target), focal_loss(x, target, 2.0))
    target.requires_grad_()
    FocalLoss(reduction="sum")(x, target).backward()
    up, down = (FocalLoss(reduction="none")(x, target.detach() + step) for step in (1e-6, -1e-6))
    assert torch.allclose(target.grad, (up - down) / 2e-6, atol=1e-6)
    with pytest.raises(UserError, match=r"of shape \(2, 3\) do not fit targets of shape \(6,\)"):
        FocalLoss()(x, target.reshape(-1))
    with pytest.raises(UserError, match="gamma=-1"):
        FocalLoss(gamma=-1)


def test_training_by_its_name(tiny_run):
    how = {"loss": "focal", "hyperparameters": {"gamma": 1.5}}
    losses = tiny_run(**how).history["train/loss"]
    assert losses[-1] < losses[0]
    assert losses == tiny_run(compile=False, **how).history["train/loss"]
