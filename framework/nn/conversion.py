"""Other number types for a module's tensors, in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from mmap import mmap
from typing import TYPE_CHECKING, Any, Self

from numpy import ndarray

from framework.autograd import Tensor, device, dtype, no_grad
from framework.autograd.dtypes import float16, float32, float64
from framework.autograd.size import available
from framework.nn.parameter import is_lazy
from framework.operations import empty_like, from_numpy

if TYPE_CHECKING:
    from framework.nn.module import Module
    from framework.nn.parameter import Parameter

__all__ = ["Conversion"]


class Conversion:
    """The part of a Module that converts its parameters, gradients and buffers."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    children: Callable[[], Iterator[Module]]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the contents of parameters, their gradients and buffers by what `fn` gives."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            grad = parameter.grad
            with no_grad():
                parameter.data = fn(parameter)
                if grad is not None:
                    grad.data = fn(grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers to a dtype, or to that of a tensor.

        A device is taken when it is the CPU; `memory_format` is that of tensors of four or five dimensions. Raises
        TypeError for a dtype that is no float.
        """
        layout = kwargs.get("memory_format")
        kind = _asked(*args, **kwargs)
        if kind is not None and not kind.is_floating_point:
            raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={kind}")

        def converted(tensor: Tensor) -> Tensor:
            wanted = kind if tensor.is_floating_point() else None
            if layout is not None and tensor.dim() in (4, 5):
                return tensor.to(dtype=wanted, memory_format=layout)
            return tensor.to(dtype=wanted)

        return self if kind is None and layout is None else self._apply(converted)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Replace all parameters and buffers by new ones, their values not set."""
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse=recurse)

    def share_memory(self) -> Self:
        """Move all parameters and buffers to memory that processes forked from this one share, and can write to."""
        return self._apply(_shared)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._floating(float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._floating(float64)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._floating(float16)

    def bfloat16(self) -> Self:
        """Refused where there is a floating-point number: NumPy has no bfloat16."""
        return self._apply(lambda tensor: tensor.bfloat16() if tensor.is_floating_point() else tensor)

    def type(self, dst_type: dtype | str) -> Self:
        """Convert all parameters and buffers to a dtype."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def cuda(self, device: Any = None) -> Self:
        """Refused where there is anything to move: tensors live on the CPU."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def cpu(self) -> Self:
        """The module itself: it is on the CPU."""
        return self

    def _floating(self, kind: dtype) -> Self:
        return self._apply(lambda tensor: tensor.to(kind) if tensor.is_floating_point() else tensor)


def _shared(tensor: Tensor) -> Tensor:
    if is_lazy(tensor):
        tensor.share_memory_()
    memory = mmap(-1, max(tensor.nbytes, 1))
    result = from_numpy(ndarray(tuple(tensor.shape), tensor.dtype.numpy, memory))
    return result.copy_(tensor.detach())


def _asked(*given: Any, **named: Any) -> dtype | None:
    """The dtype among the arguments of `to`; checks the device among them."""
    kind = None
    for value in (*given, *(named.pop(name, None) for name in ("device", "dtype", "tensor"))):
        if isinstance(value, dtype):
            kind = value
        elif isinstance(value, Tensor):
            kind = value.dtype
        elif isinstance(value, str | device):
            available(value)
        elif value is not None and not isinstance(value, bool):
            raise TypeError(
                f"to() takes a dtype, a device or a tensor, not {type(value).__name__}: module.to(framework.float64)"
            )
    unknown = named.keys() - {"non_blocking", "memory_format"}
    if unknown:
        raise TypeError(f"to() got an unexpected keyword argument {unknown.pop()!r}")
    return kind
