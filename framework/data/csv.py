"""Reads a numeric table from a CSV file, and says exactly which cell is wrong when it can't."""

from __future__ import annotations

import csv
import io
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, NamedTuple

import numpy as np

from framework.autograd import Tensor, dtype
from framework.autograd.dtypes import float32, int64
from framework.data.dataset import TensorDataset
from framework.data.files import no_such_file
from framework.errors import UserError, nearest

__all__ = ["Block", "CSVError", "Table", "csv_blocks", "read_csv"]

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})

# Up to here a float64 holds every integer.
_EXACT = 2.0**53


class _Advice(NamedTuple):
    """What else to do about a cell that can't be read, in a call of read_csv."""

    missing: str
    text: str


_FEATURE = _Advice(
    ", or pass missing= the number to read for it",
    ". If the column is no feature, leave it out: drop=[{column!r}]",
)
_TARGET = _Advice(", or leave the row out", ". If it names a class, list the classes: classes=[{cell!r}, ...]")


class CSVError(UserError, ValueError):
    """A CSV file that can't be read as asked; `path`, `line` (from 1) and `column` say where.

    `about_file` is the message without what is about the arguments of `read_csv`, such as `advice`.
    """

    def __init__(
        self,
        message: str,
        path: str,
        line: int | None = None,
        column: str | None = None,
        advice: str = "",
        about_file: str | None = None,
    ) -> None:
        place = path if line is None else f"{path}, line {line}"
        place = place if column is None else f"{place}, column {column!r}"
        super().__init__(f"{place}: {message}{advice}")
        self.about_file = f"{place}: {message if about_file is None else about_file}"
        self.path, self.line, self.column = path, line, column


class Table:
    """The columns of a CSV file as tensors: `features` (rows, columns) and `target`, if asked."""

    __slots__ = ("feature_names", "features", "target", "target_names")

    def __init__(
        self,
        features: Tensor,
        target: Tensor | None,
        feature_names: tuple[str, ...],
        target_names: tuple[str, ...],
    ) -> None:
        self.features = features
        self.target = target
        self.feature_names = feature_names
        self.target_names = target_names

    def dataset(self) -> TensorDataset:
        """The rows as a dataset of (features, target), or of (features,) without a target."""
        if self.target is None:
            return TensorDataset(self.features)
        return TensorDataset(self.features, self.target)

    def __len__(self) -> int:
        return int(self.features.shape[0])

    def __repr__(self) -> str:
        target = f", target={', '.join(self.target_names)}" if self.target_names else ""
        return f"Table({len(self)} rows, {len(self.feature_names)} features{target})"


def read_csv(
    path: str | os.PathLike[str],
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    drop: Iterable[str] = (),
    classes: Sequence[str] | None = None,
    dtype: dtype = float32,
    target_dtype: dtype | None = None,
    missing: float | None = None,
    target_range: tuple[float, float] | None = None,
    names: Sequence[str] | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Table:
    """Read the numeric columns of a CSV file whose first line names them.

    `target` is one column (target of shape (rows,)) or a list of them (rows, k). `features` are
    all other columns but `drop`, or exactly those listed, in that order. With `classes` the target
    holds these texts, read as their indices (int64 unless `target_dtype`). A missing feature is an
    error, or becomes `missing`; a target outside `target_range` is an error too. `names` are the
    columns of a file that has no header line.
    Raises CSVError, naming file, line and column; FileNotFoundError if there is no such file.
    """
    source = _Source(path, names, delimiter, encoding)
    target_names = () if target is None else (target,) if isinstance(target, str) else tuple(target)
    feature_names = source.choose_features(features, target_names, tuple(drop))
    source.require(target_names, "target=")
    columns = source.numbers(feature_names, dtype.numpy, missing, _FEATURE)
    if target is None:
        targets = None
    elif classes is None:
        targets = source.numbers(target_names, (target_dtype or dtype).numpy, None, _TARGET)
        if target_range is not None:
            source.check_range(targets, target_names, target_range)
    else:
        targets = source.indices(target_names, tuple(classes)).astype((target_dtype or int64).numpy)
    if targets is not None and isinstance(target, str):
        targets = targets[:, 0].copy()
    return Table(
        Tensor._wrap(columns),
        None if targets is None else Tensor._wrap(targets),
        feature_names,
        target_names,
    )


class Block(NamedTuple):
    """Some rows of a CSV file: the columns asked for as numbers, and all cells as text."""

    features: Tensor
    names: tuple[str, ...]
    cells: list[list[str]]


def csv_blocks(
    path: str | os.PathLike[str],
    features: Sequence[str],
    rows: int = 4096,
    dtype: dtype = float32,
    delimiter: str = ",",
) -> Iterator[Block]:
    """The columns named in `features`, as `read_csv` gives them, so many rows at a time; "-" is standard input.

    No more of the file is in memory at once. Raises CSVError as `read_csv` does, for a row when its turn comes.
    """
    lines = _lines(os.fspath(path), delimiter, "utf-8")
    source = _Source(path, None, delimiter, "utf-8", islice(lines, rows + 1))
    chosen = source.choose_features(features, (), ())
    while True:
        yield Block(Tensor._wrap(source.numbers(chosen, dtype.numpy, None, _FEATURE)), source.names, source.rows)
        if not source.go_on(islice(lines, rows)):
            return


def _lines(path: str, delimiter: str, encoding: str) -> Iterator[tuple[list[str], int]]:
    """The rows of a file, but for blank lines, each with the number of its line."""
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # spreadsheets put a byte order mark first
    try:
        with _opened(path, encoding) as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if row:
                    yield row, reader.line_num
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, no_such_file(path), path) from None
    except csv.Error as error:
        raise CSVError(f"this is not a CSV line: {error}", path, reader.line_num) from None
    except UnicodeDecodeError as error:
        raise CSVError(
            f"byte {error.object[error.start]:#04x} is not valid in {error.encoding}",
            path,
            advice='. If the file was saved with another encoding, name it: encoding="latin-1"',
        ) from None
    except UnicodeError as error:  # no byte order mark where there must be one
        raise CSVError(f"{error}", path, advice=". Name the encoding it was saved with: encoding=...") from None


@contextmanager
def _opened(path: str, encoding: str) -> Iterator[IO[str]]:
    if path != "-":
        with open(path, encoding=encoding, newline="") as file:
            yield file
        return
    file = io.TextIOWrapper(sys.stdin.buffer, encoding, newline="")
    try:
        yield file
    finally:
        file.detach()  # or it would close standard input


class _Source:
    """The cells of one file as text, each row with its line number."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        names: Sequence[str] | None,
        delimiter: str,
        encoding: str,
        lines: Iterable[tuple[list[str], int]] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.delimiter = delimiter
        read = list(_lines(self.path, delimiter, encoding) if lines is None else lines)
        self.rows, self.lines = [row for row, _ in read], [line for _, line in read]
        if not self.rows:
            raise CSVError("the file is empty", self.path)
        if names is not None:
            self.names = tuple(names)
            self._check_names(None)
        else:
            header, line = self.rows.pop(0), self.lines.pop(0)
            self.names = tuple(name.strip() for name in header)
            self._check_names(line)
        self._check_widths()

    def go_on(self, lines: Iterable[tuple[list[str], int]]) -> bool:
        """Have the next lines of the file in place of these; whether there are any."""
        read = list(lines)
        self.rows, self.lines = [row for row, _ in read], [line for _, line in read]
        self._check_widths()
        return bool(read)

    def _check_names(self, line: int | None) -> None:
        if line is not None and all(_is_number(name) for name in self.names):
            raise CSVError(
                "the first line must name the columns, but it holds numbers",
                self.path,
                line,
                advice=". For a file without such a line, pass the names: names=[...]",
            )
        seen: set[str] = set()
        for place, name in enumerate(self.names, 1):
            if name in seen:
                raise CSVError(f"two columns are named {name!r}", self.path, line)
            if not name and line is not None:
                raise CSVError(
                    f"column {place} has no name. Give it one in the file",
                    self.path,
                    line,
                    advice=", or pass the names of all columns after removing this line: names=[...]",
                )
            seen.add(name)
        if not self.rows:
            raise CSVError("the file has a header and no rows", self.path)

    def _check_widths(self) -> None:
        width = len(self.names)
        for row, line in zip(self.rows, self.lines, strict=True):
            if len(row) != width:
                problem = f"this row has {_count(len(row), 'cell')}, the table has {_count(width, 'column')}"
                advice, about_file = self._other_delimiter()
                if advice:
                    problem += "."
                raise CSVError(problem, self.path, line, advice=advice, about_file=problem + about_file)

    def require(self, names: Sequence[str], argument: str) -> None:
        """An error that says which columns are not there, and for a single one names the nearest."""
        absent = [name for name in names if name not in self.names]
        if not absent:
            return
        hint, about_file = self._other_delimiter()
        near = nearest(absent[0], self.names) if len(absent) == 1 else None
        if near and not hint:
            hint = about_file = f" Did you mean {near!r}?"
        what, verb = ("column", "is") if len(absent) == 1 else ("columns", "are")
        columns = f"The columns are: {_listed(self.names)}"
        raise CSVError(
            f"{argument} names {what} {_listed(absent)}, which {verb} not there.{hint} {columns}",
            self.path,
            about_file=f"there {verb} no {what} {_listed(absent)}.{about_file} {columns}",
        )

    def _other_delimiter(self) -> tuple[str, str]:
        """What to do where something else seems to separate the columns, and all are taken for one: of read_csv, of predict."""
        others = [other for other in ";\t|," if other != self.delimiter and other in self.names[0]]
        if len(self.names) > 1 or not others:
            return "", ""
        holds = f" The first line holds {others[0]!r}"
        return (
            f"{holds}: pass delimiter={others[0]!r}.",
            f"{holds}: if that separates the columns, give --delimiter {others[0]!r}.",
        )

    def choose_features(
        self, features: Sequence[str] | None, target: tuple[str, ...], drop: tuple[str, ...]
    ) -> tuple[str, ...]:
        if isinstance(features, str):
            raise TypeError(f"features is a list of column names: features=[{features!r}]")
        self.require(drop, "drop=")
        if features is None:
            chosen = tuple(name for name in self.names if name not in target and name not in drop)
        else:
            chosen = tuple(features)
            self.require(chosen, "features=")
        if not chosen:
            raise CSVError("no column is left for the features", self.path)
        return chosen

    def numbers(self, names: tuple[str, ...], dtype: np.dtype, missing: float | None, advice: _Advice) -> np.ndarray:
        """The cells of some columns as numbers of a type, (rows, columns)."""
        places = [self.names.index(name) for name in names]
        cells = [[row[place] for place in places] for row in self.rows]
        try:
            values = np.array(cells, dtype=np.float64)
        except ValueError:
            values = None
        # NumPy reads "nan", "inf" and "1_000" as numbers.
        if values is None or not np.isfinite(values).all() or any("_" in "".join(r) for r in cells):
            rows = zip(cells, self.lines, strict=True)
            values = np.array([self._parsed(row, line, names, missing, advice) for row, line in rows])
        with np.errstate(over="ignore", invalid="ignore"):
            result = values.astype(dtype)
        if dtype.kind in "iu":
            self._correct(result, values, cells, names)
        for i, k in np.argwhere(np.isinf(result) if dtype.kind == "f" else result != values):
            raise CSVError(f"{cells[i][k]!r} does not fit in {dtype}", self.path, self.lines[i], names[k])
        return result

    def _correct(self, result: np.ndarray, values: np.ndarray, cells: list[list[str]], names: tuple[str, ...]) -> None:
        """Reads integers again that a float64 does not tell from their neighbours."""
        for i, k in np.argwhere(np.abs(values) >= _EXACT):
            text = cells[i][k].strip()
            try:
                result[i, k] = int(text)
            except ValueError:
                continue  # written with a point or an exponent
            except OverflowError:
                raise CSVError(f"{text!r} does not fit in {result.dtype}", self.path, self.lines[i], names[k]) from None
            values[i, k] = result[i, k]

    def _parsed(
        self,
        cells: list[str],
        line: int,
        names: tuple[str, ...],
        missing: float | None,
        advice: _Advice,
    ) -> list[float]:
        numbers = []
        for cell, column in zip(cells, names, strict=True):
            text = cell.strip()
            problem, help = None, ""
            if text.lower() in _MISSING:
                if missing is None:
                    problem, help = f"a value is missing ({cell!r}). Fill it in the file", advice.missing
            elif not _is_number(text):
                problem, help = f"{cell!r} is not a number", advice.text.format(column=column, cell=text)
            elif not math.isfinite(float(text)):
                problem = f"{cell!r} is not a finite number"
            if problem is not None:
                raise CSVError(problem, self.path, line, column, help)
            numbers.append(missing if missing is not None and text.lower() in _MISSING else float(text))
        return numbers

    def check_range(self, values: np.ndarray, names: tuple[str, ...], bounds: tuple[float, float]) -> None:
        low, high = bounds
        for i, k in np.argwhere((values < low) | (values > high)):
            place = self.names.index(names[k])
            raise CSVError(
                f"{self.rows[i][place]!r} lies outside {low} to {high}",
                self.path,
                self.lines[i],
                names[k],
            )

    def indices(self, names: tuple[str, ...], classes: tuple[str, ...]) -> np.ndarray:
        """The cells of some columns as positions in `classes`, (rows, columns)."""
        position = {text: index for index, text in enumerate(classes)}
        result = np.empty((len(self.rows), len(names)), dtype=np.int64)
        for k, name in enumerate(names):
            place = self.names.index(name)
            for i, row in enumerate(self.rows):
                text = row[place].strip()
                if text not in position:
                    raise CSVError(
                        f"{text!r} is none of the classes: {_listed(classes)}",
                        self.path,
                        self.lines[i],
                        name,
                    )
                result[i, k] = position[text]
        return result


def _is_number(text: str) -> bool:
    if "_" in text:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:40])
    return shown if len(names) <= 40 else f"{shown} and {len(names) - 40} more"
