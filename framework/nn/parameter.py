"""`Parameter`: the tensors of a module that an optimizer changes."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.autograd.storage import storage_of
from framework.autograd.tensor import wrap
from framework.operations import empty, typename

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that a module lists among its parameters when it is assigned as an attribute.

    It shares the memory of `data`, and requires grad unless told otherwise.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        return _made(cls, data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        # As in PyTorch, without the gradient.
        gradient, self._grad = self._grad, None
        try:
            return super().__deepcopy__(memo)
        finally:
            self._grad = gradient

    # mypy forgets the name of a special method's argument.
    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a module lists among its buffers when it is assigned as an attribute."""

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        buffer = _made(cls, data, data is not None and data.requires_grad)
        buffer.persistent = persistent
        return buffer


def _made(cls: type[Tensor], data: Tensor | None, requires_grad: bool) -> Any:
    if data is None:
        data = empty(0)
    elif not isinstance(data, Tensor):
        raise TypeError(f"{cls.__name__} takes a tensor, not {typename(data)}: {cls.__name__}(framework.tensor(...))")
    if requires_grad and not data.is_floating_point():
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    result = wrap(data._array, cls)
    result._storage = storage_of(data)
    return result.requires_grad_(requires_grad)
