"""What is done to parameters and modules from outside: clipping, normalizing, pruning, parametrizing, packing.

`__init__.pyi` says where each function is.
"""

from framework import loading
from framework.coverage import getter

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter("nn.utils"))
