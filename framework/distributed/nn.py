"""Collective calls through which gradients would flow, under PyTorch's names: there is no process group."""

from framework.distributed.one_process import all_gather, all_reduce, broadcast, gather, reduce, reduce_scatter, scatter

__all__ = ["all_gather", "all_reduce", "broadcast", "gather", "reduce", "reduce_scatter", "scatter"]
