"""Make a tensor of the type of another: `t.new_zeros(2, 3)`, `t.new_tensor([1, 2])`."""

from __future__ import annotations

from typing import Any

from framework.autograd import Size, Tensor
from framework.autograd.attach import attach
from framework.operations.creation import empty, full, ones, zeros
from framework.operations.creation_arguments import finish, read_device, read_dtype
from framework.operations.from_data import _advise_clone, constructed, copy_of


def new(self: Tensor, *data: Any, device: Any = None, **named: Any) -> Tensor:
    """A tensor of the type of this one, of a shape or from data: `t.new(2, 3)`, `t.new([1, 2])`."""
    if named.keys() == {"size"}:
        data = (Size(named["size"]), *data)
    elif named.keys() == {"data"}:
        data = (named["data"], *data)
    elif named:
        raise TypeError(f"new() got an unexpected keyword argument '{next(iter(named))}'")
    made: Tensor = constructed(Tensor, data, device, self.dtype)
    return made


def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The data, copied, in the type of this tensor."""
    if isinstance(data, Tensor):
        _advise_clone("tensor.new_tensor(sourceTensor)")
    read_device(device)
    target = read_dtype("new_tensor", dtype) or self._array.dtype
    return finish(copy_of(data, target), requires_grad)


def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`fill_value` everywhere, in the type of this tensor."""
    return full(size, fill_value, dtype=dtype or self._array.dtype, device=device, requires_grad=requires_grad)


def _new(name: str, create: Any, doc: str) -> Any:
    def method(
        self: Tensor,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **named: Any,
    ) -> Tensor:
        made: Tensor = create(
            *size, dtype=dtype or self._array.dtype, device=device, requires_grad=requires_grad, **named
        )
        return made

    method.__name__ = method.__qualname__ = name
    method.__doc__ = doc
    return method


attach(
    new,
    new_tensor,
    new_full,
    _new("new_zeros", zeros, "Zeros in the type of this tensor: `t.new_zeros(2, 3)`."),
    _new("new_ones", ones, "Ones in the type of this tensor: `t.new_ones(2, 3)`."),
    _new("new_empty", empty, "Uninitialised memory in the type of this tensor: `t.new_empty(2, 3)`."),
)
