"""Anomaly mode: an error in backward names the line of the forward call, and a NaN there is an error."""

from __future__ import annotations

import traceback
import warnings
from typing import Any

from framework.autograd.grad_mode import mode, recording_on


def _remember_line(node: Any) -> None:
    ours = ("/framework/autograd/", "<written by framework")
    frames = [each for each in traceback.extract_stack() if not any(part in each.filename for part in ours)]
    node.watched = True
    node.trace = "".join(traceback.format_list(frames))


class set_detect_anomaly:
    """Switches anomaly mode on or off at once; as a context manager puts the former state back on leaving."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        _switch(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


class detect_anomaly:
    """Inside, every recorded operation remembers where it was called, and NaN gradients raise if `check_nan`.

    A debugging aid: each operation costs much more. Source: `torch.autograd.detect_anomaly`.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        _switch(True, self._check_nan)

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


def _switch(on: bool, check_nan: bool) -> None:
    rest = tuple(each for each in mode.watchers if each is not _remember_line)
    mode.watchers = (*rest, _remember_line) if on else rest
    mode.anomaly = on
    mode.check_nan = check_nan
    if mode.recording:
        mode.recording = recording_on()


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return mode.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a NaN gradient raises where anomaly mode is on."""
    return mode.check_nan
