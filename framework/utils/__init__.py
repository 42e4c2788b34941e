"""PyTorch's `utils` names; the work is done in the rooms they come from."""

from framework.utils import checkpoint, data, dlpack, hooks, model_zoo

__all__ = ["checkpoint", "data", "dlpack", "hooks", "model_zoo"]
