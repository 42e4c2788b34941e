"""What a check has found, and how an error in the midst of one is told to who wrote the plugin."""

from __future__ import annotations

import io
import linecache
import os
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from types import TracebackType

import framework
from framework.autograd.gradcheck import GradcheckError
from framework.errors import UserError

__all__ = ["Finding", "NotChecked", "found", "where"]

OWN = os.path.dirname(framework.__file__)


class NotChecked(Exception):
    """A check that cannot be made; its text says why."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check of a `thing` of some `kind`: "operations", "swish", "float32".

    ok: None where it could not be checked, which `message` explains.
    """

    kind: str
    thing: str
    check: str
    ok: bool | None
    message: str = ""


def found(kind: str, thing: str, check: str, function: Callable[[], object], why: str = "") -> Finding:
    """Run a check: AssertionError, and whatever else it raises, is a failure, told with the plugin's own line and `why`."""
    try:
        # What a plugin prints in a tiny training is none of the table.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            function()
    except NotChecked as reason:
        return Finding(kind, thing, check, None, str(reason))
    except (AssertionError, GradcheckError, UserError) as error:
        return Finding(kind, thing, check, False, _joined(str(error), where(error), why))
    except Exception as error:
        return Finding(kind, thing, check, False, _joined(f"{type(error).__name__}: {error}", where(error), why))
    return Finding(kind, thing, check, True)


def where(error: BaseException) -> str:
    """The innermost line that is neither the framework's nor NumPy's: `in shiny.py:12: g *= 2`; empty without one."""
    line, trace = "", error.__traceback__
    while trace is not None:
        line = _line(trace) or line
        trace = trace.tb_next
    return line


def _line(trace: TracebackType) -> str:
    file = trace.tb_frame.f_code.co_filename
    parts = os.path.normpath(file).split(os.sep)
    if file.startswith((OWN, "<")) or "numpy" in parts or "pluggy" in parts:
        return ""
    source = linecache.getline(file, trace.tb_lineno).strip()
    return f"in {os.path.basename(file)}:{trace.tb_lineno}: {source}" if source else ""


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
