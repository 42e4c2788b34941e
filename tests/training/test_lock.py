"""One trainer a run: the second is told who the first is, and a dead one keeps nothing."""

from __future__ import annotations

import errno
import gc
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from framework.errors import UserError
from framework.training import lock
from framework.training.lock import RunLock, is_locked

HOLD = """
import sys
from framework.training.lock import RunLock, is_locked
lock = RunLock(sys.argv[1])
lock.acquire()
print("locked", flush=True)
sys.stdin.read()
"""
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
threaded = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def refused(folder):
    with pytest.raises(UserError) as caught:
        RunLock(folder).acquire()
    return str(caught.value)


def test_another_process_is_named(tmp_path, holder):
    expected = (
        rf"{re.escape(str(tmp_path))} is being trained by process {holder.pid} \(on {re.escape(socket.gethostname())}, "
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\): wait for it, or stop it first\."
    )
    assert re.fullmatch(expected, refused(tmp_path))
    assert re.fullmatch(expected, refused(tmp_path))  # asking does not take it away
    holder.communicate("")
    with RunLock(tmp_path):
        assert os.listdir(tmp_path) == [".lock"]


def test_a_dead_process_keeps_nothing(tmp_path, holder):
    holder.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    holder.wait()
    assert (tmp_path / ".lock").exists()
    with RunLock(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / ".lock").read_text() or os.name == "nt"
    assert os.listdir(tmp_path) == []


def test_a_holder_that_has_not_said_who_it_is(tmp_path, holder):
    for text in ("", "{}", "[]", "garbage", '{"pid": 3}', "\0\0"):
        (tmp_path / ".lock").write_text(text)
        assert refused(tmp_path) == f"{tmp_path} is being trained by another process: wait for it, or stop it first."


def test_this_process_by_any_name(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "link").symlink_to("run")
    monkeypatch.chdir(tmp_path)
    first = RunLock("run")
    with first:
        for name in (folder, "run", tmp_path / "link", folder / ".." / "run"):
            assert "is being trained by this process already" in refused(name)
        monkeypatch.chdir(folder)
    first.release()  # twice is no error
    assert os.listdir(folder) == []
    with RunLock(folder), RunLock(tmp_path):
        pass
    monkeypatch.chdir(tmp_path)
    with first:
        pass


def test_held_by_the_process_not_by_the_object(tmp_path):
    RunLock(tmp_path).acquire()
    gc.collect()
    try:
        assert "this process already" in refused(tmp_path)
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        ended = subprocess.run(command, input="", capture_output=True, text=True)
        assert f"is being trained by process {os.getpid()} " in ended.stderr
    finally:
        lock._locked.pop(os.path.realpath(tmp_path))[1].close()


def test_given_back_after_an_error(tmp_path):
    with pytest.raises(KeyboardInterrupt), RunLock(tmp_path):
        raise KeyboardInterrupt
    with RunLock(tmp_path):
        pass


def in_child(work):
    """What `work` returns in a forked process."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, str(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return text


@forks
@threaded
def test_a_forked_worker_neither_has_the_lock_nor_ends_it(tmp_path):
    held = RunLock(tmp_path)
    with held:
        assert f"is being trained by process {os.getpid()} " in in_child(lambda: refused(tmp_path))
        assert in_child(held.release) == "None"
        assert f"is being trained by process {os.getpid()} " in in_child(lambda: refused(tmp_path))
        assert (tmp_path / ".lock").exists()


@forks
@threaded
def test_a_forked_worker_that_lives_on_does_not_hold_it(tmp_path):
    read, write = os.pipe()
    trainer = os.fork()
    if not trainer:
        RunLock(tmp_path).acquire()
        if not os.fork():
            os.close(write)
            os.read(read, 1)  # lives until the test lets it go
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(trainer, 0)
    with RunLock(tmp_path):
        pass
    os.write(write, b"x")
    os.close(write)
    os.close(read)


def test_a_lock_that_was_given_back_in_between(tmp_path, monkeypatch):
    """Opened before its holder removed it: the file that is locked then is nobody's lock any more."""
    real, files = lock._lock_now, []

    def late(file):
        if not files:
            (tmp_path / ".lock").unlink()
        files.append(file)
        real(file)

    monkeypatch.setattr(lock, "_lock_now", late)
    with RunLock(tmp_path):
        assert len(files) == 2 and files[0].closed and (tmp_path / ".lock").exists()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_where_there_are_no_locks(tmp_path, monkeypatch, code):
    def none(file):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(lock, "_lock_now", none)
    with pytest.warns(UserWarning, match="has no locks .*: take care that no second process trains this run"):
        held = RunLock(tmp_path)
        held.acquire()
    assert "this process already" in refused(tmp_path)
    held.release()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, code):
    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    text = refused(tmp_path)
    monkeypatch.undo()
    assert text == (f"{tmp_path} cannot be written to ({os.strerror(code)}), and a run that is trained writes there.")
    with RunLock(tmp_path):
        pass


def test_no_folder(tmp_path):
    assert "cannot be written to (No such file or directory)" in refused(tmp_path / "nowhere")


def test_whether_it_is_locked_is_asked_without_taking_it(tmp_path, holder):
    for _ in range(2):
        assert is_locked(tmp_path)
    holder.kill()
    holder.wait()
    assert (tmp_path / ".lock").exists() and not is_locked(tmp_path)
    with RunLock(tmp_path):
        assert is_locked(tmp_path) and is_locked(tmp_path)  # and it still is, for others too
        code = f"from framework.training.lock import is_locked; print(is_locked({str(tmp_path)!r}))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
    assert not is_locked(tmp_path) and not is_locked(tmp_path / "none")
