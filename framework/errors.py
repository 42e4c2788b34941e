"""Lets every room say, in one message, what a person did wrong and what the right call is."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence

__all__ = ["NO_ROOM", "OutOfMemoryError", "UserError", "did_you_mean", "in_words", "listed", "named", "nearest"]


MOST = 30
"""Names that a sentence lists."""

NO_ROOM = errno.ENOSPC, errno.EDQUOT, errno.EFBIG
"""What only writing fails with: a disk that is full, a quota, a limit."""


class UserError(Exception):
    """A person's mistake: its text is the whole message, and the command line shows it without a traceback."""


class OutOfMemoryError(RuntimeError):
    """PyTorch's error of a device that has no room left, for code that catches it. There is no such device here."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name`, or None when none is near."""
    from difflib import get_close_matches

    by_key = {other.lower().replace("-", "_"): other for other in names}
    found = get_close_matches(name.lower().replace("-", "_"), by_key, n=1, cutoff=0.6)
    return by_key[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A sentence to end an error with: the nearest name, or else all there are; empty when there are none."""
    names = sorted(names)
    near = nearest(name, names)
    if near is not None:
        return f" Did you mean {near!r}?"
    rest = f", … ({len(names)} in all)" if len(names) > MOST else ""
    return f" There are: {', '.join(names[:MOST])}{rest}." if names else ""


def listed(problems: Sequence[str]) -> str:
    """What follows a colon: one problem on the same line, several on a line each."""
    return f" {problems[0]}" if len(problems) == 1 else "".join(f"\n- {each}" for each in problems)


def named(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def in_words(error: BaseException) -> str:
    """What an exception says: a person's mistake speaks for itself, another needs its type."""
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
