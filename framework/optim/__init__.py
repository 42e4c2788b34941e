"""Optimizers: what changes a model's parameters by their gradients, and schedules of their rates.

`__init__.pyi` says where each is.
"""

from framework import loading
from framework.coverage import getter

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter("optim"))
