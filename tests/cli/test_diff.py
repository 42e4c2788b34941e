"""`framework diff`: what two runs did differently, as text that fits and as JSON."""

import json

from tests.training.runs import epochs, write_run


def test_a_diff(framework, folder):
    write_run(
        folder / "a b", values={"lr": 0.3, "data": "/d/x.csv"}, records=epochs(loss=[2.0, 1.5]), options={"ema": 0.9}
    )
    write_run(folder / "ü", values={"lr": 0.1}, seed=3, records=epochs(loss=[3.0, 1.25], mae=[1, 1]))
    result = framework("diff", "a b", "ü")
    assert result.exit_code == 0 and result.output.splitlines() == [
        "DIFFERS     a b       ü",
        "lr          0.3       0.1",
        "data        /d/x.csv  -",
        "seed        0         3",
        "option ema  0.9       -",
        "",
        "METRIC           LAST A  LAST B  BEST A  BEST B  AT A  AT B",
        "train/loss       7.0000  7.0000  7.0000  7.0000     2     2",
        "validation/loss  1.5000  1.2500  1.5000  1.2500     2     2",
        "validation/mae        -  1.0000       -  1.0000     -     1",
    ]
    assert framework("diff", "a b", "ü", "--exit-code").exit_code == 1
    about = json.loads(framework("diff", "a b", "ü", "--json").stdout)
    assert about["differs"] and about["differences"][1] == {"kind": "hyperparameter", "name": "data", "a": "/d/x.csv"}


def test_a_run_and_itself(framework, folder):
    write_run(folder / "a", records=epochs(loss=[2.0]))
    result = framework("diff", "a", "a", "--exit-code")
    assert result.exit_code == 0 and result.output.splitlines() == [
        "Nothing differs between a and a.",
        "",
        "METRIC, OF BOTH    LAST    BEST  AT",
        "train/loss       8.0000  8.0000   1",
        "validation/loss  2.0000  2.0000   1",
    ]


def test_it_fits_a_narrow_terminal(framework, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    for name in ("first", "second"):
        write_run(folder / "runs" / f"a-rather-long-name-{name}", values={"data": f"/a/rather/long/path/to/{name}.csv"})
    lines = framework("diff", *sorted((folder / "runs").glob("*"))).output.splitlines()
    assert max(map(len, lines)) <= 50 and lines[1].endswith("second.csv") and "first.csv  " in lines[1]


def test_trained_runs_and_their_checkpoints(framework, folder, fails):
    for name, lr in (("a", 0.1), ("b", 0.2)):
        assert framework("train", "-q", "--keep-best", "1", "--out", name, "line.py", "--lr", lr).exit_code == 0
    source = folder / "b" / "line.py"
    source.write_text(source.read_text().replace("2 * x + 1", "2 * x - 1"))
    lines = framework("diff", "a", "b").output.splitlines()
    assert lines[:2] == ["DIFFERS  a    b", "lr       0.1  0.2"]
    assert (
        "-        train=TensorDataset(x, 2 * x + 1)," in lines
        and "+        train=TensorDataset(x, 2 * x - 1)," in lines
    )
    assert framework("diff", "a", "a/best").output.startswith("Nothing differs between a and a/best.")
    assert "There is no run c." in fails("diff", "a", "c")
