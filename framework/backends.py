"""PyTorch's `torch.backends`, so that code which sets its switches runs. None of them changes anything here."""

from __future__ import annotations

from typing import Any


class _Switches:
    """Attributes that may be set and read, and an `is_available()` that says no."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def is_available(self) -> bool:
        """False: only NumPy computes here."""
        return False


cudnn = _Switches(benchmark=False, deterministic=False, enabled=True, allow_tf32=True)
cuda = _Switches(matmul=_Switches(allow_tf32=False))
mps = _Switches()
