"""Ctrl-C in the midst of a step waits for its end, compiled or not."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.autograd import operation
from framework.training.trainer import Trainer
from tests.tiny import tiny

calls = 0


def _forward(input):
    global calls
    calls += 1
    if calls == 3:
        signal.raise_signal(signal.SIGINT)
    return np.array(input.tolist(), input.dtype)  # kept whole by the compiler


interrupting = operation(_forward, name="interrupting", input=lambda g: g * 1)


class Interrupting(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return interrupting(self.linear(x))


def trained(**options):
    global calls
    calls = 0
    framework.manual_seed(0)
    model = Interrupting()
    recipe = tiny(model=model, optimizer=optim.SGD(model.parameters(), lr=0.1, momentum=0.9), validate=None, epochs=9)
    return Trainer(recipe, **options), model


@pytest.mark.parametrize("compiled", [True, False])
def test_an_interrupt_waits_for_the_update(compiled):
    trainer, model = trained(compile=compiled)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit()
    steps = trainer.step
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    reference, same = trained(compile=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with reference._interrupts.on():
            batches = [batch for _ in range(9) for batch in reference.parts.train][:steps]
            for batch in batches:
                reference.written.train(batch)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert steps in (2, 3)
    for one, other in zip(model.parameters(), same.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


def test_a_second_interrupt_does_not_wait():
    interrupts = trained()[0]._interrupts
    with interrupts.on():
        interrupts.step_starts()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_one_that_waited_is_raised_at_the_end_of_the_step():
    interrupts = trained()[0]._interrupts
    with interrupts.on():
        interrupts.step_starts()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.step_ends()
        interrupts.step_starts()
        interrupts.step_ends()


def test_between_steps_it_is_raised_at_once():
    interrupts = trained()[0]._interrupts
    with interrupts.on(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_another_handler_and_other_threads_are_left_alone():
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with trained()[0]._interrupts.on():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
    thread = threading.Thread(target=Trainer(tiny()).fit)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
