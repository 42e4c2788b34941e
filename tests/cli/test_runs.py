"""`framework runs`: a table that fits, sorted and filtered, whatever lies in the folders."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from framework.cli.printing import duration, number, short
from framework.cli.tables import table
from tests.training.runs import epochs, write_run


@pytest.fixture
def runs(folder):
    """Three runs, of two recipes."""
    loss = epochs(loss=[0.5, 0.25, 0.5], accuracy=[0.5, 0.75, 0.9])
    write_run(folder / "runs" / "a", values={"lr": 0.3, "data": "/data/ä b.csv"}, records=loss, started="2026-11-01")
    write_run(folder / "runs" / "b", seed=3, records=loss[:2], status="running", seconds=None, started="2026-11-02")
    write_run(
        folder / "sweeps" / "x" / "001",
        values={"width": 30000, "epochs": 9, "bias": None},
        recipe="/r/lstm.py",
        records=epochs(mae=[2.0, 1.0]),
        seconds=700,
        started="2026-11-03T12:00:00",
    )
    return folder


def names(result):
    assert result.exit_code == 0, result.output
    return [line.split()[0].rpartition("/")[2] for line in result.output.splitlines()[1:]]


def test_the_table(runs, framework):
    assert framework("runs").output.splitlines() == [
        "RUN           STATUS    RECIPE  CHANGED                           BEST  METRIC               AT  EPOCHS    TIME  STARTED",
        "runs/a        finished  line    lr=0.3 data=ä b.csv             0.9000  validation/accuracy   3       3   2.0 s  2026-11-01 00:00",
        "runs/b        killed    line    seed=3                          0.7500  validation/accuracy   2       2   1.0 s  2026-11-02 00:00",
        "sweeps/x/001  finished  lstm    epochs=9 width=30000 bias=none  1.0000  validation/mae        2     2/9  12 min  2026-11-03 12:00",
    ]  # fmt: skip


def test_the_metric_of_all_is_the_heading(runs, framework):
    text = framework("runs", "runs", "--monitor", "validation/loss").output
    assert "  validation/loss  AT" in text and "METRIC" not in text
    assert "           0.2500   2" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_it_fits_the_terminal(runs, framework, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = framework("runs").output.splitlines()
    assert max(map(len, lines)) <= columns
    assert [line.split()[0] for line in lines] == ["RUN", "runs/a", "runs/b", "sweeps/x/001"]
    assert ("CHANGED" in lines[0]) == (columns >= 60)
    assert ("STARTED" in lines[0]) == (columns == 200)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["status=killed"], ["b"]),
        (["status!=killed"], ["a", "001"]),
        (["lr>=0.3"], ["a"]),
        (["lr=0.1"], ["b", "001"]),
        (["batch-size=1", "lr=1"], None),
        (["recipe=l*m"], ["001"]),
        (["name=a"], ["a"]),
        (["data=ä b.csv"], ["a"]),
        (["bias=none"], ["001"]),
        (["seed=3"], ["b"]),
        (["time>1min"], ["001"]),
        (["time < 1h"], ["a", "b", "001"]),
        (["loss>0.3"], ["a"]),
        (["validation/accuracy>=0.9"], ["a"]),
        (["best<0.8"], ["b"]),
        (["started>=2026-11-02"], ["b", "001"]),
        (["started=2026-11-03"], ["001"]),
        (["epochs=2"], ["b", "001"]),
        (["config.epochs=9"], ["001"]),
        (["width>1_000", "status=fin*"], ["001"]),
    ],
)
def test_filters(runs, framework, fails, filters, expected):
    words = ["runs", *(word for each in filters for word in ("--filter", each))]
    if expected is None:
        assert "No run here knows 'batch-size'" in fails(*words)
    else:
        assert names(framework(*words)) == expected


def test_what_is_no_filter_is_told_the_right_call(runs, fails):
    assert "is no filter: it is a key, one of = != < <= > >=" in fails("runs", "--filter", "lr")
    assert "Did you mean 'width'?" in fails("runs", "--filter", "wdth=3")
    assert "'x' is no number" in fails("runs", "--filter", "lr>x")
    assert "status is text" in fails("runs", "--filter", "status>x")
    assert "Did you mean 'status'?" in fails("runs", "--sort", "-statsu")
    assert "There is no folder none" in fails("runs", "none")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("lr", ["b", "001", "a"]),
        ("-lr", ["a", "b", "001"]),
        ("best", ["a", "b", "001"]),
        ("-started", ["001", "b", "a"]),
        ("width", ["001", "a", "b"]),
        ("time", ["b", "a", "001"]),
        ("status", ["a", "001", "b"]),
    ],
)
def test_sorting(runs, framework, key, expected):
    assert names(framework("runs", "--sort", key)) == expected


def test_json_is_one_document_and_nothing_else(runs, framework):
    (runs / "runs" / "half").mkdir()
    (runs / "runs" / "half" / "run.json").write_text('{"sta')
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = framework("runs", "--json", "--filter", "lr=0.3")
    (found,) = json.loads(result.stdout)
    assert found["name"] == "runs/a" and found["best_epoch"] == 3 and found["hyperparameters"]["lr"] == 0.3
    assert "half" in result.stderr
    (runs / "runs" / "half" / "run.json").unlink()
    assert json.loads(framework("runs", "--json", "--filter", "lr=7").stdout) == []


def test_no_runs_yet(framework):
    result = framework("runs")
    assert result.exit_code == 0 and "There are no runs in runs or sweeps." in result.output
    assert framework("runs", "--json").stdout == "[]\n"


def test_a_pipe_that_closes_early_ends_it_in_silence(runs):
    root = Path(__file__).resolve().parents[2]
    code = "import sys; sys.argv[1:] = ['runs']; from framework.cli import main; main()"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" | true', sys.executable, code],
        cwd=runs,
        env={"PYTHONPATH": f"{root}:{root / 'plugins'}"},
        capture_output=True,
    )
    assert done.stderr == b""


def test_it_needs_neither_layers_nor_plugins(runs):
    root = Path(__file__).resolve().parents[2]
    code = "import sys; from framework.cli import cli; cli.main(['runs'], 'framework', standalone_mode=False)\n"
    code = (
        "import sys, atexit\natexit.register(lambda: print([each for each in ('framework.nn.linear', 'framework.training.trainer', 'framework_plugins.console') if each in sys.modules]))\n"
        + code
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=runs,
        env={"PYTHONPATH": f"{root}:{root / 'plugins'}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("\n[]\n")


def test_numbers_and_times_are_short():
    assert [number(each) for each in (0.98234, 12345.0, 1e-7, 3, None)] == ["0.9823", "1.234e+04", "1e-07", "3", "-"]
    assert [duration(each) for each in (0.2, 9.96, 59.6, 3599, 3900, None)] == [
        "0.2 s",
        "10 s",
        "1 min",
        "1 h 00 min",
        "1 h 05 min",
        "-",
    ]
    assert [short(each) for each in (0.1, 1e-05, True, None, "a/b/c.csv", 64)] == [
        "0.1",
        "1e-05",
        "true",
        "none",
        "c.csv",
        "64",
    ]


def test_wide_characters_keep_the_columns():
    assert table(("A", "B", "C"), [("漢字", "1", "x"), ("é", "10", "y")], right={"B"}) == (
        "A      B  C\n漢字   1  x\né     10  y"
    )


def test_a_metric_that_no_run_has(framework, fails, folder):
    write_run(folder / "runs/a", records=epochs(loss=[2, 1]))
    write_run(folder / "runs/b", records=[])
    assert fails("runs", "--monitor", "validation/los") == (
        "error: No run has recorded a metric 'validation/los'. Did you mean 'validation/loss'?\n"
    )
    assert fails("runs", "--json", "--monitor", "min:foo").startswith(
        "error: No run has recorded a metric 'foo'. There are: "
    )
    assert framework("runs", "runs/b", "--monitor", "foo").exit_code == 0  # has recorded nothing yet
