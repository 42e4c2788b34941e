"""Lets the readers say, with one kind of error, that a file can't be loaded and why."""

from __future__ import annotations

from pickle import UnpicklingError

from framework.errors import UserError

__all__ = ["LoadError", "SourceChangeWarning", "shown"]


class SourceChangeWarning(Warning):
    """PyTorch's, for code that mentions it. No source is kept in files here."""


class LoadError(UserError, UnpicklingError, RuntimeError):
    """A file that is damaged, is of another kind, or asks for what is not done here. Nothing of it was run.

    PyTorch raises UnpicklingError for some of these and RuntimeError for others: this is both.
    """


def shown(text: object) -> str:
    """A name out of a file, fit for a message: short, on one line, and nothing that a terminal obeys."""
    name = str(text)
    name = name if len(name) <= 200 else f"{name[:200]}…"
    return name if name.isprintable() else ascii(name)
