"""Lets one process at a time train a run: a lock that ends with its process, however that ends."""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import socket
import struct
import sys
import threading
import warnings
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from framework.errors import UserError

__all__ = ["RunLock", "is_locked"]

_NAME = ".lock"
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_FAR = 1 << 30  # Windows lets nobody read a byte that is locked: one is locked that is not there

# The system counts locks by process, and drops one when the process closes any of the file's descriptors. So what this
# process has locked is known here, by folder, with the process: a forked child knows it too, and has no lock.
_locked: dict[str, tuple[int, Any]] = {}
_one_at_a_time = threading.Lock()


class RunLock:
    """The right to train the run in a folder: from `acquire` to `release`, or within `with RunLock(folder):`."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._place: str | None = None

    def acquire(self) -> None:
        """Take the lock; UserError when another process, or this one, is training the run, or the folder is read-only.

        Where the file system has no locks, a warning says so, and nothing keeps a second process away.
        """
        # By whatever name, and wherever the process goes: the folder is the same.
        place = os.path.realpath(self.folder)
        with _one_at_a_time:
            if _of_this_process(place):
                raise UserError(
                    f"{self.folder} is being trained by this process already: wait for it, or stop it first."
                )
            file = self._locked_file(Path(place, _NAME))
            _locked[place] = os.getpid(), file
        self._place = place
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}
        with contextlib.suppress(OSError):  # on a full disk the lock holds without
            file.truncate(0)
            file.write(json.dumps(about).encode())

    def release(self) -> None:
        """Give the lock back, if this process has it by this object."""
        place, self._place = self._place, None
        if place is None or not _of_this_process(place):
            return
        _unlock(place)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _locked_file(self, path: Path) -> Any:
        while True:
            file = self._open(path)
            try:
                self._lock(file)
                current = _is_at(file, path)
            except BaseException:
                file.close()
                raise
            if current:
                return file
            file.close()

    def _open(self, path: Path) -> Any:
        try:
            return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        except OSError as error:
            raise UserError(
                f"{self.folder} cannot be written to ({error.strerror}), and a run that is trained writes there."
            ) from error

    def _lock(self, file: Any) -> None:
        try:
            _lock_now(file)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                warnings.warn(
                    f"The file system of {self.folder} has no locks ({error.strerror}): take care that no second "
                    "process trains this run.",
                    stacklevel=3,
                )
                return
            raise UserError(
                f"{self.folder} is being trained by {_holder(file)}: wait for it, or stop it first."
            ) from error


def is_locked(folder: str | Path) -> bool:
    """Whether a process trains the run in a folder; asking is in nobody's way.

    Where the file system has no locks: whether one that did has not ended in order.
    """
    place = os.path.realpath(folder)
    with _one_at_a_time:  # to close the file would drop a lock that this process has
        if _of_this_process(place):
            return True
        try:
            with open(Path(place, _NAME), "rb") as file:
                return _is_locked_now(file)
        except OSError as error:
            return error.errno in _NO_LOCKS


if sys.platform == "win32":
    import msvcrt

    def _lock_now(file: Any) -> None:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(0)

    def _is_locked_now(file: Any) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        return False

else:
    # The system's `struct flock`: type and whence, start, length, process; on macOS and the BSDs those two come last.
    _FLOCK, _TYPE = ("hhqqi4x", 0) if sys.platform == "linux" else ("qqihh", 3)

    def _lock_now(file: Any) -> None:
        import fcntl

        # Not flock: a forked worker would hold that on after the trainer has ended.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_locked_now(file: Any) -> bool:
        import fcntl

        # Asked, not tried: a lock held for a moment would turn away who comes to train at that moment.
        asked = [0, os.SEEK_SET, 0, 0, 0] if _TYPE == 0 else [0, 0, 0, 0, os.SEEK_SET]
        asked[_TYPE] = fcntl.F_WRLCK
        answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(_FLOCK, *asked))
        return bool(struct.unpack(_FLOCK, answer)[_TYPE] != fcntl.F_UNLCK)


def _unlock(place: str) -> None:
    # Removed while it is locked: who opened it before finds that it is not the lock any more.
    with contextlib.suppress(OSError):
        Path(place, _NAME).unlink()
    _locked.pop(place)[1].close()


@atexit.register
def _unlock_all() -> None:
    for place in filter(_of_this_process, list(_locked)):
        _unlock(place)


def _of_this_process(place: str) -> bool:
    return place in _locked and _locked[place][0] == os.getpid()


def _holder(file: Any) -> str:
    """Who has the lock, as the file says."""
    try:
        about = json.loads(file.read(10_000))
        return f"process {about['pid']} (on {about['host']}, since {about['since']})"
    except (OSError, ValueError, TypeError, KeyError):
        return "another process"


def _is_at(file: Any, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
