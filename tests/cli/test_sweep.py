"""`framework sweep`: its table, its errors, and going on with it by `framework resume`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _imports(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "plugins")]))


def test_a_table_with_the_best_first_and_its_folder_taken_up_again(framework, fails, folder, monkeypatch):
    shown = framework("sweep", "--grid", "lr=0.001,0.5", "--out", "sweep", "line.py", "--epochs", "3")
    assert shown.exit_code == 0, shown.output
    header, first, second = shown.stdout.splitlines()
    assert header.split() == ["RUN", "lr", "train/loss", "AT", "EPOCHS", "TIME", "STATUS"]
    assert first.split()[:2] == ["sweep/runs/002", "0.5"] and second.split()[:2] == ["sweep/runs/001", "0.001"]
    assert first.endswith("finished")
    assert shown.stderr.splitlines()[0] == "sweep: 2 runs" and "best: sweep/runs/002" in shown.stderr
    again = framework("resume", "sweep")
    assert (again.exit_code, again.stdout) == (0, shown.stdout)
    assert fails("sweep", "--grid", "lr=1", "--out", "sweep", "line.py") == (
        "error: sweep is a sweep already; to go on with it: framework resume sweep\n"
    )
    table = shown.stdout
    shown = framework("show", "sweep")
    assert shown.exit_code == 0 and shown.stdout.splitlines()[1:] == ["2 runs: 2 done", "", *table.splitlines()]
    assert "--source cannot be asked" in fails("show", "--source", "sweep", code=2)

    # A run that is not the plan's any more is no best of it, however good.
    assert framework("resume", "sweep/runs/002", "--epochs", "4").exit_code == 0
    again = framework("resume", "sweep")
    assert again.stdout.splitlines()[1].split()[:2] == ["sweep/runs/002*", "0.5"]
    assert again.stdout.splitlines()[3] == "* 002 was resumed by hand, with epochs 4 instead of 3."
    assert again.stderr.endswith("best: sweep/runs/001\n")
    monkeypatch.setenv("COLUMNS", "40")
    assert framework("show", "sweep").stdout.splitlines()[3].split() == ["RUN", "lr", "loss", "AT", "STATUS"]

    Path("sweep/runs/001/run.json").unlink()
    about = json.loads(framework("show", "sweep", "--json").stdout)
    assert (about["done"], about["left"], about["command"]) == (1, 1, "framework resume sweep")
    assert [(each["status"], each["by_hand"]) for each in about["runs"]] == [
        ("finished", ["epochs 4 instead of 3"]),
        ("waiting", []),
    ]


def test_what_a_signal_ended_is_gone_on_with_and_what_failed_is_tried_again_when_asked(framework, fails, folder):
    text = Path("line.py").read_text()
    trouble = (
        "    import os, signal\n    from pathlib import Path\n"
        "    if lr < 1 and Path('deadly').exists(): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if lr > 1 and Path('deadly').exists(): raise OSError('no room')\n"
    )
    Path("line.py").write_text(text.replace("    x = framework.arange", f"{trouble}    x = framework.arange"))
    Path("deadly").touch()
    shown = framework("sweep", "--grid", "lr=0.1,2", "-j", "2", "--out", "sweep", "line.py")
    assert shown.exit_code == 1
    assert "1/2  lr=0.1  killed\n" in shown.stderr and "2/2  lr=2  failed: OSError: no room\n" in shown.stderr
    assert shown.stderr.endswith(
        "failed: 002: OSError: no room\n"
        "What they printed is in sweep/logs. To try again: framework resume sweep --retry-failed\n"
        "1 of 2 runs is unfinished. To go on: framework resume sweep\n"
    )
    Path("deadly").unlink()
    shown = framework("resume", "sweep")
    assert shown.exit_code == 1 and [row.split()[-1] for row in shown.stdout.splitlines()[1:]] == ["finished", "failed"]
    assert "--no-compile cannot be given" in fails("resume", "--no-compile", "sweep", code=2)
    assert "There is no option --tries" in fails("resume", "--tries", "2", "sweep", code=2)
    shown = framework("resume", "--retry-failed", "sweep")
    assert shown.exit_code == 0 and "failed" not in shown.output


def test_run_options_are_for_every_run_and_a_seed_may_vary(framework, folder):
    words = ["--grid", "seed=1,2", "--no-compile", "--jobs", "2", "--json", "--out", "sweep", "-q", "line.py"]
    shown = framework("sweep", *words, "--epochs", "1")
    assert shown.exit_code == 0 and shown.stderr == ""
    assert {each["seed"] for each in json.loads(shown.stdout)} == {1, 2}
    assert json.loads(Path("sweep/runs/001/run.json").read_text())["compiled"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grid", "lr", "line.py"], "--grid takes a name and its values, such as lr=0.1,0.3, not 'lr'."),
        (["--range", "lr=1:x", "--random", "2", "line.py"], "--range takes a name and two ends"),
        (["--grid", "lr=1", "--grid", "lr=2", "line.py"], "--grid was given lr twice: say all of it at once."),
        (["line.py"], "there is nothing to vary"),
        (["--grid", 'lr="0.1,0.2', "line.py"], "a value in quotes ends with a quote"),
        (["--grid", 'lr="0.1,0.2",0.3', "line.py"], "lr must be of type float, not '0.1,0.2'."),
        (["--grid", "lr=1,2", "line.py", "--lr", "3"], "lr is swept over, and cannot be given for every run too"),
        (["--grid", "lr=1,2", "--random", "3", "line.py"], "There are only 2 different points, and 3 cannot be drawn."),
    ],
)
def test_what_cannot_be_swept_over(fails, folder, words, message):
    assert message in fails("sweep", *words)
    assert not Path("sweeps").exists()


def test_an_option_that_the_recipe_does_not_have(fails, folder):
    assert "There is no option --ephocs. Did you mean --epochs?" in fails(
        "sweep", "--grid", "lr=1", "line.py", "--ephocs", "3", code=2
    )
