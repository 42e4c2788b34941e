"""The permutation that a forward Fisher–Yates shuffle makes, found without walking through its swaps."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def shuffled_one_by_one(n: int, words: list[int]) -> list[int]:
    """The integers 0 to n - 1 after the swaps of places i and i + `words[i]` mod (n - i), i = 0, 1, …, n - 2."""
    values = list(range(n))
    for place, word in enumerate(words):
        other = place + word % (n - place)
        values[place], values[other] = values[other], values[place]
    return values


def shuffled(target: Array) -> Array:
    """`arange(n)` after the swaps of places i and `target[i]` (int64, i <= target[i] < n), i = 0, 1, …, n - 1.

    Step i ends with place i final: it takes what place `target[i]` holds, which is what the last earlier step
    with that target put there, or else the place's own number. What a step puts there is what place i itself
    held, which some earlier step put there, and so on: these chains are followed all at once, by doubling.
    """
    n = target.size
    if n < 2:
        return np.arange(n)
    step = np.arange(n)
    stays = np.flatnonzero(target == step)
    target = target.copy()
    target[stays] = n  # out of the way: such a step moves nothing
    key = (target << 32) | step
    key.sort()
    order, place = key & 0xFFFFFFFF, key >> 32
    repeated = place[1:] == place[:-1]

    origin = np.arange(n + 1)
    last = np.flatnonzero(~np.append(repeated, False))
    origin[place[last]] = order[last]
    while True:
        further = origin[origin]
        if np.array_equal(further, origin):
            break
        origin = further

    again = np.flatnonzero(repeated)
    target[order[again + 1]] = origin[order[again]]
    target[stays] = origin[stays]
    return target
