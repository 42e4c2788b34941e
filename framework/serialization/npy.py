"""NumPy's .npy format: one array, read without trust."""

from __future__ import annotations

import io
import math
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from framework.autograd import Tensor, dtypes
from framework.serialization.errors import LoadError, shown

__all__ = ["MAGIC", "array_of", "parts_of", "write"]

MAGIC = b"\x93NUMPY"


def array_of(raw: Any) -> Any:
    """The array that the bytes of a file hold, in the memory of these bytes where that can be."""
    file = io.BytesIO(memoryview(raw)[: 1 << 16])
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise LoadError(f"its .npy version is {version}, which only records have. Save each field as an array")
        shape, fortran, dtype = read(file)
    except LoadError:
        raise
    # NumPy reads the header with a parser for literals, which may raise nearly anything over a damaged one.
    except Exception as error:
        raise LoadError("it is damaged: the header of its array is none") from error
    if dtype.hasobject:
        raise LoadError("it holds an array of objects, which could be code. Save numbers only")
    try:
        kind = dtypes.from_numpy(dtype).dtype
    except TypeError:
        raise LoadError(f"its array is of type {shown(dtype)}, which no tensor has. Save numbers only") from None
    data = raw[file.tell() :]
    if any([type(each) is not int or each < 0 for each in shape]):
        raise LoadError("it is damaged: the shape of its array is none")
    size = math.prod(shape) * dtype.itemsize
    if size != data.size:
        raise LoadError(f"it is damaged: its array needs {size} bytes, and there are {data.size}")
    if data.__array_interface__["data"][0] % dtype.itemsize:
        data = data.copy()
    try:
        array = np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    except (ValueError, OverflowError) as error:
        raise LoadError(f"it is damaged: the shape of its array is none ({error})") from error
    return array if array.dtype is kind else array.astype(kind)


def write(tensor: Any, file: IO[bytes]) -> None:
    """Writes a tensor."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f".npy holds one tensor, not a value of type {type(tensor).__name__}. Save it as .pt")
    header, elements = parts_of(tensor.detach().numpy())
    file.write(header)
    file.write(memoryview(elements).cast("B") if elements.size else b"")


def parts_of(array: Any) -> tuple[bytes, Any]:
    """A header and the elements in order, as a .npy file has them."""
    ordered = np.asarray(array, order="C")
    header = io.BytesIO()
    about = {"descr": ordered.dtype.str, "fortran_order": False, "shape": ordered.shape}
    npy.write_array_header_1_0(header, about)
    return header.getvalue(), ordered
