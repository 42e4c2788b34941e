"""What tensors that share memory have in common: the count of writes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.autograd.nodes import new

if TYPE_CHECKING:
    from framework.autograd.tensor import Tensor


class Storage:
    """What a tensor and its views share: how often their memory was written, and by what last.

    `writer`, set where the write was recorded, is the identity of the base's array and the title of its new node.
    """

    __slots__ = ("version", "writer")

    version: int
    writer: tuple[int, str] | None


class _InferenceStorage:
    """The storage of every tensor made in inference mode: it has no version to check."""

    __slots__ = ()

    @property
    def version(self) -> int:
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
            "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and "
            "use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
        )

    @version.setter
    def version(self, value: int) -> None:
        raise AssertionError("unreachable: writes to inference tensors do not count versions")


INFERENCE: Any = _InferenceStorage()


def storage_of(tensor: Tensor) -> Any:
    """The tensor's storage record, made on first need: most tensors live and go without one."""
    storage = tensor._storage
    if storage is None:
        storage = tensor._storage = new(Storage)
        storage.version = 0
    return storage
