"""PyTorch's `utils.dlpack` names."""

from framework.operations.dlpack import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
