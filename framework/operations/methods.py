"""Tensor's methods: each loads the family that adds it when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from framework import coverage, loading, operations
from framework.autograd import Tensor, protocol

__all__ = ["load_all", "stand_in"]

_FAMILIES = {name: place.module for name, place in loading.places("framework.operations").items()}
# Methods that no function of the same name leads to: without a line here, all families are loaded to find one.
_FAMILIES |= {
    method: f"framework.operations.{family}"
    for family, methods in {
        "axes": "H T mH mT",
        "conversion": """
            bfloat16 bool byte char contiguous cpu cuda double float half int long short to type type_as
        """,
        "creation_methods": "new_empty new_full new_ones new_tensor new_zeros",
        "expansion": "expand expand_as repeat",
        "memory": "new_empty_strided",
        "overwriting": "apply_ copy_ map_",
        "reduction": "sum_to_size",
        "sampling": "cauchy_ exponential_ geometric_ log_normal_ random_ uniform_",
        "shape": "reshape_as view view_as",
        "sliding": "unfold",
        "storage": "is_set_to resize_ resize_as_ set_ storage untyped_storage",
        "strided": "fill_diagonal_",
    }.items()
    for method in methods.split()
}


class _Method:
    """Stands in Tensor for a method whose family is not loaded yet, or that is not here.

    A `__getattr__` of Tensor would slow all its other attributes.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, kind: type) -> Any:
        family = _FAMILIES.get(self.name) or _FAMILIES.get(self.name.removesuffix("_"))
        if family is not None:
            import_module(family)
        if vars(Tensor)[self.name] is self:
            load_all()
        if vars(Tensor)[self.name] is self:
            owner = f"type object {kind.__name__!r}" if tensor is None else f"{kind.__name__!r} object"
            raise coverage.MissingName(owner, "Tensor", self.name)
        return getattr(kind if tensor is None else tensor, self.name)


def stand_in() -> None:
    """Gives Tensor all of PyTorch's methods that it has not yet."""
    for name in coverage.names("Tensor"):
        if name not in vars(Tensor):
            setattr(Tensor, name, _Method(name))


@cache
def load_all() -> None:
    """Loads every family, so that the registry of operations and what NumPy's functions mean are whole."""
    from pkgutil import iter_modules

    for family in iter_modules(operations.__path__, f"{operations.__name__}."):
        import_module(family.name)


protocol.load_all = load_all
