"""The rows of indexing, gathering, masks, diagonals and rearranging."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

ALL = slice(None)
# Operations that add up at an index write with `np.add.at`, which a device has its own way for.
HOST = {"device": False}


def basic(r):
    return [
        (r(3, 4), (1, ...)),
        (r(3, 4), (slice(1, 3), ...)),
        (r(3, 4), (..., slice(0, 4, 2))),
        (r(3, 4), (None, 2, None, slice(1, None))),
        (r(4), (-1, ...)),
        (r(), (None, ...)),
    ]


def advanced(r):
    ints = np.array([0, 2, 2, -1])
    mask = np.array([[True, False], [False, True], [True, True]])
    return [
        (r(3, 4), (ints,)),
        (r(3, 4), (np.array([[0, 1], [1, 1]]),)),
        (r(3, 4), (ALL, ints)),
        (r(3, 4, 2), (ints, ALL, np.array([1, 1, 0, 1]))),
        (r(3, 4, 2), (ALL, np.array([[0], [3]]), np.array([[1, 1]]))),
        (r(3, 2), (mask,)),
        (r(2, 3, 2), (ALL, mask)),
        (r(3, 4), (np.array([], np.int64),)),
    ]


def accumulated(r):
    return [(r(*one[index].shape), one.shape, index) for one, index in advanced(r)]


def along(r):
    return [
        (r(3, 4), 0, np.array([[0, 2, 2, 1], [1, 1, 0, 0]])),
        (r(3, 4), 1, np.array([[0], [3], [1]])),
        (r(3, 4), 1, np.array([[0, 0, 3]])),
        (r(5), 0, np.array([4, 4, 4, 0])),
        (r(), 0, np.array(0)),
        (r(2, 3, 4), 1, np.zeros((2, 1, 4), np.int64)),
    ]


def scattered(r):
    calls = [(0, np.array([[0, 2, 1, 1], [1, 0, 0, 0]]), (2, 4)), (1, np.array([[0], [3], [1]]), (3, 2))]
    return [(r(3, 4), dim, index, r(*source)) for dim, index, source in calls]


def named(r):
    return [
        (r(3, 4), 0, np.array([2, 0])),
        (r(3, 4), 1, np.array([1, 3, 0])),
        (r(3), 0, np.array([1])),
        (r(2, 3, 2), 1, np.array([], np.int64)),
    ]


def slices(r):
    return [(a, dim, index, r(*a.shape[:dim], len(index), *a.shape[dim + 1 :])) for a, dim, index in named(r)]


def masked(r):
    return [
        (r(2, 3), r.mask(2, 3)),
        (r(2, 3), r.mask(3)),
        (r(3), r.mask(2, 3)),
        (r(2, 3), r.mask(2, 1)),
        (r(), r.mask()),
    ]


def square(r):
    return [(r(3, 4), 0, 0, 1), (r(3, 4), -1, 0, 1), (r(2, 3, 4), 1, 1, 2), (r(2, 3, 4), 0, 2, 0)]


ROWS = [
    *[Row(name, basic) for name in ("select", "slice", "newaxis", "alias")],
    Row("place_slice", lambda r: [(r(3), (2, 3), (1, ...)), (r(2, 1, 2), (2, 4), (ALL, None, slice(0, 4, 2)))]),
    Row("index", advanced, HOST),
    Row("accumulate", accumulated, HOST),
    Row(
        "index_put",
        lambda r: [
            (r(3, 4), r(2, 4), (np.array([2, 0]),), False),
            (r(3, 4), r(4), (np.array([2, 2, 0]),), True),
            (r(3, 4), r(), (r.mask(3, 4),), False),
            (r(3, 4), r(3, 2), (ALL, np.array([1, 3])), False),
            (r(3, 4), r(3, 3), (ALL, np.array([1, 3, 1])), True),
        ],
        HOST,
    ),
    Row("index_select", named, HOST),
    Row("gather", along, HOST),
    Row("accumulate_along", lambda r: [(r(*i.shape), a.shape, dim, i) for a, dim, i in along(r)], HOST),
    Row(
        "scatter",
        lambda r: [
            (r(3, 4), 0, np.array([[0, 2, 1, 1], [1, 0, 0, 0]]), r(2, 4)),
            (r(3, 4), 1, np.array([[0], [3], [1]]), r(3, 2)),
            (r(), 0, np.array(0), r()),
        ],
        HOST,
    ),
    Row("scatter_value", lambda r: [(*call[:3], 1.5) for call in scattered(r)], HOST),
    Row("scatter_add", scattered, HOST),
    Row("take", lambda r: [(r(3, 4), np.array([[0, 5], [-1, 5]])), (r(3), np.array(1)), (r(), np.array([0, 0]))], HOST),
    Row(
        "index_add", lambda r: [(*call, 1) for call in slices(r)] + [(r(3, 2), 0, np.array([1, 1]), r(2, 2), 2.5)], HOST
    ),
    Row("index_copy", slices, HOST),
    Row("index_fill", lambda r: [(*call, 1.5) for call in named(r)], HOST),
    Row("index_fill_tensor", lambda r: [(*call, r()) for call in named(r)], HOST),
    Row("where", lambda r: [(r.mask(2, 3), r(2, 3), r(2, 3)), (r.mask(3), r(2, 1), r(3)), (r.mask(2, 3), r(), r(3))]),
    Row("masked_fill", lambda r: [(mask, a, 2.0) for a, mask in masked(r)]),
    Row("masked_fill_tensor", lambda r: [(mask, a, r()) for a, mask in masked(r)]),
    Row("masked_select", masked, HOST),
    Row("masked_scatter", lambda r: [(a, mask, r(8)) for a, mask in masked(r)], HOST),
    Row("tril", lambda r: [(r(3, 4), 0), (r(2, 3, 3), 1), (r(4, 2), -1)]),
    Row("triu", lambda r: [(r(3, 4), 0), (r(2, 3, 3), 1), (r(4, 2), -1)]),
    Row("diagonal", square, HOST),
    Row("place_diagonal", lambda r: [(r(3), (3, 4), 0, 0, 1), (r(2, 2), (2, 3, 4), -1, 1, 2)], HOST),
    Row("diagonal_copy", lambda r: [(r(3, 4), 0), (r(3, 4), 1), (r(3, 4), -2)], HOST),
    Row("diag_embed", lambda r: [(r(3), 0, 0, 1), (r(2, 3), 1, 1, 2), (r(2, 3), -1, 0, 2)], HOST),
    Row("flip", lambda r: [(r(2, 3), (0,)), (r(2, 3), (0, 1)), (r(3), ()), (r(), ())]),
    Row("roll", lambda r: [(r(2, 3), 1, None), (r(2, 3), (1, -2), (0, 1)), (r(4), (7,), (0,))]),
]
