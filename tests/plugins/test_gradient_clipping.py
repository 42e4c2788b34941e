"""Gradient clipping: what the optimizer uses is within bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework import nn, optim
from framework.extend import UserError, hookimpl
from framework.training.trainer import Trainer
from framework_plugins.gradient_clipping import ClipNorm, ClipValue, make_plugins
from tests.tiny import tiny


class Noted:
    """The gradients as they come, and as the optimizer is given them."""

    def __init__(self):
        self.before, self.after = [], []

    @hookimpl
    def after_backward(self, trainer):
        self.before.append(_gradients(trainer))

    @hookimpl(trylast=True)
    def before_step(self, trainer):
        self.after.append(_gradients(trainer))


def _gradients(trainer):
    return np.concatenate([each.grad.numpy().ravel() for each in trainer.model.parameters()])


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("norm_type", [2, 1, 3.5, math.inf])
def test_by_norm(compile, norm_type):
    noted = Noted()  # given last: it sees what comes out
    Trainer(tiny(epochs=4), plugins=[ClipNorm(0.3, norm_type), noted], compile=compile).fit()
    assert len(noted.after) == 8
    clipped = 0
    for before, after in zip(noted.before, noted.after, strict=True):
        norm = np.linalg.norm(before, norm_type)
        clipped += norm > 0.3
        np.testing.assert_allclose(after, before * min(1, 0.3 / (norm + 1e-6)), rtol=1e-5)
    assert clipped


def test_by_value():
    noted = Noted()
    Trainer(tiny(), plugins=[ClipValue(0.5), noted]).fit()
    for before, after in zip(noted.before, noted.after, strict=True):
        assert (after == np.clip(before, -0.5, 0.5)).all()
    assert (np.abs(noted.before[0]) > 0.5).any()


def test_only_what_the_optimizer_updates_is_clipped():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))

    class Check:
        @hookimpl(trylast=True)
        def before_step(self, trainer):
            assert all(abs(each.grad.item()) <= 0.001 for each in model[0].parameters())
            self.other = [abs(each.grad.item()) for each in model[1].parameters()]

    recipe = tiny(model=model, optimizer=optim.SGD(model[0].parameters(), lr=0.1))
    check = Check()
    Trainer(recipe, plugins=[ClipNorm(0.001), check]).fit()
    assert max(check.other) > 0.001


@pytest.mark.parametrize("bound", [0, -1.0, math.nan, math.inf, "1", None, True])
def test_wrong_bounds(bound):
    with pytest.raises(UserError, match="clipped to a norm above 0, such as --clip-norm 1.0, not"):
        ClipNorm(bound)
    with pytest.raises(UserError, match="clipped to a value above 0, such as --clip-value 1.0, not"):
        ClipValue(bound)


def test_wrong_kind_of_norm():
    with pytest.raises(UserError, match="norm_type must be a number above 0"):
        ClipNorm(1.0, 0)


@pytest.mark.parametrize("plugin", [ClipNorm(1.0), ClipValue(1.0)])
def test_what_cannot_be_clipped_is_refused(plugin):
    recipe = tiny(model=(model := nn.Linear(1, 1)), optimizer=optim.LBFGS(model.parameters()))
    with pytest.raises(UserError, match="LBFGS evaluates the loss several times a step"):
        Trainer(recipe, plugins=[plugin]).fit()
    recipe = tiny(optimizer=None, loss=None, step=lambda model, batch: (model(batch[0]) - batch[1]).square().mean())
    with pytest.raises(UserError, match="step updates the model itself"):
        Trainer(recipe, plugins=[plugin]).fit()


def test_the_options():
    assert make_plugins({"clip_norm": None, "clip_value": None}) is None
    assert make_plugins({"clip_norm": 2.0, "clip_value": None}).norm == 2.0
    assert make_plugins({"clip_norm": None, "clip_value": 0.5}).value == 0.5
    with pytest.raises(UserError, match="--clip-norm or --clip-value, not both"):
        make_plugins({"clip_norm": 1.0, "clip_value": 0.5})
