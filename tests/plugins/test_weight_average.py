"""The moving average of the weights: what it is, what is measured with it, and that training does not see it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framework import nn, no_grad, optim
from framework.extend import UserError, hookimpl
from framework.optim.swa_utils import AveragedModel, get_ema_avg_fn
from framework.training.trainer import Trainer
from framework_plugins.weight_average import AverageWeights, make_plugins
from tests.tiny import tiny


def arrays(model):
    return [each.detach().numpy().copy() for each in (*model.parameters(), *model.buffers())]


def same(one, other):
    return all((left == right).all() for left, right in zip(one, other, strict=True))


class Averaged:
    """What `AveragedModel` makes of the same updates, and what is measured and trained with."""

    def __init__(self, model, decay):
        self.model = AveragedModel(model, avg_fn=get_ema_avg_fn(decay))
        self.measured, self.trained = [], []

    @hookimpl
    def after_step(self, trainer):
        self.model.update_parameters(trainer.model)
        self.trained.append(arrays(trainer.model))

    @hookimpl(wrapper=True)
    def validate(self, trainer):
        self.measured.append((arrays(trainer.model), arrays(self.model.module)))
        return (yield)


def network():
    return nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


@pytest.mark.parametrize("compile", [True, False])
def test_it_is_that_of_an_averaged_model(compile):
    model = network()
    averaged = Averaged(model, 0.9)
    trainer = Trainer(tiny(model=model, epochs=3), plugins=[AverageWeights(0.9), averaged], compile=compile)
    trainer.fit()
    assert len(averaged.measured) == 3 and all(same(one, other) for one, other in averaged.measured)
    assert same(arrays(trainer.model), averaged.measured[-1][0])


def test_the_arrays_stay_the_same():
    model = nn.Linear(1, 1)
    places = [each.data_ptr() for each in model.parameters()]
    Trainer(tiny(model=model), plugins=[AverageWeights(0.9)], compile=False).fit()
    assert places == [each.data_ptr() for each in model.parameters()]


def test_training_is_as_without():
    def trained(plugins):
        model = network()
        with no_grad():
            for number, each in enumerate(model.parameters()):
                each.fill_(0.1 * number)
        noted = Averaged(model, 0.9)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        Trainer(tiny(model=model, optimizer=optimizer, epochs=3), plugins=[noted, *plugins]).fit()
        return noted.trained

    assert all(same(one, other) for one, other in zip(trained([]), trained([AverageWeights(0.5)]), strict=True))


def test_with_a_warm_up_the_decay_grows():
    model = nn.Linear(1, 1)
    noted = Averaged(model, 0.9)
    average = AverageWeights(0.3, warmup=True)
    Trainer(tiny(model=model, epochs=3), plugins=[average, noted]).fit()
    expected = [each.astype(float) for each in noted.trained[0]]
    for number, weights in enumerate(noted.trained[1:], 1):
        decay = min(0.3, (1 + number) / (10 + number))
        expected = [decay * mean + (1 - decay) * each for mean, each in zip(expected, weights, strict=True)]
    for mean, each in zip(expected, arrays(model), strict=True):
        np.testing.assert_allclose(each, mean, rtol=1e-5)
    assert average.averaged == 6


def test_the_weights_are_put_back_where_validation_fails():
    class Fail:
        @hookimpl(trylast=True, wrapper=True)
        def validate(self, trainer):
            self.measured = arrays(trainer.model)
            raise UserError("no")
            yield

    model, fail = nn.Linear(1, 1), Fail()
    noted = Averaged(model, 0.9)
    with pytest.raises(UserError, match="no"):
        Trainer(tiny(model=model), plugins=[AverageWeights(0.9), fail, noted]).fit()
    assert same(arrays(model), noted.trained[-1]) and not same(arrays(model), fail.measured)


@pytest.mark.parametrize("decay", [0, 1, 1.5, -0.1, math.nan, "0.9", True])
def test_wrong_decays(decay):
    with pytest.raises(UserError, match="decay of an average lies between 0 and 1, such as --ema 0.999"):
        AverageWeights(decay)


def test_the_options():
    assert make_plugins({"ema": None, "ema_warmup": None}) is None
    made = make_plugins({"ema": 0.99, "ema_warmup": True})
    assert (made.decay, made.warmup) == (0.99, True)
    with pytest.raises(UserError, match="--ema-warmup belongs to --ema DECAY"):
        make_plugins({"ema": None, "ema_warmup": True})
