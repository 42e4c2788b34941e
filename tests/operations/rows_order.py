"""Rows of sorting, selecting, quantiles, unique elements, searching, histograms, and reductions at an index."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

NO_TYPE = {"single": False}
HOST = {"device": False}
REFUSES = {"device": False, "refuses": True}


def sorts(stable):
    def samples(r):
        shapes = [((2, 3), 0), ((2, 3), 1), ((1, 3, 2), 1), ((4,), 0), ((), None)]
        return [(r.distinct(*shape), dim, down, stable) for shape, dim in shapes for down in (False, True)]

    return samples


def tops(r):
    calls = [((3, 2), 2, 0), ((2, 3), 2, 1), ((4,), 2, 0), ((1, 3, 2), 1, 1), ((), 1, None), ((4,), 0, 0)]
    return [(r.distinct(*shape), k, dim, largest, True) for shape, k, dim in calls for largest in (False, True)]


def along(*rest):
    def samples(r):
        return [
            (r.distinct(*shape), *rest, dim, keepdim)
            for shape, dim in (((2, 3), 0), ((2, 3), 1), ((4,), 0), ((), None))
            for keepdim in (False, True)
        ]

    return samples


def quantiles(r):
    calls = [
        ((2, 3), np.array([0.1, 0.77]), 0, False),
        ((2, 3), np.array(0.3), 1, True),
        ((4,), np.array([0.35]), None, True),
        ((2, 2), np.array(0.3), None, False),
    ]
    linear = [(r.distinct(*shape), q, dim, keepdim, "linear", False) for shape, q, dim, keepdim in calls]
    other = [
        (r.distinct(2, 3), np.array([0.4, 0.7]), 1, False, way, False)
        for way in ("lower", "higher", "midpoint", "nearest")
    ]
    return [*linear, *other, (r.distinct(4), np.array(0.3), 0, False, "linear", True)]


def runs(r):
    return [(r.distinct(3, 2), 0), (r.distinct(1, 4), 1), (r.distinct(), None)]


def reductions(r):
    index = np.array([[0, 1], [0, 1], [0, 0]])
    return [
        *[
            (r.distinct(2, 2), 0, index, r.distinct(3, 2) + 0.013, reduce, include)
            for reduce in ("sum", "prod", "mean", "amax", "amin")
            for include in (True, False)
        ],
        (r.distinct(3), 0, np.array([1, 1]), r.distinct(2) + 0.013, "mean", True),
        (r.distinct(), 0, np.array(0), r.distinct() + 0.013, "prod", True),
    ]


def slices(r):
    index = np.array([[1], [1], [0]])
    return [
        (r.distinct(2, 1), 0, index, r.distinct(3, 1) + 0.013, reduce, include)
        for reduce in ("prod", "mean", "amax", "amin")
        for include in (True, False)
    ]


def puts(r):
    return [
        (r(2, 3), np.array([1, 5]), r(2), False),
        (r(2, 3), np.array([[1, 1], [0, 2]]), r(2, 2), True),
        (r(), np.array(0), r(), False),
    ]


def covariances(r):
    return [(r(2, 3), None, 2.0), (r(4), None, 3.0), (r(2, 3), r.positive(3), 2.5), (r(1, 3), r.positive(3), 2.0)]


EDGES = (np.array([-2.0, -1.0, 0.5, 2.0]), np.array([-2.0, 0.0, 2.0]))

ROWS = [
    Row("sort", sorts(False)),
    Row("sort_stable", sorts(True)),
    Row("argsort", sorts(True), NO_TYPE),
    Row("topk", tops),
    Row(
        "place_along",
        lambda r: [
            (r(2, 3), (4, 3), 0, np.array([[0, 3, 1], [2, 0, 3]])),
            (r(2), (4,), 0, np.array([3, 1])),
            (r(), (), None, np.array(0)),
        ],
        HOST,
    ),
    Row("kthvalue", along(1)),
    Row("median", along()),
    Row("nanmedian", along()),
    Row("mode", along(), HOST),
    Row("median_all", lambda r: [(r.distinct(2, 3),), (r.distinct(5),), (r.distinct(),)]),
    Row("nanmedian_all", lambda r: [(r.distinct(2, 3),), (r.distinct(5),), (r.distinct(),)]),
    Row("quantile", quantiles, HOST),
    Row("cummax", runs, HOST),
    Row("cummin", runs, HOST),
    Row("logcumsumexp", runs, HOST),
    Row("unique", lambda r: [(r.ints(3, 3, 4),), (r.ints(3, 5),)], REFUSES),
    Row("unique_dim", lambda r: [(r.ints(2, 4, 2), 0), (r.ints(2, 2, 4), 1)], REFUSES),
    Row("unique_consecutive", lambda r: [(r.ints(2, 3, 4),), (r.ints(2, 7),)], REFUSES),
    Row("unique_consecutive_dim", lambda r: [(r.ints(2, 5, 2), 0), (r.ints(2, 1, 7), 1)], REFUSES),
    Row("isin", lambda r: [(r.ints(9, 2, 3), r.ints(9, 4), False), (r.ints(9, 5), r.ints(90, 40), True)], HOST),
    Row(
        "searchsorted",
        lambda r: [
            (np.sort(r(5)), r(2, 3), False, False),
            (np.sort(r(2, 5)), r(2, 3), True, True),
        ],
    ),
    Row("unravel_index", lambda r: [(r.ints(12, 2, 3), (4, 1), (3, 4)), (r.ints(5), (1,), (5,))]),
    Row("bincount", lambda r: [(r.ints(5, 7), r.ints(3, 7), 3), (r.ints(5, 7), r.ints(3, 7), 9)], REFUSES),
    Row("histc", lambda r: [(r(2, 3), -2.0, 1.0, 3)], HOST),
    Row("histogram", lambda r: [(r.ints(3, 2, 3), None, (EDGES[0],), True, True)], REFUSES),
    Row("histogramdd", lambda r: [(r.ints(3, 5, 2), r.ints(3, 5), EDGES, False, False)], REFUSES),
    Row("cov", covariances),
    Row("scatter_reduce", reductions, HOST),
    Row("index_reduce", slices, HOST),
    Row("scatter_with", lambda r: [(r.ints(5, 3), 0, np.array([1, 1]), r.ints(5, 2), "add")], REFUSES),
    Row("put", puts, HOST),
]
