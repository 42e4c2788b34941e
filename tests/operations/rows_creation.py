"""The rows of creation, conversion, overwriting and random draws."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

FLOAT64 = np.dtype(np.float64)


# Their gradient is zero, whatever arrives: there is no second order.
CONSTANT = {"second_order": False}


def both(r):
    return [(r(2, 3), r(2, 3)), (r(2, 3), r(3)), (r(2, 3), r(1)), (r(0, 3), r(3))]


def alone(r):
    return [(r(2, 3),), (r(),), (r(0, 3),)]


def drawn(r):
    return [(r(2, 3), r(2, 3)), (r(), r())]


ROWS = [
    Row("to_copy", lambda r: [(r(2, 3), FLOAT64), (r(), FLOAT64), (r(0), FLOAT64)], {"single": False}),
    Row("clone", lambda r: [(r(2, 3), "K"), (r(3, 2).T, "C"), (r(3, 2).T, "K"), (r(), "K")]),
    Row("copy", both),
    Row("fill", lambda r: [(r(2, 3), 1.5), (r(), -2.0)], CONSTANT),
    Row("fill_", lambda r: [(r(2, 3), 1.5), (r(), -2.0)], CONSTANT),
    Row("fill_tensor", lambda r: [(r(2, 3), r()), (r(), r())]),
    Row("fill_tensor_", lambda r: [(r(2, 3), r()), (r(), r())]),
    Row("zero", alone, CONSTANT),
    Row("bernoulli", drawn, CONSTANT),
    Row("normal_mean", drawn, CONSTANT),
    Row("normal_std", drawn, CONSTANT),
    Row("normal_mean_std", lambda r: [(r(2, 3), r(3), r(2, 3)), (r(), r(), r())], CONSTANT),
    *[
        Row(name, drawn, CONSTANT)
        for name in (
            "uniform",
            "normal",
            "bernoulli_inplace",
            "exponential",
            "random",
            "cauchy",
            "log_normal",
            "geometric",
        )
    ],
]
