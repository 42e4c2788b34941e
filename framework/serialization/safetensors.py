"""The safetensors format: eight bytes for the length of a JSON header, the header, and the tensors' bytes.

It is written and read here, without the safetensors package: the format is these few lines, and the package adds a
compiled dependency for what NumPy does as fast.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from framework.serialization.archive import fill
from framework.serialization.errors import LoadError, shown
from framework.serialization.npz import check_names
from framework.serialization.storages import Memory, element_type

__all__ = ["metadata_of", "read", "starts_as", "write"]

_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
    "C64": "complex64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
_NAMES = {name: short for short, name in _TYPES.items()}
_METADATA = "__metadata__"
# The format's own bound.
_LONGEST_HEADER = 100_000_000


def write(state: Any, file: IO[bytes], metadata: Mapping[str, str] | None = None) -> None:
    """Writes a flat dict of tensors. `metadata` is a dict of texts."""
    check_names(state, ".safetensors", nested=False)
    if _METADATA in state:
        raise ValueError(f"a tensor of a .safetensors file can't be named {_METADATA!r}: give it another name")
    header: dict[str, Any] = {}
    if metadata:
        if not all([isinstance(each, str) for pair in metadata.items() for each in pair]):
            raise TypeError("metadata is a dict of texts: {'name': 'text'}")
        header[_METADATA] = dict(metadata)
    # The largest elements first, so that all lie at multiples of their size.
    items = sorted(state.items(), key=lambda item: (-item[1].itemsize, item[0]))
    place = 0
    for name, tensor in items:
        end = place + tensor.nbytes
        header[name] = {
            "dtype": _NAMES[tensor.dtype.name], "shape": list(tensor.shape), "data_offsets": [place, end],
        }  # fmt: skip
        place = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, tensor in items:
        array: Any = np.asarray(tensor.detach().numpy(), order="C")
        file.write(
            memoryview(array if sys.byteorder == "little" else array.byteswap()).cast("B") if array.size else b""
        )


def starts_as(first: bytes) -> bool:
    """Whether a file that starts so may be of this format."""
    return len(first) > 8 and first[8:9] == b"{" and int.from_bytes(first[:8], "little") <= _LONGEST_HEADER


def metadata_of(file: IO[bytes]) -> dict[str, str]:
    """The texts that a file holds beside its tensors."""
    return _header(file)[0]


def read(file: IO[bytes], mapped: Any = None) -> dict[str, Any]:
    """The tensors of a file, from where it stands; in its map, if there is one."""
    _, entries, start = _header(file)
    end = file.seek(0, io.SEEK_END)
    found = {}
    place = 0
    # In the order in which they lie: each starts where the one before ended, and the last ends with the file.
    for name, (kind, shape, first, last) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if first != place or last - first != math.prod(shape) * kind.itemsize or start + last > end:
            raise LoadError(f"it is damaged: the place of {shown(name)} does not fit its shape, or overlaps another")
        place = last
        if mapped is not None and last > first:
            raw = np.frombuffer(mapped, np.uint8, last - first, start + first)
        else:
            raw = np.empty(last - first, np.uint8)
            file.seek(start + first)
            fill(file, raw)
        found[name] = _tensor(name, kind, shape, raw)
    if start + place != end:
        raise LoadError("it is damaged: there are bytes behind its last tensor, or some are missing")
    return {name: found[name] for name in entries}


def _tensor(name: str, kind: Any, shape: tuple[int, ...], raw: Any) -> Any:
    strides = tuple([math.prod([max(size, 1) for size in shape[dim + 1 :]]) for dim in range(len(shape))])
    try:
        return Memory(raw, kind, "little").tensor(kind, 0, shape, strides)
    except LoadError as error:
        raise LoadError(f"{shown(name)}: {error}") from error


def _header(file: IO[bytes]) -> tuple[dict[str, str], dict[str, Any], int]:
    """Texts, what is said of each tensor, and where the bytes start."""
    start = file.tell()
    length = int.from_bytes(file.read(8), "little")
    left = file.seek(0, io.SEEK_END) - start - 8
    if length > min(left, _LONGEST_HEADER):
        raise LoadError(f"it is damaged: its header would be {length} bytes long")
    file.seek(start + 8)
    try:
        header = json.loads(file.read(length).decode(), object_pairs_hook=_once, parse_constant=_once)
    except (ValueError, RecursionError) as error:
        raise LoadError("it is damaged: its header is no JSON") from error
    if type(header) is not dict:
        raise LoadError("it is damaged: its header is no JSON object")
    texts = header.pop(_METADATA, None) or {}
    if type(texts) is not dict or not all([type(each) is str for each in texts.values()]):
        raise LoadError("it is damaged: its metadata is no dict of texts")
    return texts, {name: _entry(name, about) for name, about in header.items()}, start + 8 + length


def _once(pairs: Any) -> dict[str, Any]:
    found = dict(pairs) if type(pairs) is list else {}
    if len(found) != len(pairs):
        raise LoadError("it is damaged: its header names a tensor twice, or holds a number that is none")
    return found


def _entry(name: str, about: Any) -> tuple[Any, tuple[int, ...], int, int]:
    if type(about) is not dict or about.keys() != {"dtype", "shape", "data_offsets"}:
        raise LoadError(f"it is damaged: what its header says of {shown(name)} makes no sense")
    shape, place = about["shape"], about["data_offsets"]
    sound = type(shape) is list and type(place) is list and len(place) == 2
    if not sound or any([type(each) is not int or not 0 <= each < 1 << 62 for each in (*shape, *place)]):
        raise LoadError(f"it is damaged: what its header says of {shown(name)} makes no sense")
    kind = element_type(_TYPES.get(about["dtype"], "")) if type(about["dtype"]) is str else None
    if kind is None:
        raise LoadError(f"{shown(name)} is of type {shown(about['dtype'])}, which no tensor here has")
    kind.required()
    return kind, tuple(shape), place[0], place[1]
