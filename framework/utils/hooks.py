"""What registering a hook returns, under PyTorch's name for its room."""

from framework.autograd.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
