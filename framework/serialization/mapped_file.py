"""`from_file`: a tensor whose memory is a file of raw numbers."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.operations.creation_arguments import default_dtype, finish, read_device, read_dtype, type_name

__all__ = ["from_file"]


def from_file(
    filename: str,
    shared: bool | None = None,
    size: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The first `size` numbers of a file, read from the disk when they are used.

    With `shared`, writes reach the file, which is made or grows as needed; else they stay in this process.
    """
    if not isinstance(filename, str):
        raise TypeError(f"from_file(): argument 'filename' (position 1) must be str, not {type_name(filename)}")
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"from_file(): argument 'size' must be int, not {type_name(size)}")
    read_device(device)
    kind = read_dtype("from_file", dtype)
    kind = default_dtype() if kind is None else kind
    needed = size * kind.itemsize
    if needed < 0:
        raise RuntimeError(f"unable to mmap {needed} bytes from file <{filename}>: Cannot allocate memory (12)")
    try:
        descriptor = os.open(filename, os.O_RDWR | os.O_CREAT if shared else os.O_RDONLY, 0o600)
    except OSError as error:
        way = "read-write" if shared else "read-only"
        raise RuntimeError(
            f"unable to open file <{filename}> in {way} mode: {error.strerror} ({error.errno})"
        ) from error
    with os.fdopen(descriptor, "r+b" if shared else "rb") as file:
        held = os.path.getsize(descriptor)
        if held < needed:
            if not shared:
                raise RuntimeError(
                    f"file <{filename}> size <{held}> is smaller than the required mapping size <{needed}>"
                )
            file.truncate(needed)
        if not needed:
            return finish(np.empty(0, kind), requires_grad)
        memory = mmap.mmap(descriptor, needed, access=mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY)
    return finish(np.frombuffer(memory, kind), requires_grad)
