"""Where equal elements end up in the C++ library's unstable algorithms, by which PyTorch sorts and selects.

What they do to a list depends on nothing but comparisons, so PyTorch's indices of equal elements can be told from the
keys alone. Each function takes keys and gives the places of the elements in the order the algorithm leaves them in.
These are loops over Python lists, for short rows with ties in them: without ties any algorithm finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Rows of more elements than this, all together, keep the order of a stable sort: loops over them would take too long.
LIMIT = 2048

Keys = Sequence[Any]


def runs(values: Any) -> Any:
    """For sorted rows: which run of equal elements each belongs to, counted from 0; all nans are equal."""
    found = np.zeros(values.shape, np.int64)
    after, before = values[..., 1:], values[..., :-1]
    new = after != before
    if values.dtype.kind == "f":
        new &= (after == after) | (before == before)
    np.cumsum(new, axis=-1, out=found[..., 1:])
    return found


def ranks(order: Any, values: Any) -> Any:
    """For rows and their sorted values: the rank of each element, equal for equals."""
    found = np.empty(order.shape, np.int64)
    np.put_along_axis(found, order, runs(values), -1)
    return found


def rearranged(rows: Any, algorithm: Callable[..., list[int]], *args: Any) -> Any:
    """The places that an algorithm gives for each row of keys."""
    several = np.reshape(rows, (-1, rows.shape[-1])).tolist()
    return np.array([algorithm(row, *args) for row in several], np.int64).reshape(rows.shape)


def introsort(keys: Keys) -> list[int]:
    """`std::sort`: quicksort down to 16 elements, then insertion sort, which leaves equals as they stand."""
    order = list(range(len(keys)))
    _sort(keys, order, len(order))
    return order


def nth_element(keys: Keys, nth: int, sort: bool = False) -> list[int]:
    """`std::nth_element`; then, with `sort`, `std::sort` of those before the nth."""
    order = list(range(len(keys)))
    first, last = 0, len(order)
    while last - first > 3:
        cut = _partition(keys, order, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    order[first:last] = sorted(order[first:last], key=keys.__getitem__)
    if sort:
        _sort(keys, order, nth)
    return order


def partial_sort(keys: Keys, middle: int) -> list[int]:
    """`std::partial_sort`: a heap of the smallest found so far, emptied at the end."""
    order = list(range(len(keys)))
    for root in range((middle - 2) // 2, -1, -1):
        _sift(keys, order, root, middle, order[root])
    for place in range(middle, len(order)):
        if keys[order[place]] < keys[order[0]]:
            one, order[place] = order[place], order[0]
            _sift(keys, order, 0, middle, one)
    for end in range(middle - 1, 0, -1):
        one, order[end] = order[end], order[0]
        _sift(keys, order, 0, end, one)
    return order


def quickselect(keys: Keys, nth: int) -> list[int]:
    """Hoare's selection with the median of three as pivot, as `kthvalue` does it."""
    order = list(range(len(keys)))
    low, high = 0, len(order) - 1

    def swap_if_greater(a: int, b: int) -> None:
        if keys[order[a]] > keys[order[b]]:
            _swap(order, a, b)

    while high > low + 1:
        _swap(order, (low + high) // 2, low + 1)
        swap_if_greater(low + 1, high)
        swap_if_greater(low, high)
        swap_if_greater(low + 1, low)
        pivot = keys[order[low]]
        left, right = low + 1, high
        while True:
            left += 1
            while keys[order[left]] < pivot:
                left += 1
            right -= 1
            while keys[order[right]] > pivot:
                right -= 1
            if right < left:
                break
            _swap(order, left, right)
        _swap(order, low, right)
        if right <= nth:
            low = left
        if right >= nth:
            high = right - 1
    if high == low + 1:
        swap_if_greater(low, high)
    return order


def _swap(order: list[int], a: int, b: int) -> None:
    order[a], order[b] = order[b], order[a]


def _sort(keys: Keys, order: list[int], end: int) -> None:
    """Sorts the first elements of an order in place."""
    parts = [(0, end)]
    while parts:
        first, last = parts.pop()
        while last - first > 16:
            cut = _partition(keys, order, first, last)
            parts.append((cut, last))
            last = cut
    for place in range(1, end):
        # Written out, since nans have no order that `sorted` could go by.
        one = order[place]
        key = keys[one]
        if key < keys[order[0]]:
            order[1 : place + 1] = order[:place]
            order[0] = one
            continue
        while key < keys[order[place - 1]]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = one


def _partition(keys: Keys, order: list[int], first: int, last: int) -> int:
    """Parts a range at the median of its second, middle and last element; gives where the upper part begins."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    x, y, z = keys[order[a]], keys[order[b]], keys[order[c]]
    if x < y:
        median = b if y < z else c if x < z else a
    else:
        median = a if x < z else c if y < z else b
    _swap(order, first, median)
    pivot = keys[order[first]]
    low, high = first + 1, last
    while True:
        while keys[order[low]] < pivot:
            low += 1
        high -= 1
        while pivot < keys[order[high]]:
            high -= 1
        if low >= high:
            return low
        _swap(order, low, high)
        low += 1


def _sift(keys: Keys, heap: list[int], hole: int, size: int, one: int) -> None:
    """Fills a hole of a heap: larger children rise to the bottom, then `one` rises from there."""
    top = hole
    child = 2 * hole + 2
    while child < size:
        if keys[heap[child]] < keys[heap[child - 1]]:
            child -= 1
        heap[hole] = heap[child]
        hole, child = child, 2 * child + 2
    if child == size:
        heap[hole] = heap[child - 1]
        hole = child - 1
    while hole > top and keys[heap[(hole - 1) // 2]] < keys[one]:
        heap[hole] = heap[(hole - 1) // 2]
        hole = (hole - 1) // 2
    heap[hole] = one
