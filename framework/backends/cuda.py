"""PyTorch's `torch.backends.cuda`: there is no CUDA; the ways of attention can be switched, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

__all__ = [
    "cudnn_sdp_enabled",
    "enable_cudnn_sdp",
    "enable_flash_sdp",
    "enable_math_sdp",
    "enable_mem_efficient_sdp",
    "flash_sdp_enabled",
    "is_built",
    "is_flash_attention_available",
    "math_sdp_enabled",
    "mem_efficient_sdp_enabled",
    "sdp_kernel",
]

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_accumulation=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
)

_attention = {"cudnn": True, "flash": True, "math": True, "mem_efficient": True}


def is_built() -> bool:
    """False: only NumPy computes here."""
    return False


def is_flash_attention_available() -> bool:
    """False: attention is computed in one way."""
    return False


def _switch(way: str) -> tuple[Any, Any]:
    def enable(enabled: bool) -> None:
        _attention[way] = bool(enabled)

    def is_enabled() -> bool:
        return _attention[way]

    enable.__name__ = enable.__qualname__ = f"enable_{way}_sdp"
    enable.__doc__ = "Keeps the answer for the question beside it; attention is computed in one way."
    is_enabled.__name__ = is_enabled.__qualname__ = f"{way}_sdp_enabled"
    is_enabled.__doc__ = "What was set last."
    return enable, is_enabled


enable_cudnn_sdp, cudnn_sdp_enabled = _switch("cudnn")
enable_flash_sdp, flash_sdp_enabled = _switch("flash")
enable_math_sdp, math_sdp_enabled = _switch("math")
enable_mem_efficient_sdp, mem_efficient_sdp_enabled = _switch("mem_efficient")


@contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:
    """Inside, the switches have these values."""
    before = dict(_attention)
    _attention.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield
    finally:
        _attention.update(before)
