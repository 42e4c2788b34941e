"""Where time goes: PyTorch's `torch.profiler`, and what `framework train --profile` is made of.

`__init__.pyi` says where each name is.
"""

from framework.loading import from_stub

__getattr__, __dir__, __all__ = from_stub(__name__)
