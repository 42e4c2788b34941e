"""A tensor's memory itself: `untyped_storage`, and tensors that are given another part of it, or other memory."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import turned
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_writable
from framework.autograd.memory import address, capacity, geometry_of, owner_of, window
from framework.autograd.size import CPU, device
from framework.autograd.tensor import Tensor
from framework.operations.arguments import sizes
from framework.operations.creation_arguments import check_tensor, type_name
from framework.operations.strided import check_window

__all__ = ["UntypedStorage", "is_storage"]


class UntypedStorage:
    """The bytes that a tensor and its views share."""

    __slots__ = ("_array",)

    is_cuda = is_sparse = False

    def __init__(self, array: Any) -> None:
        self._array = owner_of(array)

    @property
    def device(self) -> device:
        """Where the bytes are: the CPU."""
        return CPU

    @property
    def _cdata(self) -> int:
        return id(self._array)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return address(self._array)

    def nbytes(self) -> int:
        """How many bytes there are."""
        return int(self._array.nbytes)

    size = __len__ = nbytes

    def element_size(self) -> int:
        """Bytes of one element: 1."""
        return 1

    def tolist(self) -> list[int]:
        """The bytes as numbers."""
        return list(self._array.tobytes("A"))

    def __getitem__(self, index: int) -> int:
        return self.tolist()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and self._array is other._array

    def __hash__(self) -> int:
        return id(self._array)

    def __repr__(self) -> str:
        lines = "".join([f" {each}\n" for each in self.tolist()])
        return f"{lines}[torch.storage.UntypedStorage(device=cpu) of size {self.nbytes()}]"


class TypedStorage(UntypedStorage):
    """The elements of one type that a tensor and its views share."""

    __slots__ = ("_elements",)

    def __init__(self, array: Any) -> None:
        super().__init__(array)
        self._elements = _as_type(self._array, array.dtype)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._elements.dtype)

    def untyped(self) -> UntypedStorage:
        """The bytes."""
        return UntypedStorage(self._array)

    def size(self) -> int:
        """How many elements there are."""
        return int(self._elements.size)

    __len__ = size

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._elements.itemsize)

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return list(self._elements.tolist())

    def __repr__(self) -> str:
        lines = "".join([f" {each}\n" for each in self.tolist()])
        return f"{lines}[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {self.size()}]"


def is_storage(obj: Any) -> bool:
    """Whether an object is a tensor's storage."""
    return isinstance(obj, UntypedStorage)


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the tensor shares with its views."""
    return UntypedStorage(self._array)


_warned = False


def storage(self: Tensor) -> TypedStorage:
    """The memory that the tensor shares with its views, as elements of its type."""
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
            "class. This should only matter to you if you are using storages directly.  To access UntypedStorage "
            "directly, use tensor.untyped_storage() instead of tensor.storage()",
            UserWarning,
            stacklevel=2,
        )
    return TypedStorage(self._array)


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors show the same elements of one memory."""
    one, other = self._array, tensor._array
    return owner_of(one) is owner_of(other) and geometry_of(one) == geometry_of(other)


def set_(
    self: Tensor,
    source: Tensor | UntypedStorage | None = None,
    storage_offset: int = 0,
    size: Any = None,
    stride: Any = None,
) -> Tensor:
    """Has the tensor show the memory of another tensor or storage, a part of it if `size` is given; or none."""
    if source is not None and not isinstance(source, (Tensor, UntypedStorage)):
        raise TypeError(
            f"set_() received an invalid combination of arguments - got ({type_name(source)}), but expected one of:"
        )
    check_writable(self, bool(mode.recording))
    dtype = self._array.dtype
    if isinstance(source, Tensor):
        if source._array.dtype != dtype:
            raise RuntimeError(
                f"Could not set tensor of type {dtypes.c_name(source._array.dtype)} to a tensor of type {dtypes.c_name(dtype)}"
            )
        array = source._array
    else:
        array = np.empty(0, dtype) if source is None else _as_type(source._array, dtype)
    if size is not None:
        shape = sizes((size,), "set_")
        steps = _contiguous(shape) if stride is None else sizes((stride,), "set_", "stride")
        check_window(array, (shape, steps, storage_offset))
        array = window(array, (shape, steps, storage_offset))
    self._array = array
    self._bump()
    return self


def _as_type(owner: Any, dtype: np.dtype[Any]) -> Any:
    """All elements of a type that memory holds."""
    flat = owner if owner.flags.c_contiguous else turned(owner)
    return np.ndarray(owner.nbytes // dtype.itemsize, dtype, flat)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The steps of elements that lie one after the other."""
    return tuple([math.prod([max(size, 1) for size in shape[dim + 1 :]]) for dim in range(len(shape))])


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Gives the tensor another shape: its memory as it lies, with undefined new elements where that is too small."""
    if not size:
        raise TypeError('resize_() missing 1 required positional arguments: "size"')
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    try:
        shape = sizes(size, "resize_")
    except TypeError:
        raise TypeError(
            f"resize_(): argument 'size' (position 1) must be tuple of ints, not {type_name(size[0])}"
        ) from None
    if any(each < 0 for each in shape):
        raise RuntimeError("numel: integer multiplication overflow")
    check_writable(self, False)
    array = self._array
    if mode.trace is not None:
        mode.trace.stop("resize_")
    if array.shape != shape:
        start = geometry_of(array)[2]
        count = start + math.prod(shape)
        if count > capacity(array):
            held = _as_type(owner_of(array), array.dtype)
            array = np.empty(count, array.dtype)
            array[: held.size] = held
        self._array = window(array, (shape, _contiguous(shape), start))
    self._bump()
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another tensor."""
    check_tensor("resize_as_", "the_template", 1, the_template)
    return resize_(self, tuple(the_template._array.shape))


attach(is_set_to, resize_, resize_as_, set_, storage, untyped_storage)
