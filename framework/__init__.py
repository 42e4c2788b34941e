"""Train small and medium models on a CPU with PyTorch's API and nothing heavier than NumPy.

    import framework as torch

Every name here is PyTorch's, with its meaning; `__init__.pyi` lists them, and each is loaded when first used. `Recipe`,
`Trainer`, `build` and `extend` are framework's own.
"""

__version__ = "0.1.0"

from framework import autograd, loading, operations
from framework.coverage import getter
from framework.operations.out import taking_out

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter(""), finish=taking_out)
