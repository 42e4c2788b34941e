"""Runs that are there: found at any depth, summed up, whatever state they are in."""

import json
import math
import warnings

import pytest

from framework.errors import UserError
from framework.training import Run, RunSummary, find_runs
from framework.training.looking.describing import metrics_of
from framework.training.records import Records
from tests.training.runs import epochs, write_run


def names(runs, root):
    return [run.path.relative_to(root).as_posix() for run in runs]


def test_runs_are_found_at_any_depth_by_their_start(tmp_path):
    write_run(tmp_path / "b", started="2026-11-28T10:00:00+00:00")
    write_run(tmp_path / "deep" / "er" / "ä c", started="2026-11-28T11:30:00+02:00")
    write_run(tmp_path / "b" / "checkpoints" / "inner")  # within a run
    write_run(tmp_path / "a", started=None)
    (tmp_path / "deep" / "round").symlink_to(tmp_path)
    assert names(find_runs(tmp_path), tmp_path) == ["a", "deep/er/ä c", "b"]
    assert names(find_runs(tmp_path / "b", tmp_path), tmp_path) == ["a", "deep/er/ä c", "b"]
    with pytest.raises(UserError, match="There is no folder"):
        find_runs(tmp_path / "none")
    with pytest.raises(UserError, match="is a file"):
        find_runs(tmp_path / "a" / "run.json")


def test_damaged_ones_are_named_and_left_out(tmp_path):
    write_run(tmp_path / "good")
    for name, text in {"half": '{"status": "runn', "empty": "", "foreign": "[]", "bytes": "\udcff"}.items():
        write_run(tmp_path / name).joinpath("run.json").write_text(text, errors="surrogateescape")
    (write_run(tmp_path / "no config") / "config.json").unlink()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert names(find_runs(tmp_path), tmp_path) == ["good"]
    said = "\n".join(str(each.message) for each in caught)
    assert len(caught) == 5 and all(name in said for name in ("half", "empty", "foreign", "bytes", "no config"))


def test_a_summary(tmp_path):
    path = write_run(
        tmp_path / "run", values={"lr": 0.5}, seed=3, records=epochs(loss=[3, 1, 2], accuracy=[0.5, 0.75, 0.75])
    )
    made = RunSummary.of(Run.open(path))
    assert made.changed == {"lr": 0.5, "seed": 3} and made.recipe == "line" and made.name == str(path)
    assert (made.metric, made.best, made.best_epoch) == ("validation/accuracy", 0.75, 2)
    assert (made.epochs, made.steps, made.seconds, made.status) == (3, 30, 2.0, "finished")
    assert made.last["validation/loss"] == 2
    assert json.loads(json.dumps(made.to_json()))["best"] == 0.75


@pytest.mark.parametrize(
    ("options", "monitor", "expected"),
    [
        ({}, None, ("validation/mae", 1.0, 2)),
        ({"monitor": "max:validation/mae"}, None, ("validation/mae", 4.0, 1)),
        ({"monitor": "validation/loss"}, None, ("validation/loss", 1.0, 2)),
        ({"monitor": "validation/loss"}, "train/loss", ("train/loss", 6.0, 3)),
        ({}, "validation/none", ("validation/none", None, None)),
        ([], None, ("validation/mae", 1.0, 2)),
    ],
)
def test_the_metric_to_go_by(tmp_path, options, monitor, expected):
    table = [[[1, 0], [0, 1]]] * 3
    records = epochs(loss=[3, 1, 2], kl_loss=[1, 1, 1], table=table, mae=[4.0, 1.0, None])
    made = RunSummary.of(Run.open(write_run(tmp_path / "run", records=records, options=options)), monitor)
    assert (made.metric, made.best, made.best_epoch) == expected


def test_a_run_without_validation_or_without_an_epoch(tmp_path):
    made = RunSummary.of(Run.open(write_run(tmp_path / "a", records=[{"epoch": 1, "step": 4, "train/loss": 0.5}])))
    assert (made.metric, made.best) == ("train/loss", 0.5)
    made = RunSummary.of(Run.open(write_run(tmp_path / "b")))
    assert (made.metric, made.best, made.epochs, made.last) == (None, None, 0, {})


def steps(*numbers):
    return [{"step": number, "train/step_loss": 1.0 / number, "time": number / 20} for number in numbers]


def test_records_of_steps_are_no_epochs(tmp_path):
    one, two = epochs(loss=[3, 1], accuracy=[0.75, 0.5])
    del two["validation/accuracy"]  # measured every second epoch, or once
    records = [*steps(5), one, *steps(15), two, *steps(25)]
    run = Run.open(write_run(tmp_path / "run", records=records, status="running", reason="", seconds=None))
    made = RunSummary.of(run)
    assert (made.epochs, made.steps, made.seconds, made.last) == (2, 25, 1.25, two)
    assert (made.metric, made.best, made.best_epoch) == ("validation/accuracy", 0.75, 1)
    assert RunSummary.of(run, "validation/loss").best_epoch == 2
    assert list(metrics_of(run)) == ["train/loss", "validation/loss", "validation/accuracy"]
    early = RunSummary.of(Run.open(write_run(tmp_path / "early", records=steps(5, 10))))
    assert (early.epochs, early.steps, early.last["step"]) == (0, 10, 10)


JUNK = [
    b'{"epoch": 9, "validation/loss": 0.0, "va',
    b"\x00\xff\xfe}",
    b'["epoch"]',
    b"",
    b'{"epoch": 07}',
    b'{"\xff": 1}',
]


@pytest.mark.parametrize("junk", JUNK)
def test_damaged_records_are_named_by_their_lines_and_left_out(tmp_path, junk):
    records = [*steps(5), *epochs(loss=[3, 1, 2])]
    lines = [json.dumps(each).encode() for each in records]
    path = write_run(tmp_path / "run", records=records)
    (path / "metrics.jsonl").write_bytes(b"\n".join([*lines[:2], junk, *lines[2:], b'{"cut off']))
    run, expected = Run.open(path), r"metrics\.jsonl is damaged: line 3 is no JSON object; it is left out\."
    with pytest.warns(UserWarning, match=expected):
        assert run.records() == records
    with pytest.warns(UserWarning, match=expected):
        made = RunSummary.of(run)
    assert (made.epochs, made.best, made.best_epoch) == (3, 1.0, 2)
    with pytest.warns(UserWarning, match=expected):
        assert metrics_of(run)["validation/loss"] == {"last": 2.0, "best": 1.0, "best_epoch": 2, "lower": True}


def test_many_damaged_records_are_named_together(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"epoch": 1}\n' + "{\n" * 2)
    with pytest.warns(UserWarning, match=r"lines 2 and 3 are no JSON objects; they are left out\."):
        assert len(Records(path)) == 1
    path.write_text('{"epoch": 1}\n' + "{\n" * 9)
    with pytest.warns(UserWarning, match=r"lines 2, 3, 4, 5, 6 and 4 more are no JSON objects"):
        assert len(Records(path).epochs()) == 1


def test_running_and_killed(tmp_path):
    path = write_run(tmp_path / "run", status="running", reason="", seconds=None, records=epochs(loss=[1, 2]))
    with open(path / "metrics.jsonl", "a") as file:
        file.write('{"epoch": 3, "valid')
    run = Run.open(path)
    assert not run.alive and len(run.records()) == 2
    made = RunSummary.of(run)
    assert (made.status, made.epochs, made.seconds) == ("killed", 2, 1.0)
    with run.lock:
        assert run.alive and RunSummary.of(run).status == "running"
    write_run(path, status="finished")  # ended since it was opened
    assert RunSummary.of(run).status == "finished"


@pytest.mark.parametrize(
    ("lines", "epochs", "names"),
    [
        (['{"epoch": 1, "a": 1}', '{"epoch": 2, "a": 2}'], 2, "epoch a"),
        (['{"a": 1, "epoch": 1}', '{"a": 2}', '{"a": "epoch"}', '{"a": "epoch", "epoch": 2}'], 2, "a epoch"),
        (['{"epoch": 1, "a": {"epoch": 2}}', '{"b": {"epoch": 2}}'], 1, "epoch a"),
        (['{"\\u0065poch": 1, "a": 1}', '{"b": "\\"epoch\\": 1"}'], 1, "epoch a"),
        (['{"epoch" : 1, "a": 1}', '{"b":2}', '{"epoch":2,"c":"a: b"}'], 2, "epoch a c"),
        (['{"epoch": 1, "a": 1}', '{"epoch": 2, "b": 1}', '{"epoch": 3, "a": 1}'], 3, "epoch a b"),
        (['{"epoch": 1, "a": 1}', '{"epoch": 2, "a": 1, "b": null}', '{"epoch": 3, "a": 1}'], 3, "epoch a b"),
        ([], 0, ""),
    ],
)
def test_the_epochs_and_their_names_are_what_json_says(tmp_path, lines, epochs, names):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    found = Records(path).epochs()
    assert list(found) == [record for record in map(json.loads, lines) if "epoch" in record] and len(found) == epochs
    assert list(found.sample()) == names.split()


@pytest.mark.parametrize(
    "lines",
    [
        ['{"epoch": 1, "v/a": 0.5, "b": 2}', '{"epoch": 2, "v/a": null}', '{"epoch": 3, "v/a": 1e-3}'],
        ['{"v/a": 1}', '{"b": 1}', '{"v/a": 3}'],
        ['{"x": {"v/a": 7}, "v/a": 1}', '{"v/a": 2}'],
        ['{"x": "\\"v/a\\": 7", "v/a": 1}', '{"v/a": [1, 2]}', '{"v/a": "3"}', '{"v/a": true}'],
        ['{"x\\"v/a": 7, "v/a": 1}'],
        ['{"v/a":1}', '{"v/a" : 2}'],
        ['{"v/a": 1.0}'],
        [],
    ],
)
def test_a_column_is_what_json_says(tmp_path, lines):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    expected = [
        float(value)
        if isinstance(value := json.loads(line).get("v/a"), int | float) and value is not True
        else math.nan
        for line in lines
    ]
    assert str(Records(path).column("v/a")) == str(expected)
