"""Checkpoints of a run: each a folder that is there whole or not at all, and that knows when it is damaged.

RUN/checkpoints/step-00000123/
    weights.npz    the model's parameters and buffers
    state.npz      all other arrays
    state.json     the tree that holds them, as `state_tree` writes it
    manifest.json  step, epoch, batch, metrics, why it was written; size and hash of each file. Written last
RUN/last, RUN/best  links to checkpoints

A second checkpoint of the same step is step-00000123.2 and takes the place of the first.
A run directory has one writer at a time: it holds the `RunLock`.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError
from framework.files import sync_folder
from framework.training.checkpoints.folders import (
    FOLDER,
    CheckpointError,
    checkpoint_folders,
    clean_up,
    folder_name,
    link,
    linked,
    number_of,
    remove,
    set_aside,
    step_of,
    told,
    undone,
    versions_of,
)
from framework.training.checkpoints.state_tree import in_layout, layout, pack, unpack
from framework.training.files import arrays_in, put_arrays

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Summary",
    "checkpoints",
    "clean_up",
    "link",
    "linked",
    "newest_valid",
    "read_checkpoint",
    "remove",
    "set_aside",
    "write_checkpoint",
]

FORMAT = 1
WEIGHTS, STATE_ARRAYS, STATE, MANIFEST = "weights.npz", "state.npz", "state.json", "manifest.json"


class NewerFormatError(UserError):
    """A checkpoint is whole, and was written by a newer version."""


@dataclass(frozen=True)
class Summary:
    """What a checkpoint's manifest says: `info` is what its writer gave, and `step` is part of it."""

    path: Path
    info: dict[str, Any]

    @property
    def step(self) -> int:
        """After which step it was written."""
        return self.info["step"]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics known at that step."""
        return self.info.get("metrics") or {}


@dataclass(frozen=True)
class Checkpoint(Summary):
    """A checkpoint that was read, and is whole: the weights by name, and the state, in memory of their own."""

    weights: dict[str, np.ndarray]
    state: Any


def write_checkpoint(
    run_folder: str | Path,
    info: Mapping[str, Any],
    weights: Mapping[str, Tensor | np.ndarray],
    state: Any,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Write a checkpoint, point `last` at it, and return its folder; when this returns, it is on the disk.

    `info` holds the step as an integer, and what else the manifest is to say (epoch, batch, metrics, why), without
    arrays. A checkpoint of the same step is replaced, and links to it are led to the new one.
    UserError when the state holds what cannot be kept, or when the disk takes no more: nothing is left behind then,
    and the checkpoints before are untouched. What goes wrong once it is there is told to `report`, if that is given.
    """
    run_folder = Path(run_folder)
    arrays = {name: _plain(name, each) for name, each in weights.items()}
    tree, state_arrays = pack(state)
    about, no_arrays = pack(dict(info), "info")
    if no_arrays:
        raise UserError(f"The manifest of a checkpoint holds no arrays, and info has {', '.join(no_arrays)}.")
    layouts = {name: axes for name, each in arrays.items() if (axes := layout(each)) != sorted(axes)}
    tree = _json({"state": tree, "layouts": layouts})

    home = run_folder / FOLDER
    step = int(info["step"])
    same = versions_of(home, step)
    path = home / folder_name(step, number_of(same[0]) + 1 if same else 1)
    temporary = home / f".{path.name}.tmp-{os.getpid()}"
    with told(f"The checkpoint of step {step} could not be written", home), undone(temporary):
        if not home.is_dir():
            home.mkdir()
            sync_folder(run_folder)
        temporary.mkdir()
        files = {
            WEIGHTS: _write(temporary / WEIGHTS, lambda file: put_arrays(file, arrays)),
            STATE_ARRAYS: _write(temporary / STATE_ARRAYS, lambda file: put_arrays(file, state_arrays)),
            STATE: _write(temporary / STATE, lambda file: file.write(tree)),
        }
        manifest = _manifest_of(about, files)
        _write(temporary / MANIFEST, lambda file: file.write(manifest))
        sync_folder(temporary)
        os.rename(temporary, path)
        sync_folder(home)
    try:
        _succeed(run_folder, path, same)
    except UserError as error:
        if report is None:
            raise
        report(str(error))
    return path


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint, after its files were found to be as they were written.

    CheckpointError, naming the file, when it is damaged; UserError when a newer version wrote it.
    """
    path = Path(path)
    manifest = _manifest(path)
    files = manifest["files"]
    with _checked(path / STATE, files) as file:
        text = file.read()
    with _checked(path / STATE_ARRAYS, files) as file:
        arrays = arrays_in(file, path / STATE_ARRAYS)
    with _checked(path / WEIGHTS, files) as file:
        weights = arrays_in(file, path / WEIGHTS)
    # The bytes are those that were written: what is wrong now was wrong then, in any of many ways.
    try:
        tree = json.loads(text)
        for name, axes in tree["layouts"].items():
            weights[name] = in_layout(np.ascontiguousarray(weights[name].transpose(axes)), axes)
        return Checkpoint(path, manifest["info"], weights, unpack(tree["state"], arrays))
    except Exception as error:
        raise CheckpointError(f"{path / STATE} is damaged: it holds no state ({error}).") from error


def checkpoints(run_folder: str | Path, report: Callable[[str], None] | None = None) -> list[Summary]:
    """What the run's checkpoints say of themselves, newest first; their files are not read.

    Those without a sound manifest are left out, and told to `report`.
    """
    found = []
    for path in checkpoint_folders(Path(run_folder) / FOLDER):
        try:
            found.append(Summary(path, _manifest(path)["info"]))
        except UserError as error:
            if report is not None:
                report(str(error))
    return found


def newest_valid(run_folder: str | Path, report: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None; `report` is told of each damaged one that is passed over.

    UserError when a newer version wrote one: going on from an older one would lose what that version did.
    """
    for path in checkpoint_folders(Path(run_folder) / FOLDER):
        try:
            return read_checkpoint(path)
        except CheckpointError as error:
            report(f"{error} It is passed over.")
    return None


# Writing


def _succeed(run_folder: Path, path: Path, same: list[Path]) -> None:
    """Let a new checkpoint be the last, in the place of those of the same step."""
    link(run_folder, "last", path)
    if linked(run_folder, "best") in same:
        link(run_folder, "best", path)
    for each in same:
        remove(each)


class _Hashing:
    """A file to write, which keeps the hash and the count of the bytes that went by."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: Any) -> None:
        self._hash.update(data)
        self._size += len(data)
        self._file.write(data)

    def entry(self) -> dict[str, Any]:
        return {"size": self._size, "sha256": self._hash.hexdigest()}


def _write(path: Path, put: Callable[[Any], Any]) -> dict[str, Any]:
    """Write a new file to the disk; returns its size and hash."""
    try:
        with open(path, "xb") as file:
            hashing = _Hashing(file)
            put(hashing)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = os.fspath(path)
        raise
    return hashing.entry()


def _manifest_of(info: Any, files: Mapping[str, Any]) -> bytes:
    manifest: dict[str, Any] = {"format": FORMAT, "info": info, "files": files}
    manifest["sha256"] = hashlib.sha256(_json(manifest)).hexdigest()
    return (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode()


def _plain(name: str, weight: Any) -> np.ndarray:
    if isinstance(weight, Tensor):
        return weight.detach().numpy()
    if isinstance(weight, np.ndarray) and not weight.dtype.hasobject:
        return weight
    raise UserError(
        f"weights[{name!r}] is of the type {type(weight).__name__}, and weights are Tensors and arrays of numbers: "
        "give what else a checkpoint is to hold in the state."
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


# Reading


def _manifest(path: Path) -> dict[str, Any]:
    """The manifest of a checkpoint, its `info` unpacked."""
    place = path / MANIFEST
    with _opened(place) as file:
        text = file.read()
    try:
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            raise ValueError("it holds no JSON object")
        claimed = manifest.pop("sha256", None)
        if claimed != hashlib.sha256(_json(manifest)).hexdigest():
            raise ValueError("its own hash differs")
        if manifest["format"] > FORMAT:
            raise NewerFormatError(
                f"{path} was written by a newer version of framework, in format {manifest['format']}: "
                f"this one reads format {FORMAT} and older. Update it: pip install -U framework-train"
            )
        manifest["info"] = unpack(manifest["info"], {})
        if step_of(path) not in (None, manifest["info"]["step"]):
            raise ValueError(f"it is of step {manifest['info']['step']}")
        if not isinstance(manifest["files"], dict):
            raise ValueError("it names no files")
    except NewerFormatError:
        raise
    except Exception as error:
        raise CheckpointError(f"{place} is damaged: {error or type(error).__name__}.") from error
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A file of a checkpoint to read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise CheckpointError(f"{path} is damaged: it is no file.")
        with open(path, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


@contextmanager
def _checked(path: Path, files: Mapping[str, Any]) -> Iterator[Any]:
    """A file of a checkpoint to read, whose size and hash are as the manifest says."""
    with _opened(path) as file:
        entry = files.get(path.name)
        if not isinstance(entry, dict):
            raise CheckpointError(f"{path.with_name(MANIFEST)} is damaged: it does not know {path.name}.")
        size = os.fstat(file.fileno()).st_size
        if size != entry.get("size"):
            raise CheckpointError(f"{path} is damaged: it has {size} bytes, and had {entry.get('size')}.")
        if hashlib.file_digest(file, "sha256").hexdigest() != entry.get("sha256"):
            raise CheckpointError(f"{path} is damaged: its bytes are not those that were written.")
        file.seek(0)
        try:
            yield file
        except CheckpointError:
            raise
        except UserError as error:
            raise CheckpointError(str(error)) from error
