"""Training in several processes of MPI is training in one: numbers, files, ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from framework.training.files import read_arrays, read_json
from framework.training.verifying.comparing import compare_runs, records_of

pytestmark = pytest.mark.skipif(
    find_spec("mpi4py") is None or not Path(sys.executable).with_name("mpiexec").exists(),
    reason="MPI is not installed: pip install 'framework-train[mpi]'",
)

RECIPE = """
import time
import framework
from framework import Recipe, nn, optim
from framework.data import DataLoader, TensorDataset


class Slow(nn.Module):
    def forward(self, x):
        time.sleep(0.01)
        return x


def recipe(
    *,
    epochs: int = 3,
    dropout: float = 0.0,
    norm: bool = False,
    bad: int = -1,
    slow: bool = False,
    ignored: bool = False,
    lbfgs: bool = False,
) -> Recipe:
    x = framework.randn(50, 6)
    y = (x.sum(1) > 0).long()
    if ignored:  # of each batch one process has no target
        y[framework.arange(50) % 8 > 2] = -100
    if bad >= 0:
        x[bad] = float("nan")
    layers = [nn.Linear(6, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2)]
    if norm:
        layers.insert(1, nn.BatchNorm1d(8))
    if slow:
        layers.append(Slow())
    model = nn.Sequential(*layers)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    if lbfgs:
        model, x = model.double(), x.double()
        optimizer = optim.LBFGS(model.parameters(), lr=0.5, max_iter=3, line_search_fn="strong_wolfe")
    return Recipe(
        model=model,
        loss=nn.CrossEntropyLoss(framework.tensor([0.5, 2.0], dtype=x.dtype)),
        optimizer=optimizer,
        train=DataLoader(TensorDataset(x[:35], y[:35]), batch_size=8, shuffle=not ignored),  # the last batch has 3 rows
        validate=TensorDataset(x[37:], y[37:]),
        metrics=["accuracy", "f1"],
        batch_size=8,
        epochs=epochs,
    )
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpi")
    (folder / "net.py").write_text(RECIPE)
    return folder


def framework(place, *words, code=0, before=None):
    """What a command prints, stdout and stderr together."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PMI", "MPI", "HYDRA"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "framework", *map(str, words)],
        cwd=place,
        env=environment | {"COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if before is not None:
        before(process)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    return output


def train(place, name, processes, *words, options=(), **how):
    return framework(place, "train", "--nproc", processes, "--out", name, *options, "net.py", *words, **how)


def close(place, one, other, rtol=2e-5):
    """Two runs' weights and records are equal but for rounding."""
    first, second = (read_arrays(place / name / "weights.npz") for name in (one, other))
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, rtol=rtol, atol=1e-6)
    records = [records_of(place / name) for name in (one, other)]
    assert len(records[0]) == len(records[1])
    for left, right in zip(*records, strict=True):
        assert left == pytest.approx(right, rel=1e-5, abs=1e-7)


def equal(place, one, other):
    """Two runs are equal to the bit."""
    comparison, _, places = compare_runs(place / one, place / other)
    assert not [*comparison.places, *places]


def test_two_processes_are_one(place):
    output = train(place, "one", 1)
    assert train(place, "two", 2).replace("two", "one").splitlines()[:2] == output.splitlines()[:2]
    close(place, "one", "two")
    assert sorted(path.name for path in (place / "two").iterdir()) == sorted(
        path.name for path in (place / "one").iterdir()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ["--no-compile"],
        ["--clip-norm", "0.1"],
        ["--accumulate", "2"],
        ["--ema", "0.9"],
        ["--early-stop", "1"],
        ["--schedule", "cosine"],
    ],
    ids=lambda options: options[0].removeprefix("--"),
)
@pytest.mark.parametrize("words", [[], ["--ignored"]], ids=" ".join)
def test_with_what_else_takes_part(place, options, words):
    name = "".join([*options[:1], *words])
    for processes in (1, 4):
        train(place, f"at{name}{processes}", processes, *words, options=options)
    close(place, f"at{name}1", f"at{name}4", rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--no-compile", "--sync-batch-norm"]], ids=" ".join)
def test_an_optimizer_that_searches_for_its_step(place, options):
    name = f"search{len(options)}"
    words = ["--lbfgs", "--ignored", "--epochs", 1, *(["--norm"] if options else [])]
    for processes in (1, 2, 3):
        train(place, f"{name}{processes}", processes, *words, options=options)
        close(place, f"{name}1", f"{name}{processes}", rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--ignored"]], ids=" ".join)
def test_batch_norm_over_the_whole_batch(place, words):
    whole = ["--no-compile", "--accumulate", "2"]
    name = "".join(["norm", *words])
    train(place, f"{name}1", 1, "--norm", *words, options=whole)
    for processes in (2, 3, 4):
        train(place, f"{name}{processes}", processes, "--norm", *words, options=[*whole, "--sync-batch-norm"])
        close(place, f"{name}1", f"{name}{processes}", rtol=1e-3)
    said = train(place, f"{name}5", 2, "--norm", *words, options=["--accumulate", "2", "--sync-batch-norm"])
    assert "cannot be compiled: batch_norm_over_all_processes" in said
    equal(place, f"{name}2", f"{name}5")
    assert "take fewer processes, or --sync-batch-norm" in train(place, f"{name}6", 4, "--norm", code=1)


@pytest.mark.slow
def test_killed_and_resumed(place):
    """With as many processes it is the run that was never killed, to the bit; with others, to rounding."""
    every = ["--checkpoint-every", "2steps"]
    train(place, "whole", 2, "--dropout", 0.5, "--epochs", 30, "--slow", options=every)

    def kill(process):
        wait_for(place / "killed" / "checkpoints", lambda folder: len(list(folder.glob("step-*"))) > 1)
        victim = next(pid for pid, words in processes_of("killed") if pid != process.pid)
        os.kill(victim, signal.SIGKILL)

    words = "--dropout", 0.5, "--epochs", 30, "--slow"
    output = train(place, "killed", 2, *words, options=every, code=137, before=kill)
    assert "of 2 was killed (SIGKILL), so all have ended." in output
    assert "To go on: framework resume " in output
    assert read_json(place / "killed" / "run.json")["status"] == "failed"
    framework(place, "resume", "killed")  # in as many processes
    equal(place, "whole", "killed")


@pytest.mark.slow
def test_resumed_in_other_numbers(place):
    every = ["--checkpoint-every", "3steps"]
    train(place, "all", 1, "--epochs", 40, "--slow", options=every)
    for processes in (1, 2):
        name = f"stopped{processes}"

        def stop(process, name=name):
            wait_for(place / name / "checkpoints", lambda folder: len(list(folder.glob("step-*"))) > 1)
            process.send_signal(signal.SIGINT)

        output = train(place, name, processes, "--epochs", 40, "--slow", options=every, code=130, before=stop)
        assert "Ctrl-C: finishing this batch" in output and "To go on: framework resume" in output
        assert read_json(place / name / "run.json")["status"] == "interrupted"
        framework(place, "resume", *([name, "--nproc", 2] if processes == 1 else ["--nproc", 1, name]))
        close(place, "all", name, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--no-compile", "--sync-batch-norm"]], ids=" ".join)
@pytest.mark.parametrize("bad", [0, 34])
def test_what_is_not_finite_in_one_process(place, options, bad):
    """All stop at the same step, or leave it out; the batch is kept as that process had it."""
    name = f"bad{bad}{len(options)}"
    words = ["--bad", bad, *(["--norm"] if options else [])]
    output = train(place, name, 2, *words, options=options, code=1)
    assert output.count("The loss is nan at step") == 1 and "The batch's input holds nan in row" in output
    assert re.search("Rows are those of process [01]'s part of the batch.", output)
    assert read_json(place / name / "run.json")["status"] == "failed"
    (file,) = (place / name).glob("nonfinite-step-*.npz")
    assert "The batch's input holds nan" in framework(place, "reproduce", file, code=1)
    train(place, f"{name}skip1", 1, *words, options=["--on-nan", "skip", *options])
    for processes in (2, 4):
        train(place, f"{name}skip{processes}", processes, *words, options=["--on-nan", "skip", *options])
        close(place, f"{name}skip1", f"{name}skip{processes}", rtol=1e-4)
    assert "Training goes on" in train(place, f"{name}warn", 2, *words, options=["--on-nan", "warn", *options])


def test_what_is_wrong_is_told_once(place):
    assert train(place, "wrong", 2, "--epochz", 2, code=2).count("There is no option --epochz") == 1
    output = framework(place, "sweep", "--nproc", 2, "--grid", "epochs=1,2", "net.py", code=1)
    assert output == "error: --nproc goes with `framework train` and `framework resume`.\n"


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "validation", "other"])
def test_processes_that_read_other_batches_are_told_so(place, split):
    (place / "ragged.py").write_text(
        "import framework\n"
        "from framework import Recipe, nn, optim\n"
        "from framework_plugins.mpi.joining import join\n"
        "class Rows:\n"
        "    def __init__(self, short):\n"
        "        self.short = short\n"
        "    def __iter__(self):\n"
        "        x = framework.ones(4, 6)\n"
        "        yield from [[x, x[:, :1]]] * (3 - (self.short and join().rank))\n"
        "def recipe(*, short: str) -> Recipe:\n"
        "    model = nn.Linear(6, 1)\n"
        "    return Recipe(model=model, loss=nn.MSELoss(), optimizer=optim.SGD(model.parameters(), lr=0.1), epochs=1,\n"
        "        train=Rows(short == 'train'),\n"
        "        validate={each: Rows(short == each) for each in ('validation', 'other')})\n"
    )
    output = framework(place, "train", "--nproc", 2, "--out", f"ragged-{split}", "ragged.py", "--short", split, code=1)
    assert output.count(f"Process 1 is through with the {split} data where others have batches left") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [("epochs=1 + rank", "process 0 has epochs 1, process 1 epochs 2"), ("lr=0.1 + rank", "the optimizer's lr")],
)
def test_processes_that_build_other_things_are_told_so(place, change, told):
    (place / "other.py").write_text(
        "import framework\n"
        "from framework import Recipe, nn, optim\n"
        "from framework_plugins.mpi.joining import join\n"
        "def recipe() -> Recipe:\n"
        "    rank = join().rank\n"
        f"    given = dict(epochs=1, lr=0.1) | dict({change})\n"
        "    model, x = nn.Linear(6, 1), framework.ones(4, 6)\n"
        "    optimizer = optim.SGD(model.parameters(), lr=given['lr'])\n"
        "    def step(model, batch):\n"
        "        return {'loss': model(batch).mean(), 'one': 1.0}\n"
        "    return Recipe(model=model, step=step, optimizer=optimizer, epochs=given['epochs'], train=[x])\n"
    )
    assert told in framework(place, "train", "--nproc", 2, "--out", f"other-{change[:2]}", "other.py", code=1)
    text = (place / "other.py").read_text().replace(" + rank", "")
    (place / "same.py").write_text(text)
    assert "one 1.0000" in framework(place, "train", "--nproc", 2, "--out", f"same-{change[:2]}", "same.py")


@pytest.mark.slow
def test_a_loss_of_ones_own_is_warned_of(place):
    text = (place / "net.py").read_text()
    (place / "own.py").write_text(
        text.replace("loss=nn.Cross", "loss=lambda *given: nn.Cross").replace("dtype)),", "dtype))(*given),")
    )
    said = framework(place, "train", "--nproc", 2, "--out", "own", "own.py")
    assert said.count("give the recipe a step that returns that as 'count'") == 1
    assert "'count'" not in train(place, "ofnn", 2)


@pytest.mark.slow
def test_a_second_signal_ends_all_at_once(place):
    def stop(process):
        wait_for(place / "twice" / "checkpoints", lambda folder: len(list(folder.glob("step-*"))) > 1)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)

    words = ["--epochs", 400, "--slow"]
    output = train(place, "twice", 2, *words, options=["--checkpoint-every", "3steps"], code=130, before=stop)
    assert "To go on: framework resume twice" in output


@pytest.mark.slow
def test_within_a_job_of_mpis(place):
    """As on a cluster: mpiexec starts the command itself, and a process that fails does not leave others waiting."""
    mpiexec = Path(sys.executable).with_name("mpiexec")

    def run(*words):
        return subprocess.run(
            [mpiexec, "-n", "2", sys.executable, "-m", "framework", *words],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=60,
        )

    done = run("train", "-q", "--out", "job", "net.py")
    assert done.returncode == 0, done.stderr
    train(place, "again", 2)
    equal(place, "again", "job")
    failed = run("train", "-q", "--out", "job2", "net.py", "--bad", "34")
    assert failed.returncode and failed.stderr.count("The loss is nan at step") == 1
    assert read_json(place / "job2" / "run.json")["status"] == "failed"
    refused = run("train", "-q", "--out", "job", "net.py")  # by the first alone: the others do not wait for it
    assert refused.returncode and refused.stderr.count("job is not empty") == 1
    assert run("train", "net.py", "--bat", "3").stderr.count("There is no option --bat") == 1
    for words in (["evaluate", "job"], ["lr-find", "net.py"], ["verify", "net.py"]):
        assert f"`framework {words[0]}` is for one process" in run(*words).stderr
    assert "this is one already" in run("train", "--nproc", "2", "net.py").stderr


@pytest.mark.slow
def test_in_code_of_ones_own(place):
    (place / "code.py").write_text(
        "import sys\n"
        "import framework\n"
        "from framework.extend import PluginManager, Trainer, hookimpl\n"
        "from framework.plugin.finding import QUIET\n"
        "class Fails:\n"
        "    @hookimpl\n"
        "    def after_step(self, trainer):\n"
        "        assert trainer.step < int(sys.argv[1]) or trainer.plugins.call('should_write') is None\n"
        "plugins = PluginManager.load(given=QUIET)\n"
        "plugins.register(Fails())\n"
        "print(Trainer(framework.build('net.py', seed=0), plugins=plugins).fit().records[-1]['train/loss'])\n"
    )

    def run(*words):
        return subprocess.run([*words], cwd=place, capture_output=True, text=True, timeout=60)

    mpiexec, code = Path(sys.executable).with_name("mpiexec"), [sys.executable, "code.py"]
    together = run(mpiexec, "-n", "2", *code, "99")
    assert float(together.stdout) == pytest.approx(float(run(*code, "99").stdout), rel=1e-5)
    failed = run(mpiexec, "-n", "2", *code, "3")  # one alone: the other does not wait for it
    assert failed.returncode and failed.stderr.count("AssertionError") and not failed.stdout


def wait_for(path, ready):
    end = time.monotonic() + 40
    while not (path.exists() and ready(path)):
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)


def processes_of(name):
    """The processes of MPI that train a run: numbers and words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if name.encode() in words and b"mpi4py" in words and b"mpiexec" not in words[0]:
            found.append((int(folder.name), words))
    return sorted(found)
