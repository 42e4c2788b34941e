"""Ctrl-C and SIGTERM, sent to a `framework train` and a `framework resume` that run: what is saved, said and returned."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from framework.cli import cli
from tests.training.killing import run_differences

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]

RECIPE = """
import os
import signal
import sys
import time

import framework
from framework import Recipe, nn, optim
from framework.data import DataLoader, Dataset
from framework.extend import hookimpl

MOMENT, _, COUNT = os.environ.get("MOMENT", "").partition(" ")
SIGNALS = [int(each) for each in os.environ.get("SIGNALS", "").split()]
PROCESS = os.getpid()
sys.moments = 0  # a number of this file's own would be part of the checkpoints


def moment(name):
    sys.moments += name == MOMENT
    if name == MOMENT and sys.moments == int(COUNT or 1):
        for each in SIGNALS:
            os.kill(PROCESS, each)
            time.sleep(0.01)
        if not SIGNALS:
            open("here", "w").close()
            while not os.path.exists("go"):
                time.sleep(0.01)


class Rows(Dataset):
    def __init__(self, split):
        self.split, self.x = split, framework.randn(12, 3)

    def __getitem__(self, index):
        moment(self.split)
        return self.x[index], self.x[index, :1]

    def __len__(self):
        return 12


class Hooks:
    @hookimpl
    def batch_start(self):
        moment("batch_start")

    @hookimpl
    def before_step(self):
        moment("before_step")

    @hookimpl
    def after_step(self):
        moment("after_step")

    @hookimpl
    def epoch_end(self):
        moment("epoch_end")

    @hookimpl
    def save_state(self):
        moment("save_state")

    @hookimpl
    def checkpoint_saved(self):
        moment("checkpoint_saved")

    @hookimpl
    def train_start(self):
        moment("train_start")

    @hookimpl
    def train_end(self):
        moment("train_end")


def recipe(*, epochs: int = 3, workers: int = 0) -> Recipe:
    moment("building")
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Linear(4, 1))
    generator = framework.Generator().manual_seed(3)
    return Recipe(
        model=model,
        loss=nn.MSELoss(),
        optimizer=optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        train=DataLoader(Rows("reading"), 4, shuffle=True, num_workers=workers),
        validate=DataLoader(Rows("validation"), 4, shuffle=True, generator=generator),
        epochs=epochs,
        plugins=[Hooks()],
    )
"""

ARGUMENTS = ("--checkpoint-every", "2", "signalled.py")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the recipe."""
    home = tmp_path_factory.mktemp("signals")
    (home / "signalled.py").write_text(RECIPE)
    return home


@pytest.fixture
def folder(home, monkeypatch):
    """The current folder: the recipe's, without a run."""
    monkeypatch.chdir(home)
    yield home
    shutil.rmtree("run", ignore_errors=True)
    for name in ("here", "go"):
        Path(name).unlink(missing_ok=True)


@pytest.fixture
def whole(folder):
    """A run that went through."""
    path = Path("whole")
    if not path.exists():
        assert Child("train", "--out", path, *ARGUMENTS).end() == 0
    return path


class Child:
    """`framework` in a forked process, at the head of a group of its own; on a terminal where that is wanted."""

    def __init__(self, *arguments: object, moment: str = "", signals: tuple[int, ...] = (), terminal: bool = False):
        self.text = b""
        if terminal:
            self.pid, self.output = os.forkpty()
        else:
            self.output, other = os.pipe()
            self.pid = os.fork()
        if self.pid:
            if not terminal:
                os.close(other)
            return
        try:
            if not terminal:
                os.setpgid(0, 0)
                for stream in (1, 2):
                    os.dup2(other, stream)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            os.environ |= {"MOMENT": moment, "SIGNALS": " ".join(str(int(each)) for each in signals)}
            cli.main([str(each) for each in arguments])
        except SystemExit as end:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code or 0)
        finally:
            os._exit(99)

    def end(self) -> int:
        """Wait for it; its exit code, or minus the signal that ended it. `text` is what it wrote then."""
        deadline = time.monotonic() + 60
        while select.select([self.output], [], [], deadline - time.monotonic())[0]:
            try:
                read = os.read(self.output, 1 << 16)
            except OSError:  # a terminal that nobody writes to any more
                break
            if not read:
                break
            self.text += read
        os.close(self.output)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def wait_for_moment(self) -> None:
        """Until it has come to its moment, where it waits."""
        for _ in range(6000):
            if Path("here").exists():
                return
            time.sleep(0.01)
        raise AssertionError("it did not come to its moment")


def status(folder: str) -> str:
    return json.loads(Path(folder, "run.json").read_text())["status"]


def assert_goes_on(whole: Path) -> None:
    assert Child("resume", "run").end() == 0
    assert run_differences(whole, Path("run")) == []


MOMENTS = [
    "train_start",
    "batch_start 2",
    "before_step 5",
    "after_step 1",
    "after_step 3",
    "reading 14",
    "validation 6",
    "validation 30",
    "epoch_end 2",
    "save_state 2",
    "checkpoint_saved 2",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_step_is_finished_and_saved(whole, moment):
    number, code = ((signal.SIGINT, 130), (signal.SIGTERM, 143))[len(moment) % 2]
    child = Child("train", "--out", "run", *ARGUMENTS, moment=moment, signals=(number,))
    assert child.end() == code, child.text
    text = child.text.decode()
    assert ("Ctrl-C" if number == signal.SIGINT else "SIGTERM") + ": finishing this batch" in text
    assert text.endswith("To go on: framework resume run\n") and "Traceback" not in text
    assert status("run") == "interrupted"
    assert_goes_on(whole)


@pytest.mark.parametrize("moment", ["before_step 5", "validation 30", "save_state 2", "train_start"])
def test_a_second_one_stops_at_once(whole, moment):
    child = Child("train", "--out", "run", *ARGUMENTS, moment=moment, signals=(signal.SIGINT, signal.SIGTERM))
    assert child.end() == 143, child.text
    assert "Traceback" not in child.text.decode()
    assert status("run") == "interrupted"
    assert_goes_on(whole)


def test_a_run_that_is_resumed_is_interrupted_again(whole):
    assert Child("train", "--out", "run", *ARGUMENTS, moment="after_step 2", signals=(signal.SIGINT,)).end() == 130
    for moment in ("train_start", "validation 2", "before_step 2", "validation 18"):
        child = Child("resume", "run", moment=moment, signals=(signal.SIGTERM,))
        assert child.end() == 143, child.text
    assert_goes_on(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_the_recipe_is_built_there_is_nothing_to_save(folder, number):
    child = Child("train", "--out", "run", *ARGUMENTS, moment="building", signals=(number,))
    assert child.end() == (130 if number == signal.SIGINT else -signal.SIGTERM)
    assert "Traceback" not in child.text.decode() and not Path("run").exists()


def test_at_the_end_there_is_nothing_left_to_interrupt(whole):
    child = Child("train", "--out", "run", *ARGUMENTS, moment="train_end", signals=(signal.SIGINT,))
    assert child.end() == 0 and status("run") == "finished"
    assert run_differences(whole, Path("run")) == []


def test_workers_that_get_the_signal_too_read_on(folder):
    arguments = (*ARGUMENTS, "--workers", 1)
    assert Child("train", "--out", "by workers", *arguments).end() == 0
    child = Child("train", "--out", "run", *arguments, moment="after_step 2")
    child.wait_for_moment()
    os.killpg(child.pid, signal.SIGINT)
    Path("go").touch()
    assert child.end() == 130, child.text
    assert_goes_on(Path("by workers"))


def test_ctrl_c_in_a_terminal(whole):
    child = Child("train", "--out", "run", *ARGUMENTS, moment="before_step 4", terminal=True)
    child.wait_for_moment()
    os.write(child.output, b"\x03")
    time.sleep(0.1)  # for the terminal to send it
    Path("go").touch()
    assert child.end() == 130, child.text
    assert "Ctrl-C: finishing this batch" in child.text.decode()
    assert_goes_on(whole)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_that_is_trained_cannot_be_resumed(folder, workers):
    child = Child("train", "--out", "run", *ARGUMENTS, "--workers", workers, moment="before_step 4")
    child.wait_for_moment()
    second = Child("resume", "run")
    assert second.end() == 1
    assert f"error: run is being trained by process {child.pid} (on " in second.text.decode()
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    os.close(child.output)
    # A worker may outlive it for a while.
    assert Child("resume", "run").end() == 0
