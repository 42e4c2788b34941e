"""Random values of known distributions: `sample`, `log_prob`, `entropy`, `kl_divergence`, and gradients through samples.

`__init__.pyi` says where each is.
"""

from framework import loading
from framework.coverage import getter

__getattr__, __dir__, __all__ = loading.from_stub(__name__, missing=getter("distributions"))
