"""PyTorch's `utils` names; the work is done in the rooms they come from."""

from framework.utils import checkpoint, data, dlpack, hooks

__all__ = ["checkpoint", "data", "dlpack", "hooks"]
