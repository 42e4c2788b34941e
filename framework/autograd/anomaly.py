"""Anomaly mode: an error in backward names the line of the forward call, and a NaN there is an error."""

from __future__ import annotations

import traceback
from contextlib import ExitStack
from typing import Any

from framework.autograd.grad_mode import mode, recording_on, watching


def _remember_line(node: Any) -> None:
    frames = [each for each in traceback.extract_stack() if "/framework/autograd/" not in each.filename]
    node.watched = True
    node.trace = "".join(traceback.format_list(frames))


class detect_anomaly:
    """Inside, every recorded operation remembers where it was called, and NaN gradients raise if `check_nan`.

    A debugging aid: each operation costs much more. Source: `torch.autograd.detect_anomaly`.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._stack = ExitStack()
        self._before = False

    def __enter__(self) -> None:
        self._before = mode.check_nan
        mode.check_nan = self._check_nan
        self._stack.enter_context(watching(_remember_line))

    def __exit__(self, *exception: object) -> None:
        mode.check_nan = self._before
        self._stack.close()


class set_detect_anomaly:
    """Switches anomaly mode on or off at once; as a context manager puts the former state back on leaving."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        _switch(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


def _switch(on: bool, check_nan: bool) -> None:
    rest = tuple(each for each in mode.watchers if each is not _remember_line)
    mode.watchers = (*rest, _remember_line) if on else rest
    mode.check_nan = on and check_nan
    if mode.recording:
        mode.recording = recording_on()


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return _remember_line in mode.watchers


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a NaN gradient raises."""
    return mode.check_nan
