"""`save`: tensors and what lies around them into a file, which is there in full or not at all."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from typing import IO, Any

from framework.autograd.grad_mode import mode
from framework.errors import did_you_mean
from framework.files import writing
from framework.serialization import npy, npz, safetensors, torch_writing

__all__ = ["save"]

_FORMATS = ("npy", "npz", "pt", "safetensors")


def save(
    obj: Any,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
    *,
    format: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Saves tensors, numbers, texts and containers of these: a module's or an optimizer's `state_dict()`, most often.

    A name that ends in .npz or .safetensors gets a file of that kind, for dicts of tensors only, and .npy one for a
    single tensor; any other the kind that PyTorch's `torch.load` reads, also with `weights_only=True`. `format` ("pt",
    "npz", "npy", "safetensors") says it for a file object, or in spite of the name. `metadata` is a dict of texts that a .safetensors file keeps. The pickle
    within a .pt file is always of protocol 2.
    An older file stays whole until the new one is. Raises TypeError, naming the place, for what no file holds.
    """
    _check_pickle(pickle_module, pickle_protocol)
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    if mode.trace is not None:
        mode.trace.stop("save")
    kind = _format(f, format)
    if metadata is not None and kind != "safetensors":
        raise ValueError(f"metadata is for .safetensors files, and this is a .{kind} one: put it into obj")

    def write(file: IO[bytes]) -> None:
        if kind == "npy":
            npy.write(obj, file)
        elif kind == "npz":
            npz.write(obj, file)
        elif kind == "safetensors":
            safetensors.write(obj, file, metadata)
        elif _use_new_zipfile_serialization:
            torch_writing.write(obj, file, not _disable_byteorder_record)
        else:
            torch_writing.write_legacy(obj, file)

    if not isinstance(f, (str, os.PathLike)):
        write(f)
        if hasattr(f, "flush"):
            f.flush()
        return
    folder = os.path.dirname(os.path.realpath(f))
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {os.path.dirname(os.fspath(f))} does not exist.")
    with writing(f) as file:
        write(file)


def _check_pickle(module: Any, protocol: Any) -> None:
    if module is not None and module is not pickle:
        raise ValueError(
            f"pickle_module={getattr(module, '__name__', module)!r}: nothing is pickled by another module here. Leave it "
            "out"
        )
    if type(protocol) is not int or protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickle protocol must be <= {pickle.HIGHEST_PROTOCOL}")


def _format(f: Any, format: str | None) -> str:
    if format is None:
        extension = os.path.splitext(os.fspath(f))[1][1:].lower() if isinstance(f, (str, os.PathLike)) else ""
        return extension if extension in _FORMATS else "pt"
    if format not in _FORMATS:
        raise ValueError(f"no format {format!r}.{did_you_mean(str(format), _FORMATS)}")
    return format
