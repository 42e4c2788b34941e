"""`framework predict`: a trained model on the rows of a CSV file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def trained(framework) -> None:
    result = framework("train", "--out", "run", "line.py", "--epochs", 300)
    assert result.exit_code == 0, result.output
    Path("points.csv").write_text("x,extra\n0.25,a\n0.5,b\n")


def test_predictions_go_to_the_terminal(framework, trained):
    header, *rows = framework("predict", "run", "points.csv").stdout.splitlines()
    assert len(rows) == 2
    first, second = (float(row.split(",")[-1]) for row in rows)
    assert first == pytest.approx(1.5, abs=0.05) and second == pytest.approx(2.0, abs=0.05)


def test_or_to_a_file(framework, trained):
    shown = framework("predict", "run", "points.csv").stdout
    result = framework("predict", "run", "points.csv", "-o", "out.csv")
    assert result.output == "2 predictions written to out.csv\n"
    assert Path("out.csv").read_text() == shown


def test_a_file_that_is_no_place_for_predictions(framework, fails, trained):
    assert fails("predict", "run", "points.csv", "-o", "out.parquet") == (
        "error: out.parquet: predictions are written as .csv or .npy.\n"
    )
    Path("out.csv").write_text("mine")
    assert fails("predict", "run", "points.csv", "-o", "out.csv") == (
        "error: out.csv is there already, and is not overwritten without --force.\n"
    )
    assert Path("out.csv").read_text() == "mine"
    assert framework("predict", "run", "points.csv", "--force", "-o", "out.csv").exit_code == 0
    assert Path("out.csv").read_text() == framework("predict", "run", "points.csv", "-o", "-").stdout


def test_columns_are_kept_as_they_are(framework, fails, trained):
    Path("points.csv").write_text('name,x\n"a, b",0.250\n\nc,1\n')
    header, first, second = framework("predict", "run", "points.csv", "--keep-columns").stdout.splitlines()
    assert header == "name,x,prediction" and first.startswith('"a, b",0.250,1.') and second.startswith("c,1,2.9")
    np.save("rows.npy", np.zeros((3, 1)))
    assert fails("predict", "run", "rows.npy", "--keep-columns") == "error: rows.npy has no columns to keep.\n"
    Path("points.csv").write_text("x,prediction\n1,2\n")
    assert fails("predict", "run", "points.csv", "--keep-columns") == (
        "error: points.csv has a column 'prediction' of its own, so its columns cannot be kept beside that.\n"
    )
    assert "has no columns to keep; --keep" in fails("predict", "run", "points.csv", "--keep-columns", "-o", "o.npy")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device", "o.csv")])
@pytest.mark.parametrize("name", ["o.csv", "o.npy"])
def test_what_is_interrupted_leaves_no_half_output(framework, trained, monkeypatch, error, name):
    np.save("rows.npy", np.zeros((9000, 1)))
    before = sorted(Path().iterdir())
    from framework.training import prediction

    own, blocks = prediction._predicted, []

    def predicted(*arguments):
        blocks.append(arguments)
        if len(blocks) == 3:
            raise error
        return own(*arguments)

    monkeypatch.setattr(prediction, "_predicted", predicted)
    assert framework("predict", "run", "rows.npy", "-o", name).exit_code in (1, 130)
    assert len(blocks) == 3 and sorted(Path().iterdir()) == before


def test_a_checkpoint_that_there_is_not(fails, trained):
    assert fails("predict", "run/lst", "points.csv") == "error: run has no checkpoint 'lst'. Did you mean 'last'?\n"
    assert fails("predict", "run/checkpoints/step-9", "points.csv").startswith("error: run has no checkpoint 'step-9'.")


def test_the_file_to_predict_is_not_overwritten(fails, trained):
    before = Path("points.csv").read_text()
    assert fails("predict", "run", "points.csv", "-o", "points.csv") == (
        "error: points.csv holds the rows to predict; give -o another file.\n"
    )
    assert Path("points.csv").read_text() == before


def test_columns_may_stand_in_another_order(framework, trained):
    Path("turned.csv").write_text("extra,x\na,0.25\nb,0.5\n")
    first = framework("predict", "run", "points.csv").output
    assert framework("predict", "run", "turned.csv").output == first


def test_a_column_that_is_missing(fails, trained):
    Path("wrong.csv").write_text("y\n1\n")
    text = fails("predict", "run", "wrong.csv")
    assert text.startswith("error: wrong.csv") and "'x'" in text


def test_a_file_that_is_not_there(fails, trained):
    assert "error: pints.csv: No such file (did you mean 'points.csv'?)" in fails("predict", "run", "pints.csv")


def test_a_folder_for_the_output_that_is_not_there(fails, trained):
    text = fails("predict", "run", "points.csv", "-o", "nowhere/out.csv")
    assert text == (
        "error: nowhere/out.csv cannot be written: there is no folder nowhere. Make it, or choose another place.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["o.csv", "o.npy", "o.pt", "o.npz", "o.safetensors"])
def test_a_disk_without_room_is_named_as_the_file_that_was_asked_for(fails, trained, monkeypatch, name):
    words = ["export", "run"] if Path(name).suffix not in (".csv", ".npy") else ["predict", "run", "points.csv"]
    Path(name).symlink_to("/dev/full")
    assert fails(*words, "--force", "-o", name) == f"error: {name}: No space left on device\n"
    Path(name).unlink()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert fails(*words, "-o", name) == f"error: {name}: No space left on device\n"
    assert not [path for path in Path().iterdir() if path.name.startswith((".", "o."))]


def test_a_folder_that_takes_no_file_is_told_without_the_file_in_its_place(fails, trained):
    if not Path("/proc/self").exists():
        pytest.skip("needs a folder in which not even root makes files")
    assert (
        fails("predict", "run", "points.csv", "-o", "/proc/o.csv") == "error: /proc/o.csv: No such file or directory\n"
    )


def test_weights_for_a_folder_that_is_not_there(fails, trained):
    assert fails("export", "run", "-o", "nowhere/o.pt") == (
        "error: nowhere/o.pt cannot be written: there is no folder nowhere. Make it, or choose another place.\n"
    )


def test_a_run_that_is_not_there(fails, trained):
    text = fails("predict", "rnu", "points.csv")
    assert text == "error: There is no run rnu. Did you mean 'run'?\n"


def test_a_folder_that_is_no_run(fails, trained):
    Path("empty").mkdir()
    text = fails("predict", "empty", "points.csv")
    assert text == "error: empty is not a run: it has no run.json.\n"


@pytest.mark.parametrize("name", ["run.json", "config.json"])
def test_a_damaged_run(fails, trained, name):
    Path("run", name).write_text('{"half')
    assert name in fails("predict", "run", "points.csv")


def test_a_run_without_its_config(fails, trained):
    Path("run/config.json").unlink()
    text = fails("predict", "run", "points.csv")
    assert text == "error: run/config.json: No such file or directory\n"


def test_weights_that_are_gone(fails, trained):
    for path in Path("run").rglob("*.npz"):
        path.unlink()
    assert "weights" in fails("predict", "run", "points.csv")


def test_weights_that_are_cut_off(fails, trained):
    for path in Path("run").rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:50])
    assert ".npz" in fails("predict", "run", "points.csv")


def test_a_model_may_use_a_plugins_operation(framework, folder):
    Path("twice.py").write_text(
        "from framework.extend import hookimpl, operation\n"
        "twice = operation(lambda input: 2 * input, name='twice', input=lambda g: 2 * g)\n"
        "@hookimpl\ndef register_operations(register):\n    register('twice', twice)\n"
    )
    source = Path("line.py").read_text()
    Path("plugged.py").write_text(
        "from framework.extend import get_operation\n"
        + source.replace("return nn.Linear(1, 1)", "return Twice()")
        + "\n\nclass Twice(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(1, 1)\n"
        "    def forward(self, x):\n        return get_operation('twice')(super().forward(x))\n"
    )
    Path("points.csv").write_text("x\n0.25\n")
    result = framework("train", "-p", "twice.py", "--out", "run", "plugged.py")
    assert result.exit_code == 0, result.output
    result = framework("predict", "-p", "twice.py", "run", "points.csv")
    assert result.exit_code == 0, result.output


UNREADABLE = {
    "missing column": ("y\n1\n", ": there is no column 'x'. The columns are: 'y'"),
    "separator": (
        "x;y\n1;2\n",
        ": there is no column 'x'. The first line holds ';': if that separates the columns, give --delimiter ';'. "
        "The columns are: 'x;y'",
    ),
    "tabs": (
        "x\ty\n1\t2\n",
        ": there is no column 'x'. The first line holds '\\t': if that separates the columns, give --delimiter '\\t'. "
        "The columns are: 'x\\ty'",
    ),
    "decimal commas": (
        "x;y\n0,5;1\n",
        ", line 2: this row has 2 cells, the table has 1 column. The first line holds ';': if that separates the columns, "
        "give --delimiter ';'.",
    ),
    "missing value": ("x,y\n,1\n", ", line 2, column 'x': a value is missing (''). Fill it in the file"),
    "text": ("x\none\n", ", line 2, column 'x': 'one' is not a number"),
    "no header": ("1\n2\n", ", line 1: the first line must name the columns, but it holds numbers"),
    "no name": ("x,\n1,2\n", ", line 1: column 2 has no name. Give it one in the file"),
    "encoding": ("x,é\n1,2\n", ": byte 0xe9 is not valid in utf-8"),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_said_without_arguments_of_read_csv(fails, trained, text, message):
    Path("wrong.csv").write_text(text, "latin-1")
    assert fails("predict", "run", "wrong.csv") == f"error: wrong.csv{message}\n"


def test_another_separator(framework, fails, trained):
    expected = framework("predict", "run", "points.csv").stdout
    for delimiter, given in ((";", ";"), ("\t", "\t"), ("\t", "\\t"), ("|", "|")):
        Path("other.csv").write_text(Path("points.csv").read_text().replace(",", delimiter))
        assert framework("predict", "run", "other.csv", "--delimiter", given).stdout == expected
    assert framework("predict", "run", "other.csv", "--delimiter", "|", "--keep-columns").stdout.startswith("x,extra,")
    for wrong in (";;", "", "\n", '"'):
        assert fails("predict", "run", "other.csv", "--delimiter", wrong, code=2).startswith(
            f"error: Invalid value for '--delimiter': {wrong!r} separates no columns: give one character, such as ';' or '\\t'."
        )
    np.save("rows.npy", np.zeros((3, 1)))
    assert fails("predict", "run", "rows.npy", "--delimiter", ";") == (
        "error: rows.npy is no CSV file, and has no columns to separate.\n"
    )


def test_all_missing_columns_are_named_at_once(framework, fails, folder):
    source = Path("line.py").read_text()
    source = source.replace("nn.Linear(1, 1)", "nn.Linear(2, 1)").replace('inputs=["x"]', 'inputs=["x", "z"]')
    Path("plane.py").write_text(source.replace("TensorDataset(x,", "TensorDataset(framework.cat([x, x], 1),"))
    assert framework("train", "--out", "plane", "plane.py").exit_code == 0
    Path("wrong.csv").write_text("a,b\n1,2\n")
    assert fails("predict", "plane", "wrong.csv") == (
        "error: wrong.csv: there are no columns 'x', 'z'. The columns are: 'a', 'b'\n"
    )


def test_rows_of_an_array_and_predictions_as_one(framework, trained):
    rows = np.linspace(0, 1, 9001).reshape(-1, 1)
    np.save("rows.npy", rows)
    np.savez("rows.npz", rows=rows)
    Path("rows.csv").write_text("x\n" + "".join(f"{x}\n" for (x,) in rows.tolist()))
    result = framework("predict", "run", "rows.npy", "-o", "out.npy")
    assert result.output == "9001 predictions written to out.npy\n"
    out = np.load("out.npy")
    assert out.shape == (9001, 1) and out.dtype == np.float32 and np.allclose(out, 2 * rows + 1, atol=0.05)
    np.save("fortran.npy", np.asfortranarray(np.stack([rows, rows], 1)[:, 0]))
    np.savez("fortran.npz", np.asfortranarray(rows))
    np.savez_compressed("small.npz", rows)
    for name in ("rows.npz", "rows.csv", "small.npz", "fortran.npy", "fortran.npz"):
        assert framework("predict", "run", name, "--force", "-o", "other.npy").exit_code == 0
        assert (np.load("other.npy") == out).all()
    shown = framework("predict", "run", "rows.npy").stdout.splitlines()
    assert len(shown) == 9002 and float(shown[-1]) == pytest.approx(out[-1, 0])


def test_a_pipe_is_read_as_it_comes(framework, trained, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfx\r\n0.25\r\n"), "utf-8"))
    from framework.data.csv import csv_blocks

    assert [block.features.tolist() for block in csv_blocks("-", ["x"])] == [[[0.25]]]


def test_a_wrong_row_is_named_by_its_line_in_whatever_block(fails, trained):
    Path("rows.csv").write_text("x\n" + "1\n" * 5000 + "one\n")
    assert "rows.csv, line 5002, column 'x': 'one' is not a number" in fails(
        "predict", "run", "rows.csv", "-o", "o.csv"
    )
    assert not Path("o.csv").exists()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 1)), "rows.npy: it holds no rows of numbers: its shape is (0, 1)"),
        (np.array(["a"]), "The rows are of type <U1; a model takes numbers."),
        (np.zeros((3, 2)), "The model cannot be given rows of shape (2,)"),
    ],
)
def test_arrays_that_are_no_rows(fails, trained, array, message):
    np.save("rows.npy", array)
    assert message in fails("predict", "run", "rows.npy")
