"""Progress: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import os
import re
import sys
from types import SimpleNamespace

import pytest

from framework.training.trainer import Trainer
from framework_plugins import progress
from tests.tiny import tiny


class Terminal(io.StringIO):
    """A standard error that looks like a terminal."""

    def isatty(self) -> bool:
        return True


def run(monkeypatch, stderr: io.StringIO, **changes) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    Trainer(tiny(**changes), plugins=[progress.Progress()]).fit()
    return stderr.getvalue()


def test_a_short_run_shows_nothing(monkeypatch):
    assert run(monkeypatch, Terminal()) == ""
    assert run(monkeypatch, io.StringIO()) == ""


def test_plain_lines_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    lines = run(monkeypatch, io.StringIO()).splitlines()
    assert len(lines) == 4
    number = r"\d+(\.\d+)?(e[+-]\d+)?"
    for step, (epoch, line) in enumerate(zip((1, 1, 2, 2), lines, strict=True), 1):
        assert re.fullmatch(f"epoch {epoch}/2, step {step}/4, loss {number}, {number} steps/s", line)


def test_a_total_that_is_not_known(monkeypatch):
    class Stream:
        def __iter__(self):
            return iter(tiny().train)

    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    lines = run(monkeypatch, io.StringIO(), train=Stream()).splitlines()
    assert lines[0].startswith("epoch 1/2, step 1, loss ")


def test_a_bar_in_a_terminal_is_gone_at_the_end(monkeypatch):
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.0)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    text = run(monkeypatch, Terminal())
    assert "epoch 2/2" in text and "4/4" in text and "loss " in text
    assert "\n" not in text
    assert text.endswith("\r") and not text.split("\r")[-2].strip()


def test_a_bar_of_a_run_that_failed_is_gone_too(monkeypatch):
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.0)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)

    def step(model, batch):
        raise RuntimeError

    plugin = progress.Progress()
    with pytest.raises(RuntimeError):
        Trainer(tiny(step=step), plugins=[plugin]).fit()
    assert plugin.bar is None


def test_a_stderr_that_was_closed_does_not_stop_training(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)

    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    assert Trainer(tiny(), plugins=[progress.Progress()]).fit().status == "finished"


def test_no_thread_is_left(monkeypatch):
    import threading

    before = threading.active_count()
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.0)
    run(monkeypatch, Terminal())
    assert threading.active_count() == before


def test_lines_in_a_terminal_of_no_width(monkeypatch):
    class Narrow(Terminal):
        def fileno(self) -> int:
            return 2

    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(progress.os, "get_terminal_size", lambda fd: os.terminal_size((0, 0)))
    assert len(run(monkeypatch, Narrow()).splitlines()) == 4


def test_a_bar_in_a_notebook(monkeypatch):
    kernel = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel))
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.0)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    text = run(monkeypatch, io.StringIO())  # no terminal, and here without widgets
    assert "\r" in text and "epoch 2/2" in text and "4/4" in text
