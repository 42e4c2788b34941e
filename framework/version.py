"""PyTorch's `torch.version`: what this was built with."""

from __future__ import annotations

__all__ = ["cuda", "debug", "git_version", "hip", "xpu"]

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
debug = False
git_version = ""
