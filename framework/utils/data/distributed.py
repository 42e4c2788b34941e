"""PyTorch's `utils.data.distributed`."""

from framework.data import DistributedSampler

__all__ = ["DistributedSampler"]
