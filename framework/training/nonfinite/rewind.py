"""Goes back to before a step, so that a step that went wrong can be looked at, left out, or done again.

rewind = Rewind(model, optimizer)
for batch in data:
    rewind.note()
    …           # where something goes wrong: rewind.rewind()
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.random import default_generator

__all__ = ["Rewind"]


class Rewind:
    """What a step changes before the update: random numbers drawn, buffers written, gradients added to.

    `note` is cheap: it keeps the generator's state only where that has moved since, buffers only where they were
    written, and gradients only where they add up over batches. What the model keeps as plain attributes stays as it is.
    """

    def __init__(self, model: Any, optimizer: Any = None) -> None:
        self._buffers = [
            _Buffer(module._buffers, name)
            for module in model.modules()
            for name, each in module._buffers.items()
            if each is not None
        ]
        groups = getattr(optimizer, "param_groups", None)
        updated = [each for group in groups or () for each in group["params"]]
        self._parameters = list(dict.fromkeys([*model.parameters(), *updated]))
        self._gradients: list[tuple[Tensor, Any]] = []
        self._place: Any = object()
        self._state: Any = None

    def note(self, owed: bool = False) -> None:
        """Remember how everything is. owed: gradients of earlier batches wait for an update."""
        place = default_generator.place()
        if place != self._place:
            self._state = default_generator.mark()
            self._place = default_generator.place()
        for each in self._buffers:
            if each.holder.get(each.name) is not each.tensor or each.storage.version != each.version:
                each.note()
        if owed:
            self._gradients = [
                (each, each._grad._array.copy("K")) for each in self._parameters if each._grad is not None
            ]
        elif self._gradients:
            self._gradients = []

    def rewind(self) -> None:
        """Put everything back to how it was at the last `note`."""
        default_generator.return_to(self._state)
        self._place = default_generator.place()
        for each in self._buffers:
            each.put_back()
        for parameter in self._parameters:
            parameter._grad = None
        for parameter, gradient in self._gradients:
            parameter._grad = wrap(gradient.copy("K"))


class _Buffer:
    """A buffer in its place in a module, and its values at the last note."""

    __slots__ = ("holder", "name", "storage", "tensor", "values", "version")

    def __init__(self, holder: dict[str, Any], name: str) -> None:
        self.holder, self.name = holder, name
        self.values: Any = None
        self.tensor: Any = None
        self.note()

    def note(self) -> None:
        tensor = self.tensor = self.holder.get(self.name)
        if not isinstance(tensor, Tensor) or tensor._storage is INFERENCE:
            # Nothing there, or what nobody may write to.
            self.storage, self.version, self.values = _Unwritten, 0, None
            return
        self.storage = storage_of(tensor)
        self.version = self.storage.version
        if self.values is not None and self.values.shape == tensor._array.shape:
            np.copyto(self.values, tensor._array)
        else:
            self.values = tensor._array.copy("K")

    def put_back(self) -> None:
        self.holder[self.name] = self.tensor
        if self.values is not None:
            np.copyto(self.tensor._array, self.values)
            # Who kept the buffer for a backward pass is to notice.
            self.storage.version += 1
            self.version = self.storage.version


class _Unwritten:
    version = 0
