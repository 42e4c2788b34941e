"""`Variable`: PyTorch's older name of a tensor that may require grad."""

from __future__ import annotations

from typing import Any

from framework.autograd.tensor import Tensor


class _VariableType(type):
    """Makes every tensor an instance, and the call give one."""

    def __call__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Tensor:
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableType):
    """`Variable(data, requires_grad=False)`: the tensor's memory as a leaf; `isinstance(x, Variable)` is true of all."""
