"""Models and their parts: `Module`, layers, losses, and how their parameters start. `__init__.pyi` says where each is."""

from framework import loading
from framework.coverage import getter

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter("nn"))
