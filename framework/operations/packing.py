"""Sequences of different lengths as one tensor: padded to the longest, or packed step by step with nothing between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.recurrence import Sizes, spans

__all__ = ["batch_sizes_of", "pack_steps", "pad_sequence", "pad_steps", "sizes_of"]


def batch_sizes_of(sizes: Sizes) -> Tensor:
    """The sizes of steps as a tensor, which remembers them: a compiled program need not ask for its values."""
    made = wrap(np.array(sizes))
    made.__dict__["steps"] = made._version, sizes
    return made


def sizes_of(batch_sizes: Tensor) -> Sizes:
    """The sizes of steps that a tensor holds."""
    version, sizes = batch_sizes.__dict__.get("steps", (None, ()))
    return sizes if version == batch_sizes._version else tuple(batch_sizes.tolist())


@operation(grad_fn="PackPaddedSequenceBackward0")
def pack_steps(input: Any, sizes: Sizes) -> Any:
    """Of each step (T, B, …) the first sequences, as many as `sizes` says: (N, …)."""
    return np.concatenate([input[step, :size] for step, size in enumerate(sizes)])


@operation(grad_fn="CopySlices")
def pad_steps(data: Any, sizes: Sizes, steps: int, batch: int, value: float) -> Any:
    """Packed steps (N, …) with `value` where a sequence is over: (steps, batch, …)."""
    out = np.full_like(data, value, shape=(steps, batch, *data.shape[1:]))
    for step, (start, stop) in enumerate(spans(sizes)):
        out[step, : stop - start] = data[start:stop]
    return out


pack_steps.add_derivative(
    lambda g, input_shape, sizes: pad_steps(g, sizes, input_shape[0], input_shape[1], 0.0), "input"
)
pad_steps.add_derivative(lambda g, sizes: pack_steps(g, sizes), "data")


@operation(name="pad_sequence", grad_fn="CopySlices", sequence=True)
def _pad_sequence(sequences: Any, batch_first: bool, value: float, left: bool) -> Any:
    longest = max(each.shape[0] for each in sequences)
    first = sequences[0]
    lead = (len(sequences), longest) if batch_first else (longest, len(sequences))
    out = np.full_like(first, value, shape=(*lead, *first.shape[1:]))
    rows = out if batch_first else np.swapaxes(out, 0, 1)
    for number, each in enumerate(sequences):
        rows[number, _places(each.shape[0], longest, left)] = each
    return out


def _places(length: int, longest: int, left: bool) -> slice:
    return slice(longest - length, longest) if left else slice(0, length)


@_pad_sequence.derivative("sequences")
def _(g: Any, sequences_shape: Any, batch_first: bool, left: bool) -> Any:
    longest = g.shape[1 if batch_first else 0]
    found = []
    for number, shape in enumerate(sequences_shape):
        places = _places(shape[0], longest, left)
        part = g[number, places] if batch_first else g[places, number]
        # A sequence may have been broadcast to the width of the first.
        wide = tuple(axis for axis, size in enumerate(shape) if size != part.shape[axis])
        found.append(np.sum(part, axis=wide, keepdims=True) if wide else part)
    return found


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (L, …) side by side, (T, B, …) or, with `batch_first`, (B, T, …), with `padding_value` beyond their ends."""
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not sequences[0].dim():
        raise RuntimeError("pad_sequence: sequences need a dimension to be padded along, but got one of no dimensions")
    return _pad_sequence(list(sequences), batch_first, padding_value, padding_side == "left")
