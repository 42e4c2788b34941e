"""What a plugin author imports, and nothing less: the names are a promise."""

from __future__ import annotations

import framework.extend as extend
from framework import nn, optim
from framework.training.trainer import Trainer
from tests.plugin import promise
from tests.tiny import tiny


def test_the_names_and_signatures():
    """When this fails, plugins of other people may, too. Where it is meant: python -m tests.plugin.promise"""
    assert promise.FILE.read_text("utf-8").splitlines() == promise.text().splitlines()
    assert extend.__all__ == sorted(extend.__all__)


def test_which_optimizers_take_a_closure():
    model = nn.Linear(1, 1)
    for kind, closure in ((optim.SGD, False), (optim.Adam, False), (optim.LBFGS, True)):
        optimizer = kind(model.parameters(), lr=0.1)
        assert extend.takes_closure(optimizer) is closure
        optim.lr_scheduler.StepLR(optimizer, 2)
        assert extend.takes_closure(optimizer) is closure
    assert not extend.takes_closure(None)


def test_the_parameters_that_are_updated():
    model = nn.Linear(1, 1)
    optimizer = optim.SGD([{"params": [model.bias]}, {"params": [model.weight]}], lr=0.1)
    updated = extend.updated_parameters(Trainer(tiny(model=model, optimizer=optimizer)))
    assert [each is other for each, other in zip(updated, [model.bias, model.weight], strict=True)] == [True, True]

    class Own:
        def step(self): ...
        def zero_grad(self): ...

    updated = extend.updated_parameters(Trainer(tiny(model=model, optimizer=Own())))
    assert [each is other for each, other in zip(updated, model.parameters(), strict=True)] == [True, True]
