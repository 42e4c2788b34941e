"""The in-place forms of views: `x.t_()` changes how `x` itself reads its memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_history
from framework.autograd.nodes import rename
from framework.autograd.tensor import Tensor, wrap

# The names of the nodes, which PyTorch numbers after those of the forms that are not in-place.
_NODES = {
    "AsStridedBackward0": "AsStridedBackward1",
    "SqueezeBackward0": "SqueezeBackward3",
    "SqueezeBackward1": "SqueezeBackward4",
    "SqueezeBackward2": "SqueezeBackward5",
    "TBackward0": "TBackward1",
    "TransposeBackward0": "TransposeBackward1",
    "UnsqueezeBackward0": "UnsqueezeBackward1",
}


def inplace_view(function: Callable[..., Tensor], name: str | None = None) -> Callable[..., Tensor]:
    """The in-place form of a function that gives a view of its first argument."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        _check(self)
        before = wrap(self._array)
        before._edge, before._requires_grad = self.edge, self._requires_grad
        before._storage, before._view = self._storage, self._view
        result = function(before, *args, **kwargs)
        self._array, self._storage = result._array, result._storage
        self._bump()
        if not mode.recording:
            return self
        self._edge, self._requires_grad = result._edge, result._requires_grad
        if self._view is not None:
            self._view = result._view
            self._view.version = self._version  # type: ignore[union-attr]
        if self._edge is not None:
            node = self._edge[0]
            rename(node, _NODES.get(node.name(), node.name()))
        return self

    method.__name__ = method.__qualname__ = name or f"{function.__name__}_"
    method.__doc__ = f"`{method.__name__[:-1]}`, done to this tensor itself."
    return method


def _check(tensor: Tensor) -> None:
    """Raises PyTorch's error for a leaf that requires grad, or a view of one."""
    if mode.recording and tensor.requires_grad:
        check_history(tensor)
