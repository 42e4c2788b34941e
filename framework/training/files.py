"""Files that are there in full or not at all: JSON, and named arrays without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framework.errors import UserError
from framework.files import writing

__all__ = ["read_arrays", "read_json", "write_arrays", "write_json", "writing"]


def write_json(path: Path, value: Any) -> None:
    """Write a JSON value, indented for people."""
    with writing(path) as file:
        file.write((json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; UserError when it is not one."""
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is damaged: it is not JSON ({error}).") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as .npz; the same arrays give the same bytes."""
    import zipfile

    with writing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # NumPy's own savez stamps the time, and takes no array called "file".
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read named arrays from .npz; nothing in the file is run."""
    from zipfile import BadZipFile

    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as error:  # NumPy's words would advise to unpickle it
        raise UserError(f"{path} is damaged: it is not an .npz archive of plain arrays.") from error
    except (BadZipFile, EOFError) as error:
        raise UserError(f"{path} is damaged: {str(error).rstrip('.')}.") from error
