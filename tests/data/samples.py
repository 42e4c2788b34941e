"""Datasets that a spawned worker can import."""

import os
import time

import framework
from framework.data import Dataset


class Wide(Dataset):
    """Samples large enough to be sent in shared memory, of several types and layouts."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        large = framework.full((201, 101), float(i))
        return {
            "large": large,
            "half": large.half(),
            "wide": framework.arange(20001) + i,
            "small": framework.tensor([i, i]),
            "empty": framework.ones(0, 3),
            "flag": framework.full((70001,), i % 2 == 0),
        }


class Sleepy(Dataset):
    """Takes its time, and can end its process."""

    def __init__(self, seconds=0.0, die_at=None):
        self.seconds, self.die_at = seconds, die_at

    def __len__(self):
        return 8

    def __getitem__(self, i):
        time.sleep(self.seconds)
        if i == self.die_at:
            os._exit(3)
        return i


def transposed(samples):
    """A batch whose memory is in the reverse order of its axes."""
    return framework.stack([sample["large"] for sample in samples]).permute(2, 1, 0)
