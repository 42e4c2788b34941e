"""Ctrl-C in the midst of a step waits for its end, compiled or not, and is raised once a checkpoint is written."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.autograd import operation
from framework.extend import hookimpl
from framework.training.checkpoints.files import checkpoints
from framework.training.interrupts import Aborted, Interrupted, Interrupts
from framework.training.run import Run
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
    with pytest.raises(Interrupted) as caught:
        trainer.fit()
    assert (caught.value.signal, str(caught.value)) == (signal.SIGINT, "Ctrl-C")
    assert isinstance(caught.value, KeyboardInterrupt) and trainer.history.status == "interrupted"
    steps = trainer.step
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    reference, same = trained(compile=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        batches = [batch for _ in range(9) for batch in reference.parts.train][:steps]
        for batch in batches:
            reference.written.train(batch)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert steps in (2, 3)
    for one, other in zip(model.parameters(), same.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


class Sending:
    """Sends a signal in a hook, at a step."""

    def __init__(self, *signals, step=3):
        self.signals, self.step = signals, step

    @hookimpl
    def before_step(self, trainer):
        if trainer.step + 1 == self.step:
            for each in self.signals:
                signal.raise_signal(each)


def test_it_is_raised_once_a_checkpoint_is_written(tmp_path):
    recipe = tiny(epochs=9)
    trainer = Trainer(recipe, plugins=[Sending(signal.SIGINT)], run=Run.create(recipe, out=tmp_path / "run"))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit()
    (kept,) = checkpoints(tmp_path / "run")
    assert (kept.step, kept.info["why"]) == (3, "an interrupt")
    assert Run.open(tmp_path / "run").info["status"] == "interrupted"


def test_only_the_signals_asked_for_wait():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        Trainer(tiny(epochs=9), plugins=[Sending(signal.SIGTERM)]).fit()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]


def test_a_second_one_is_raised_where_it_comes():
    trainer = Trainer(tiny(epochs=9), plugins=[Sending(signal.SIGINT, signal.SIGINT)])
    with pytest.raises(Aborted) as caught:
        trainer.fit()
    assert trainer.step == 2 and caught.value.signal == signal.SIGINT
    assert str(caught.value) == "Ctrl-C while an interrupt was waiting"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_told_when_one_comes():
    told, paused = [], []
    interrupts = Interrupts([signal.SIGINT], lambda: paused.append(True))
    interrupts.noted = told.append
    with interrupts.on():
        interrupts.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            interrupts.check()
    assert (told, paused) == ([signal.SIGINT], [True])
    with interrupts.on():
        interrupts.check()  # the one before is past


def test_handlers_are_put_back_however_training_ends():
    class Failing:
        @hookimpl
        def after_step(self):
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
            raise ValueError

    for plugins, error in (([], None), ([Failing()], Exception), ([Sending(signal.SIGINT)], KeyboardInterrupt)):
        trainer = Trainer(tiny(), plugins=plugins)
        if error is None:
            trainer.fit()
        else:
            with pytest.raises(error):
                trainer.fit()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("handler", [lambda number, frame: seen.append(number), signal.SIG_IGN], ids=["own", "ignored"])
def test_another_handler_is_left_alone(handler):
    seen.clear()
    before = signal.signal(signal.SIGINT, handler)
    try:
        assert Trainer(tiny(), plugins=[Sending(signal.SIGINT)]).fit().status == "finished"
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ([] if handler is signal.SIG_IGN else [signal.SIGINT])


seen: list[int] = []


def test_other_threads_are_left_alone():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(Trainer(tiny()).fit()))
    thread.start()
    thread.join()
    assert histories[0].status == "finished"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_nothing_is_installed_by_an_import():
    code = """
import signal
before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
import framework, framework.training.trainer, framework.training.resuming, framework.cli.train
assert before == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
