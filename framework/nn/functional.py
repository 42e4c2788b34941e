"""The functions behind the layers: activations, losses, dropout, on tensors alone. `functional.pyi` lists them."""

from framework import loading
from framework.coverage import getter

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter("nn.functional"))
