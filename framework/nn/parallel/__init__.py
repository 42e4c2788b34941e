"""Models on several devices or processes, under PyTorch's names: here there is one of each."""

from framework.nn.parallel.data_parallel import DataParallel, data_parallel
from framework.nn.parallel.distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]
