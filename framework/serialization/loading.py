"""`load`: what a file holds, whichever of the known formats it is in. The bytes decide, not the name."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from framework.autograd.grad_mode import mode
from framework.autograd.tensor import wrap
from framework.serialization import legacy, npy, npz, safetensors, torch_zip
from framework.serialization.archive import Archive, mapped
from framework.serialization.errors import LoadError
from framework.serialization.map_location import MapLocation, Places
from framework.serialization.options import maps_shared

__all__ = ["get_unsafe_globals_in_checkpoint", "load", "load_metadata"]

FileLike = str | os.PathLike[str] | IO[bytes]

_WHY_NO_PICKLE = (
    "a pickle may run any code, so none is ever unpickled here. Leave the argument out: tensors, numbers, texts and "
    "containers of these are loaded, and framework.serialization.add_safe_globals names further classes that you trust"
)


def load(
    f: FileLike,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """What `save` or PyTorch's `torch.save` wrote, or the tensors of a .npz, .npy or .safetensors file.

    Nothing in the file is run: what would be is refused by name, whatever `weights_only` says. bfloat16 comes as float32, with the same values.
    Tensors go to the CPU; for those that were saved from elsewhere, `map_location="cpu"` says that it is meant. With
    `mmap`, tensors are read from the disk when they are used. `encoding` is that of texts of Python 2.
    Raises LoadError, which is both an UnpicklingError and a RuntimeError, for what can't be loaded.
    """
    encoding = pickle_load_args.pop("encoding", "utf-8")
    pickle_load_args.pop("errors", None)
    if pickle_load_args:
        raise TypeError(f"load() got an unexpected keyword argument {next(iter(pickle_load_args))!r}")
    if pickle_module is not None:
        raise RuntimeError(f"Can not safely load weights when explicit pickle_module is specified: {_WHY_NO_PICKLE}")
    if mode.trace is not None:
        mode.trace.stop("load")
    places = Places(map_location)
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")
    with _named(f), _opened(f) as file:
        memory = mapped(f, maps_shared()) if mmap and os.path.getsize(file.fileno()) else None
        return _read(file, memory, places, encoding)


def _read(file: IO[bytes], memory: Any, places: Places, encoding: str) -> Any:
    start = file.tell()
    first = file.read(512)
    file.seek(start)
    if first.startswith((b"PK\3\4", b"PK\5\6")):
        archive = Archive(file, memory)
        folder = torch_zip.starts_at(archive)
        return npz.read(archive) if folder is None else torch_zip.read(archive, folder, places, encoding)
    if first.startswith(npy.MAGIC):
        return wrap(npy.array_of(_rest(file) if memory is None else np.frombuffer(memory, np.uint8)))
    if safetensors.starts_as(first):
        return safetensors.read(file, memory)
    for start_of_it, what in _OTHERS.items():
        if first.lstrip().lower().startswith(start_of_it):
            raise LoadError(f"it is {what}")
    if first[257:262] == b"ustar":
        raise LoadError(
            "it is a .tar file, as PyTorch before 0.2 wrote them, or holds one. Load and save it with a PyTorch between, "
            "or unpack it"
        )
    if not first:
        raise LoadError("it is empty" if not start else "it has been read to its end: call seek(0) first")
    if memory is not None:
        raise LoadError(
            "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True), please "
            "torch.save your checkpoint with this option in order to use mmap."
        )
    return legacy.read(file, places, encoding)


# How files start that are often met in place of tensors.
_OTHERS = {
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself. Fetch that: git lfs pull",
    b"<!doctype html": "a web page and not the file itself. Look at how it was downloaded",
    b"<html": "a web page and not the file itself. Look at how it was downloaded",
    b"\x89hdf": "an HDF5 file (Keras writes them). Load it with h5py, and make tensors of its arrays",
    b"\x1f\x8b": "compressed with gzip. Unpack it, or give load what gzip.open(...) gives",
    b"gguf": "a GGUF file, whose tensors are quantized. Look for the same weights as .safetensors",
}  # fmt: skip


def load_metadata(f: FileLike) -> dict[str, str]:
    """The texts that a .safetensors file holds beside its tensors."""
    with _named(f), _opened(f) as file:
        first = file.read(16)
        file.seek(-len(first), io.SEEK_CUR)
        if not safetensors.starts_as(first):
            raise LoadError("it is no .safetensors file, the only one to hold such texts")
        return safetensors.metadata_of(file)


def get_unsafe_globals_in_checkpoint(f: FileLike) -> list[str]:
    """Names in a file of `torch.save` that `load` would refuse."""
    import pickletools

    from framework.serialization.known import is_known

    with _named(f), _opened(f) as file:
        if file.read(4) != b"PK\3\4":
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        archive = Archive(file)
        folder = torch_zip.starts_at(archive)
        if folder is None:
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        found: dict[str, None] = {}
        texts: list[str] = []
        try:
            for code, argument, _ in pickletools.genops(torch_zip.pickle_of(archive, folder)):
                if code.name in ("GLOBAL", "INST", "STACK_GLOBAL"):
                    module, name = argument.split(" ", 1) if argument is not None else texts[-2:]
                    if not is_known(module, name):
                        found[f"{module}.{name}"] = None
                elif isinstance(argument, str):
                    texts.append(argument)
        except (ValueError, IndexError) as error:
            raise LoadError("it is damaged: its pickle is none") from error
        return list(found)


@contextmanager
def _opened(f: FileLike) -> Iterator[Any]:
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield file
        return
    try:
        f.seek(f.tell())
    except (io.UnsupportedOperation, AttributeError) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like "
            "io.BytesIO and try to load from it instead."
        ) from None
    yield _with_an_end(f)


def _with_an_end(file: IO[bytes]) -> IO[bytes]:
    """The file; where it can't tell its end, as gzip's can't, what is left of it in memory."""
    start = file.tell()
    try:
        file.seek(0, io.SEEK_END)
        file.seek(start)
    except (OSError, ValueError):
        return io.BytesIO(file.read())
    return file


@contextmanager
def _named(f: FileLike) -> Iterator[None]:
    """Has a LoadError say which file it is about."""
    try:
        yield
    except LoadError as error:
        name = os.fspath(f) if isinstance(f, (str, os.PathLike)) else "the file"
        raise LoadError(f"{name!s} can't be loaded: {error}") from error


def _rest(file: IO[bytes]) -> Any:
    return np.frombuffer(bytearray(file.read()), np.uint8)
