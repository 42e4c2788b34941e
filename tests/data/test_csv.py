"""read_csv: tables of numbers, and an error that names the cell."""

import pathlib
import random

import numpy as np
import pytest

from framework.autograd.dtypes import float32, float64, int64
from framework.data import CSVError, read_csv
from framework.errors import UserError

GOOD = "id,height,weight,label\na,1.5,60,0\nb,1.75,70.5,1\nc,2,80e0,1\n"


@pytest.fixture
def write(tmp_path: pathlib.Path):
    def write(text: str | bytes, name: str = "people.csv") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_features_are_all_columns_but_target_and_dropped(write) -> None:
    table = read_csv(write(GOOD), target="label", drop=["id"])
    assert table.feature_names == ("height", "weight")
    assert table.target_names == ("label",)
    assert table.features.tolist() == [[1.5, 60.0], [1.75, 70.5], [2.0, 80.0]]
    assert table.target.tolist() == [0.0, 1.0, 1.0]
    assert table.features.dtype is float32 and table.target.dtype is float32
    assert len(table) == 3
    assert repr(table) == "Table(3 rows, 2 features, target=label)"
    assert table.features._array.flags.c_contiguous and table.features._array.flags.owndata


def test_named_features_come_in_their_order_and_others_need_no_numbers(write) -> None:
    table = read_csv(write(GOOD), features=["weight", "height"])
    assert table.features.tolist()[0] == [60.0, 1.5]
    assert table.target is None and table.target_names == ()
    assert len(table.dataset()[0]) == 1


def test_dataset_pairs_features_and_target(write) -> None:
    dataset = read_csv(write(GOOD), target="label", drop=["id"]).dataset()
    features, target = dataset[1]
    assert features.tolist() == [1.75, 70.5] and target.item() == 1.0


def test_several_targets_and_dtypes(write) -> None:
    table = read_csv(write(GOOD), target=["label", "weight"], features=["height"], dtype=float64)
    assert table.target.tolist() == [[0.0, 60.0], [1.0, 70.5], [1.0, 80.0]]
    assert table.target.dtype is float64 and table.features.dtype is float64
    assert read_csv(write(GOOD), target="label", drop=["id"], target_dtype=int64).target.dtype is int64


def test_class_names_become_their_places(write) -> None:
    path = write("x,kind\n1,cat\n2, dog\n3,cat\n")
    table = read_csv(path, target="kind", classes=["cat", "dog"])
    assert table.target.tolist() == [0, 1, 0] and table.target.dtype is int64
    table = read_csv(path, target="kind", classes=["dog", "cat"], target_dtype=float32)
    assert table.target.tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(CSVError) as caught:
        read_csv(path, target="kind", classes=["cat", "cow"])
    assert str(caught.value) == (f"{path}, line 3, column 'kind': 'dog' is none of the classes: 'cat', 'cow'")


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfx,y\n1,2\n",
        b"x,y\r\n1,2\r\n",
        b"x,y\n1,2",
        b"x,y\n\n1,2\n\n",
        b' x , y \n 1 , "2" \n',
        b'x,y\n1,"2"\n',
    ],
)
def test_ordinary_variations_of_the_format(write, text: bytes) -> None:
    if b'"2" ' in text:
        text = text.replace(b'"2" ', b"2 ")
    table = read_csv(write(text))
    assert table.feature_names == ("x", "y") and table.features.tolist() == [[1.0, 2.0]]


def test_no_header_other_delimiter_other_encoding(write) -> None:
    table = read_csv(write("1;2\n3;4\n"), names=["x", "y"], delimiter=";", target="y")
    assert table.features.tolist() == [[1.0], [3.0]] and table.target.tolist() == [2.0, 4.0]
    path = write("größe\n1\n".encode("latin-1"))
    assert read_csv(path, encoding="latin-1").feature_names == ("größe",)
    with pytest.raises(CSVError, match=r'byte 0xf6 is not valid in utf-8.*encoding="latin-1"'):
        read_csv(path)


@pytest.mark.parametrize("cell", ["", " ", "NA", "nan", "NaN", "?", "null", "N/A"])
def test_missing_value(write, cell: str) -> None:
    path = write(f"x,y,t\n1,2,0\n3,{cell},1\n")
    with pytest.raises(CSVError) as caught:
        read_csv(path, target="t")
    assert str(caught.value) == (
        f"{path}, line 3, column 'y': a value is missing ({cell!r}). "
        "Fill it in the file, or pass missing= the number to read for it"
    )
    assert (caught.value.path, caught.value.line, caught.value.column) == (path, 3, "y")
    assert read_csv(path, target="t", missing=-1.0).features.tolist() == [[1.0, 2.0], [3.0, -1.0]]
    assert np.isnan(read_csv(path, target="t", missing=float("nan")).features.tolist()[1][1])
    with pytest.raises(CSVError, match="or leave the row out"):
        read_csv(path, target="y", missing=0.0)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("12a", r"'12a' is not a number. If the column is no feature, leave it out: drop=\['y'\]"),
        ("1_000", r"'1_000' is not a number"),
        ("0x1", r"'0x1' is not a number"),
        ("inf", "'inf' is not a finite number"),
        ("-Infinity", "'-Infinity' is not a finite number"),
        ("1e999", "'1e999' is not a finite number"),
        ('"1,5"', "'1,5' is not a number"),
    ],
)
def test_cell_that_is_no_number(write, cell: str, words: str) -> None:
    path = write(f"x,y\n1,2\n\n3,{cell}\n")
    with pytest.raises(CSVError, match=f"line 4, column 'y': {words}"):
        read_csv(path)


def test_a_number_that_does_not_fit_its_type(write) -> None:
    path = write("x,t\n1,0\n1e300,2.5\n")
    with pytest.raises(CSVError, match=r"line 3, column 'x': '1e300' does not fit in float32"):
        read_csv(path, target="t")
    with pytest.raises(CSVError, match=r"line 3, column 't': '2.5' does not fit in int64"):
        read_csv(path, target="t", dtype=float64, target_dtype=int64)
    assert read_csv(path, dtype=float64).features.tolist()[1] == [1e300, 2.5]
    assert read_csv(write("x\n1e-50\n0.1\n")).features.tolist()[0] == [0.0]


def test_a_class_name_in_the_target_says_how_to_list_classes(write) -> None:
    with pytest.raises(CSVError, match=r"'dog' is not a number.*classes=\['dog', \.\.\.\]"):
        read_csv(write("x,kind\n1,dog\n"), target="kind")


def test_target_outside_its_range_names_the_line(write) -> None:
    path = write("x,t\n1,0\n2,1\n3,2\n")
    assert read_csv(path, target="t", target_range=(0, 2)).target.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(CSVError) as caught:
        read_csv(path, target="t", target_range=(0, 1))
    assert str(caught.value) == f"{path}, line 4, column 't': '2' lies outside 0 to 1"


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, ": the file is empty"),
        ("\n\n", {}, ": the file is empty"),
        ("x,y\n", {}, ": the file has a header and no rows"),
        ("x,y\n1,2\n3\n", {}, ", line 3: this row has 1 cell, the table has 2 columns"),
        ("x,y\n1,2\n3,4,5\n", {}, ", line 3: this row has 3 cells, the table has 2 columns"),
        ("x\n1,2\n", {}, ", line 2: this row has 2 cells, the table has 1 column"),
        ("1,2\n3,4\n", {}, ", line 1: the first line must name the columns, but it holds numbers."),
        ("x,x\n1,2\n", {}, ", line 1: two columns are named 'x'"),
        ("x,\n1,2\n", {}, ", line 1: column 2 has no name."),
        ("x,y\n1,2\n", {"names": ["a"]}, ", line 1: this row has 2 cells, the table has 1 column"),
        ("x,y\n1,2\n", {"target": "z"}, ": target= names column 'z', which is not there."),
        (
            "size,kind\n1,2\n",
            {"target": "knd"},
            ": target= names column 'knd', which is not there. Did you mean 'kind'? The columns are: 'size', 'kind'",
        ),
        ("x;y\n1;2\n", {"target": "y"}, "The first line holds ';': pass delimiter=';'."),
        (
            "x;y\n0,5;1,5\n",
            {"target": "y"},
            ", line 2: this row has 3 cells, the table has 1 column. The first line holds ';': pass delimiter=';'.",
        ),
        ("x,y\n1,2\n", {"features": ["x", "w"]}, ": features= names column 'w'"),
        ("x,y\n1,2\n", {"drop": ["w"]}, ": drop= names column 'w'"),
        ("x,y\n1,2\n", {"target": "x", "drop": ["y"]}, ": no column is left for the features"),
        ('x,y\n1,"2\n', {}, ": this is not a CSV line: unexpected end of data"),
    ],
)
def test_error_of_the_file(write, text: str, options: dict, words: str) -> None:
    path = write(text)
    with pytest.raises(CSVError) as caught:
        read_csv(path, **options)
    assert str(caught.value).startswith(path)
    assert words in str(caught.value)
    assert isinstance(caught.value, UserError) and isinstance(caught.value, ValueError)


def test_features_given_as_one_name_is_a_mistake(write) -> None:
    with pytest.raises(TypeError, match=r"features=\['height'\]"):
        read_csv(write(GOOD), features="height")


def test_no_such_file_names_the_nearest(write, tmp_path: pathlib.Path) -> None:
    path = write(GOOD)
    with pytest.raises(FileNotFoundError) as caught:
        read_csv(tmp_path / "peple.csv")
    assert f"did you mean {path!r}?" in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nor the folder"):
        read_csv(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(IsADirectoryError):
        read_csv(tmp_path)


def test_line_numbers_count_quoted_line_breaks(write) -> None:
    path = write('name,x\n"two\nlines",1\nplain,bad\n')
    with pytest.raises(CSVError, match="line 4, column 'x': 'bad'"):
        read_csv(path, features=["x"])


def test_integers_that_no_float_holds_are_read_exactly(write) -> None:
    path = write("x\n9007199254740993\n-9223372036854775808\n9223372036854775807\n1e15\n")
    table = read_csv(path, dtype=int64)
    assert table.features.flatten().tolist() == [2**53 + 1, -(2**63), 2**63 - 1, 10**15]
    for text in ("9223372036854775808", "1e19", "-9223372036854775809", "9" * 30):
        with pytest.raises(CSVError, match=f"'{text}' does not fit in int64"):
            read_csv(write(f"x\n1\n{text}\n"), dtype=int64)


def test_an_encoding_without_its_mark(write) -> None:
    with pytest.raises(CSVError, match="UTF-16 stream does not start with BOM. Name the encoding"):
        read_csv(write("x\n1\n"), encoding="utf-16")


def test_damaged_files_are_refused_or_read_as_they_are(write) -> None:
    chance = random.Random(3)
    texts = [
        "1",
        "2.5",
        "",
        "nan",
        "inf",
        "1e400",
        "1_000",
        '"',
        '""',
        "\x00",
        "é",
        "\ufeff",
        "\r",
        "\n",
        ",",
        ";",
        "9" * 400,
    ]
    for _ in range(300):
        data = bytearray(GOOD.encode())
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            new = chance.choice(texts).encode() if chance.random() < 0.7 else bytes([chance.randrange(256)])
            data[place : place + chance.randrange(3)] = new
        try:
            table = read_csv(write(bytes(data)), features=["height", "weight"], dtype=chance.choice([float32, int64]))
        except CSVError as error:
            assert str(error).startswith(error.path)
        else:
            assert np.isfinite(table.features.numpy()).all() and len(table) > 0
