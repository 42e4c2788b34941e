"""A disk that kills the process, or fails, at the n-th call: names that the code under test calls are replaced.

The code itself has no seam for this: `open` and the functions of `os` are looked up where it looks them up.
"""

from __future__ import annotations

import builtins
import os
import signal
import traceback
from contextlib import contextmanager

CALLS = ("fsync", "replace", "rename", "mkdir", "symlink", "unlink", "rmdir", "truncate")
NEEDS_SPACE = ("open", "write", "fsync", "mkdir", "symlink")


class Disk:
    """Counts the calls that change the disk; `at(name, when)` is asked before, in the middle of, and after each."""

    def __init__(self, modules, at):
        self.modules = modules
        self.at = at
        self.count = 0
        self.unsynced = set()  # files with bytes that a power cut would lose
        self.renamed = []  # renames that it might undo
        self.real = {name: getattr(os, name) for name in CALLS}

    @contextmanager
    def installed(self):
        for name in CALLS:
            setattr(os, name, self._counted(name))
        for module in self.modules:
            module.open = self._open
        try:
            yield self
        finally:
            for name in CALLS:
                setattr(os, name, self.real[name])
            for module in self.modules:
                del module.open

    def _point(self, name, when):
        if when == "before":
            self.count += 1
        self.at(self, name, when)

    def _counted(self, name):
        def call(*arguments, **named):
            self._point(name, "before")
            if name in ("rename", "replace"):
                before, after = map(os.fspath, arguments)
                self.renamed.append((before, after, os.readlink(after) if os.path.islink(after) else None))
            result = self.real[name](*arguments, **named)
            if name == "fsync":
                self._synced(arguments[0])
            self._point(name, "after")
            return result

        return call

    def _synced(self, descriptor):
        about = os.fstat(descriptor)
        there = {path for path in self.unsynced if os.path.exists(path)}
        self.unsynced = {path for path in there if not os.path.samestat(os.stat(path), about)}
        kept = [each for each in self.renamed if not os.path.samestat(os.stat(os.path.dirname(each[1])), about)]
        self.renamed = kept

    def _open(self, path, mode="r", **named):
        if mode in ("r", "rb"):
            return builtins.open(path, mode, **named)
        self._point("open", "before")
        file = File(builtins.open(path, mode, **named), self, os.fspath(path))
        self._point("open", "after")
        return file

    def cut_power(self):
        """What has not reached the disk is lost: the last bytes of files, and renames that no sync has followed."""
        for path in self.unsynced:
            if os.path.exists(path):
                os.truncate(path, os.path.getsize(path) // 2)
        for before, after, link in self.renamed[:1]:
            if os.path.lexists(after) and not os.path.lexists(before):
                self.real["rename"](after, before)
                if link is not None:
                    self.real["symlink"](link, after)


class File:
    """A file that is written."""

    def __init__(self, file, disk, path):
        self.file, self.disk, self.path = file, disk, path

    def write(self, data):
        self.disk._point("write", "before")
        self.disk.unsynced.add(self.path)
        half = len(data) // 2
        self.file.write(data[:half])
        self.disk._point("write", "middle")
        self.file.write(data[half:])
        self.disk._point("write", "after")
        return len(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


def killed_at(number, when, power, modules, work):
    """Does the work in a child that is killed at one point; whether it was: False when there are fewer points."""

    def at(disk, name, now):
        if disk.count == number and now == when:
            if power:
                disk.cut_power()
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        code = 1
        try:
            disk = Disk(modules, at)
            with disk.installed():
                work()
            code = 0 if disk.count < number else 3
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 3, -signal.SIGKILL), "the work failed before it was killed"
    return None if status == 0 else status == -signal.SIGKILL


@contextmanager
def failing_from(number, error, names, modules):
    """Calls of these names fail from the n-th on; gives the disk."""

    def at(disk, name, now):
        if name in names and now == "before":
            disk.fitting += 1
            if disk.fitting >= number:
                raise OSError(error, os.strerror(error))

    disk = Disk(modules, at)
    disk.fitting = 0
    with disk.installed():
        yield disk
