"""Trains what a recipe describes, keeps what came of it in a run's directory, and takes it up again from there.

`__init__.pyi` says where each name is.
"""

from framework.loading import from_stub

__getattr__, __dir__, __all__ = from_stub(__name__)
