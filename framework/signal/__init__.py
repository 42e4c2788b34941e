"""PyTorch's `torch.signal`: its windows."""

from framework.signal import windows

__all__ = ["windows"]
