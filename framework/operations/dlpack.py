"""Tensors shared with other libraries by DLPack, memory and all, through NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.autograd.attach import attach
from framework.autograd.tensor import wrap
from framework.operations.creation_arguments import read_device
from framework.operations.from_data import check_array

__all__ = ["from_dlpack", "to_dlpack"]


class _Capsule:
    """A capsule as an object that NumPy takes."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor around the memory of another library's array, or of a capsule that `to_dlpack` gave."""
    if hasattr(ext_tensor, "__dlpack__"):
        given = ext_tensor
    elif type(ext_tensor).__name__ == "PyCapsule":
        given = _Capsule(ext_tensor)
    else:
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you "
            "might have already constructed a tensor from it once."
        )
    read_device(device)
    array = np.from_dlpack(given)
    check_array(array)
    return wrap(array.copy() if copy else array)


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule with the tensor's memory, to be taken once."""
    return _export(tensor)


def _export(
    self: Tensor, *, stream: Any = -1, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    """A capsule with the tensor's memory, for `from_dlpack` of any library."""
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream not in (None, -1):
        raise AssertionError("stream should be None on cpu.")
    options: dict[str, Any] = {}
    if max_version is not None:
        options["max_version"] = max_version
    if copy is not None:
        options["copy"] = copy
    return self._array.__dlpack__(**options)


def _where(self: Tensor) -> tuple[int, int]:
    """DLPack's numbers of the device: the CPU."""
    return self._array.__dlpack_device__()


attach(named={"__dlpack__": _export, "__dlpack_device__": _where})
