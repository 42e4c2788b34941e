"""Says in one message what went wrong: for a wrong call, a person's mistake, and any other exception."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.errors import NO_ROOM, UserError, did_you_mean

if TYPE_CHECKING:
    from traceback import FrameSummary

__all__ = ["explain", "usage_error"]

FRAMEWORK = Path(__file__).resolve().parents[1]


def usage_error(error: click.UsageError) -> str:
    """What was wrong with the call, and where its options are listed."""
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        message = f"There is no option {error.option_name}." + _nearest_option(error)
    if error.ctx is None:
        return message
    return f"{message}\nSee `{error.ctx.command_path} --help`."


def _nearest_option(error: click.NoSuchOption) -> str:
    assert error.ctx is not None
    options = [
        name
        for parameter in error.ctx.command.get_params(error.ctx)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    ]
    return did_you_mean(error.option_name, options).replace("'", "")


def explain(error: BaseException) -> str:
    """A person's mistake is its own text; another exception gets its type, and the line of theirs it rose in."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    where = _line_of_theirs(error)
    if where is None and isinstance(error, OSError) and error.errno in NO_ROOM:
        return f"The output could not be written: {error.strerror}."
    if where is None:
        return f"{text}\nAdd --debug to see where."
    line = f"\n    {where.line}" if where.line else ""
    return f"{text}\n{where.filename}:{where.lineno}, in {where.name}:{line}"


def _line_of_theirs(error: BaseException) -> FrameSummary | None:
    """The innermost line outside this package, the standard library and installed packages."""
    from traceback import extract_tb

    frames = [frame for frame in extract_tb(error.__traceback__) if _is_theirs(frame.filename)]
    return frames[-1] if frames else None


def _is_theirs(filename: str) -> bool:
    path = Path(filename)
    if not path.is_file():  # code that has none, such as <frozen runpy>
        return False
    if path.is_relative_to(FRAMEWORK):
        return path.is_relative_to(FRAMEWORK / "_recipes")
    ours = (Path(sys.prefix, "bin"), Path(contextlib.__file__).parent)
    return "site-packages" not in path.parts and not any(map(path.is_relative_to, ours))
