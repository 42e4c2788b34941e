"""Which files a recipe reads while it is built, and whether they are still what they were.

A file is known by its size and a hash; of one too large to be read again in passing, by its size and time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["changed_files", "fingerprints", "noting_files"]

HASHED = 256 * 2**20
"""A file up to this size is hashed, at about a second a gigabyte."""

MOST = 1000
"""Of more files, the first are known by hash, the rest by size and time."""

SOURCES = (".py", ".pyc", ".pyi", ".so", ".pth")


class _Noted:
    """Where an audit hook, which stays for good once it is there, puts what it hears; None when nobody listens."""

    paths: dict[str, None] | None = None
    hooked = False


@contextlib.contextmanager
def noting_files() -> Iterator[dict[str, None]]:
    """The paths of the files that are opened for reading inside, as the keys of a dict, in their order."""
    if not _Noted.hooked:
        sys.addaudithook(_hear)
        _Noted.hooked = True
    before, _Noted.paths = _Noted.paths, {}
    paths = _Noted.paths
    try:
        yield paths
    finally:
        _Noted.paths = before


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _Noted.paths is None or event != "open":
        return
    path, _, flags = arguments
    if isinstance(path, str | bytes | os.PathLike) and not flags & (os.O_WRONLY | os.O_RDWR):
        _Noted.paths[os.path.abspath(os.fsdecode(path))] = None


def fingerprints(paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What each data file is known by. Python's own files and those of the system are left out."""
    ours = tuple({os.path.realpath(each) for each in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        real = os.path.realpath(path)
        if real.startswith((*ours, "/proc/", "/sys/", "/dev/")) or real.endswith(SOURCES) or not os.path.isfile(real):
            continue
        with contextlib.suppress(OSError):
            found[path] = _fingerprint(path, len(found) < MOST)
    return found


def _fingerprint(path: str, hashed: bool) -> dict[str, Any]:
    status = os.stat(path)
    mark: dict[str, Any] = {"size": status.st_size, "modified": status.st_mtime_ns}
    if hashed and status.st_size <= HASHED:
        with open(path, "rb") as file:
            mark["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return mark


def changed_files(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each file that is gone or is not what it was."""
    return [problem for path, mark in known.items() if (problem := _change(path, mark)) is not None]


def _change(path: str, mark: Mapping[str, Any]) -> str | None:
    try:
        status = os.stat(path)
        if status.st_size != mark["size"]:
            return f"{path} has {status.st_size:,} bytes, and had {mark['size']:,}."
        if "sha256" not in mark:
            return None if status.st_mtime_ns == mark.get("modified") else f"{path} was written to since."
        return None if _fingerprint(path, True)["sha256"] == mark["sha256"] else f"{path} has other contents."
    except FileNotFoundError:
        return f"{path} is gone."
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}."
