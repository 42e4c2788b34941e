"""Puts back what a run changed, so that it can be run again: memory, gradients, generators, versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.storage import INFERENCE
from framework.autograd.tensor import Tensor
from framework.compiler.tracing.tensors import version_of


class Snapshot:
    """The state of some arrays, tensors and generators at one moment."""

    def __init__(self, arrays: Iterable[ndarray], tensors: Iterable[Tensor], generators: Iterable[Any]) -> None:
        self.arrays = [(array, array.copy(order="K")) for array in arrays]
        self.tensors = [(tensor, tensor._grad, version_of(tensor)) for tensor in tensors]
        self.generators = [(generator, generator.state_array()) for generator in generators]

    def restore(self) -> None:
        """Everything is as it was."""
        for array, before in self.arrays:
            np.copyto(array, before)
        for tensor, gradient, version in self.tensors:
            tensor._grad = gradient
            if tensor._storage is not None and tensor._storage is not INFERENCE:
                tensor._storage.version = version
        for generator, state in self.generators:
            generator.set_state_array(state)

    def differs_from(self, other: Snapshot) -> str | None:
        """What is not the same to the last bit in another snapshot of the same things; None if all is."""
        for (array, one), (_, two) in zip(self.arrays, other.arrays, strict=True):
            if not same_bits(one, two):
                return f"an array of shape {array.shape} that it writes"
        for (tensor, old, _), (_, new, _) in zip(self.tensors, other.tensors, strict=True):
            if (old is None) != (new is None) or (
                old is not None and new is not None and not same_bits(old._array, new._array)
            ):
                return f"the gradient of a tensor of shape {tuple(tensor.shape)}"
        for (_, one), (_, two) in zip(self.generators, other.generators, strict=True):
            if not np.array_equal(one, two):
                return "the state of a random generator"
        return None


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same, nan for nan and zero by its sign."""
    if a is b:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    unsigned = f"u{a.dtype.itemsize}"
    one, two = np.ascontiguousarray(a), np.ascontiguousarray(b)
    if np.array_equal(one.view(unsigned), two.view(unsigned)):
        return True
    # A nan may have any sign and payload.
    return (
        a.dtype.kind == "f"
        and np.array_equal(one, two, equal_nan=True)
        and bool(np.all((np.signbit(one) == np.signbit(two)) | np.isnan(one)))
    )
