"""The rules, in plain NumPy: every function of tensors, one file for each family.

`__init__.pyi` says which family a function is in. A family is loaded when one of its functions, or of the methods of
`Tensor` that it adds, is first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from framework import loading

__getattr__, __dir__, __all__ = loading.from_stub(__name__)


class _Families(ModuleType):
    """Keeps a family from hiding the function it is named after: `operations.softmax` is the function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in __all__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Families

# Python looks for an operator, such as `__add__`, past any stand-in; and most programs use some.
from framework.operations import (  # noqa: E402
    arithmetic,
    comparison,
    division,
    dlpack,
    from_data,
    indexing,
    logic,
    matmul,
    methods,
    pointwise,
    power,
    rearranging,
)

methods.stand_in()
