"""The share of a dataset that one of several processes trains on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from typing import Any

from framework.data.sampler import Sampler
from framework.random import Generator

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index from `rank` on, in an order that all processes share.

    All get equally many: some samples come twice, or with `drop_last` the last are left out. The order is by `seed` and
    the epoch: call `set_epoch(epoch)` before each, or all are the same.
    Raises RuntimeError unless it is told both numbers, ValueError for a rank outside them.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "Requires distributed package to be available. Say how many processes there are, and which this is: "
                "DistributedSampler(dataset, num_replicas=4, rank=0)"
            )
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        spare = num_replicas if drop_last and size % num_replicas else 0
        self.num_samples = math.ceil((size - spare) / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        indices: list[Any] = list(range(size))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            indices = generator.permutation(size).tolist()
        if not self.drop_last and size:
            indices *= math.ceil(self.total_size / size)
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch, by which the order changes."""
        self.epoch = epoch
