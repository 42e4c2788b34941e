"""PyTorch's `torch.backends`, so that code which sets its switches runs. None of them changes anything here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Switches:
    """Attributes that may be set and read, and questions that are answered with no."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def is_available(self) -> bool:
        """False: only NumPy computes here."""
        return False

    def is_built(self) -> bool:
        """False: only NumPy computes here."""
        return False

    def version(self) -> None:
        """None: it is not here."""

    @contextmanager
    def flags(self, **values: Any) -> Iterator[None]:
        """Inside, the switches have these values."""
        before = dict(self.__dict__)
        self.__dict__.update(values)
        try:
            yield
        finally:
            self.__dict__.clear()
            self.__dict__.update(before)


cudnn = _Switches(benchmark=False, benchmark_limit=10, deterministic=False, enabled=True, allow_tf32=True)
cuda = _Switches(
    matmul=_Switches(
        allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
    )
)
mps = _Switches()
mkl = _Switches()
mkldnn = _Switches(enabled=True, deterministic=False)
openmp = _Switches()
