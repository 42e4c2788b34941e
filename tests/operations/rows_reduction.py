"""Rows of reductions, norms, and running sums."""

from __future__ import annotations

import itertools

from tests.operations.sampling import Row

DIMS = [None, (0,), (1,), (2,), (0, 2), (0, 1, 2)]


def _reduced(*rest, make=None):
    """A (2, 3, 2) array, every choice of dimensions, with and without keeping them; `rest` comes before `keepdim`."""

    def samples(r):
        draw = make(r) if make else r
        return [(draw(2, 3, 2), dim, *rest, keepdim) for dim, keepdim in itertools.product(DIMS, (False, True))] + [
            (draw(), None, *rest, False)
        ]

    return samples


def _along(r, draw):
    return [(draw(2, 3, 2), dim, keepdim) for dim in (0, 1, 2) for keepdim in (False, True)] + [
        (draw(), None, False),
        (draw(1, 3), 0, False),
        (draw(4), 0, False),
    ]


def _everything(make=None):
    return lambda r: [((make(r) if make else r)(2, 3),), ((make(r) if make else r)(),)]


def _with_zeros(r):
    x = r(2, 3)
    x[0, 1] = 0
    y = r(2, 3)
    y[1, 0] = y[1, 2] = 0
    return [x, y]


def _distinct(r):
    return r.distinct


NO_TYPE = {"single": False}

ROWS = [
    Row("sum_all", _everything()),
    Row("sum", _reduced()),
    Row("mean_all", _everything()),
    Row("mean", _reduced()),
    Row("nansum", _reduced()),
    Row("prod_all", lambda r: [(r(2, 3),), (r(),), (r(5),), *[(each,) for each in _with_zeros(r)]]),
    Row("prod", lambda r: [*_along(r, r), *[(each, 1, False) for each in _with_zeros(r)], (r(5), 0, True)]),
    Row("max_all", _everything(_distinct)),
    Row("min_all", _everything(_distinct)),
    Row("amax", _reduced(make=_distinct)),
    Row("amin", _reduced(make=_distinct)),
    Row("max", lambda r: _along(r, r.distinct)),
    Row("min", lambda r: _along(r, r.distinct)),
    Row("aminmax", lambda r: _along(r, r.distinct)),
    Row("var", _reduced(0)),
    Row("std", lambda r: [(r(2, 3, 2), dim, 0, keepdim) for dim in DIMS for keepdim in (False, True)]),
    Row("var_mean", _reduced(0)),
    Row("std_mean", lambda r: [(r(2, 3), dim, 1, keepdim) for dim in (None, (1,)) for keepdim in (False, True)]),
    Row("logsumexp", _reduced()),
    Row(
        "linalg_vector_norm",
        lambda r: [
            (r.distinct(2, 3), order, dim, keepdim)
            for order in (1, 2, 3, 0.5, 1.5, -1, float("inf"), float("-inf"))
            for dim, keepdim in ((None, False), ((1,), False), ((0,), True), ((0, 1), True))
        ],
    ),
    Row("cumsum", lambda r: [(r(2, 3), 0), (r(2, 3), 1), (r(), None), (r(1, 4, 2), 1)]),
    Row("cumsum_from_behind", lambda r: [(r(2, 3), 0), (r(2, 3), 1), (r(), None)]),
    Row("cumprod", lambda r: [(r(2, 3), 0), (r(1, 5), 1), (r(), None), *[(each, 1) for each in _with_zeros(r)]]),
    *[Row(name, _reduced(make=lambda r: r.mask), NO_TYPE) for name in ("all", "any")],
    *[Row(name, lambda r: [(r(2, 3), None, False), (r(2, 3), 1, True)], NO_TYPE) for name in ("argmax", "argmin")],
    Row("count_nonzero", lambda r: [(r.ints(2, 2, 3), None), (r.ints(2, 2, 3), (0,))], NO_TYPE),
]
