"""Sequences of different lengths for recurrent layers: packed, padded, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np

from framework.autograd import Tensor
from framework.autograd.dtypes import int64
from framework.autograd.tensor import wrap
from framework.operations import arange, as_tensor, empty_like, sort
from framework.operations.packing import batch_sizes_of, pack_steps, pad_steps, sizes_of
from framework.operations.packing import pad_sequence as padded

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """The steps of a batch of sequences one after the other: `data` (N, …), of which each step has `batch_sizes` rows.

    Sequences stand from the longest to the shortest; `sorted_indices` say where each was, `unsorted_indices` where it
    is. `pack_padded_sequence` and `pack_sequence` make it.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """With the data converted as `Tensor.to` does."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """Itself: it is on the CPU."""
        return self.to(*args, **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """Raises, as `Tensor.cuda` does."""
        self.data.cuda(*args, **kwargs)
        return self

    def pin_memory(self) -> Self:
        """Itself, where `Tensor.pin_memory` allows it."""
        return type(self)(self.data.pin_memory(), *self[1:])

    def double(self) -> Self:
        """With the data as float64."""
        return self._converted("double")

    def float(self) -> Self:
        """With the data as float32."""
        return self._converted("float")

    def half(self) -> Self:
        """With the data as float16."""
        return self._converted("half")

    def long(self) -> Self:
        """With the data as int64."""
        return self._converted("long")

    def int(self) -> Self:
        """With the data as int32."""
        return self._converted("int")

    def short(self) -> Self:
        """With the data as int16."""
        return self._converted("short")

    def char(self) -> Self:
        """With the data as int8."""
        return self._converted("char")

    def byte(self) -> Self:
        """With the data as uint8."""
        return self._converted("byte")

    def _converted(self, name: str) -> Self:
        return self.to(getattr(self.data, name)().dtype)

    @property
    def is_cuda(self) -> bool:
        """False: it is on the CPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data's memory is pinned."""
        return bool(self.data.is_pinned())


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one; None for None."""
    if permutation is None:
        return None
    places = arange(0, permutation.numel())
    return empty_like(permutation).scatter_(0, permutation, places.to(permutation.dtype))


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Iterable[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs sequences that stand side by side, (T, B, …) or, with `batch_first`, (B, T, …), of these lengths.

    They must stand from the longest to the shortest, unless `enforce_sorted` is False: then they are sorted. Raises
    RuntimeError for lengths that do not fit.
    """
    given = None if isinstance(lengths, Tensor) or not enforce_sorted else [int(each) for each in lengths]
    counted = lengths.to(int64) if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=int64)
    sorted_indices = None
    if not enforce_sorted:
        counted, sorted_indices = sort(counted, descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    if counted.dim() != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {counted.dim()}D cpu Long tensor"
        )
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    batch = input.size(1)
    if counted.size(0) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {counted.size(0)} (batch_size={batch})"
        )
    counts = counted.tolist() if given is None else given
    if counts != sorted(counts, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do "
            "not need ONNX exportability."
        )
    if counts[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if counts[0] > input.size(0):
        raise RuntimeError(f"Expected lengths of at most {input.size(0)}, the length of the input, but got {counts[0]}")
    sizes = tuple([sum(count > step for count in counts) for step in range(counts[0])])
    return PackedSequence(pack_steps(input, sizes), batch_sizes_of(sizes), sorted_indices)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The sequences side by side, (T, B, …) or, with `batch_first`, (B, T, …), and their lengths.

    `total_length` makes T larger than the longest sequence. ValueError where it is shorter.
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    sizes = sizes_of(sequence.batch_sizes)
    out = pad_steps(sequence.data, sizes, longest if total_length is None else total_length, sizes[0], padding_value)
    lengths = wrap(np.array([sum(size > number for size in sizes) for number in range(sizes[0])]))
    out = out.transpose(0, 1) if batch_first else out
    order = sequence.unsorted_indices
    if order is None:
        return out, lengths
    return out.index_select(0 if batch_first else 1, order), lengths[order]


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (L, …) side by side, (T, B, …) or, with `batch_first`, (B, T, …), with `padding_value` beyond their ends."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    return padded(tuple(sequences), batch_first, padding_value, padding_side)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences that stand side by side, each as long as it is."""
    if not batch_first:
        padded_sequences.transpose_(0, 1)
    places = arange(padded_sequences.shape[1])
    return [sequence[places < length] for sequence, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences (L, …), which stand from the longest to the shortest, unless `enforce_sorted` is False."""
    lengths = as_tensor([each.size(0) for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed one, each as long as it is."""
    sequences, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(sequences, lengths, batch_first=True)
