"""Lets a file appear under its name only when it is whole."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from framework.errors import NO_ROOM

__all__ = ["sync_folder", "writing"]


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write; it appears under its name, synced to the disk, only when the block has ended well.

    Otherwise an older file of that name stays as it was, and nothing is left behind. A link is followed, and the file
    has the permissions that `open` would have given or left it. What is no ordinary file (a pipe, a device) is
    written directly. What cannot be written is named in the error as it was given.
    """
    # Resolved first: the link stays, and what it shows is replaced.
    target = Path(os.path.realpath(path))
    mode = _mode_of(target)
    if mode is not None and not stat.S_ISREG(mode):
        try:
            with open(target, "wb") as file:
                yield file
        except OSError as error:
            _say_where(error, path)
            raise
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", os.fspath(path))
    temporary = target.with_name(f".{target.name[:50]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            _say_where(error, path, temporary)
        raise
    sync_folder(target.parent)


def _say_where(error: OSError, path: str | os.PathLike[str], temporary: Path | None = None) -> None:
    """Have an error name the file that was asked for, where it names none or the one in its place."""
    unnamed = error.filename is None and error.errno in NO_ROOM
    if unnamed or (temporary is not None and error.filename in (temporary, os.fspath(temporary))):
        error.filename = os.fspath(path)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def sync_folder(folder: Path) -> None:
    """Have the names in a folder be on the disk, as syncing a file does its contents."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
