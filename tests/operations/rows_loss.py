"""The rows of losses and softmax."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

# The classes are looked at to find those out of bounds, so they must be on the host.
HOST = {"device": False}


def classes(r, high, *shape):
    return r.ints(high, *shape)


def class_losses(r):
    some = classes(r, 3, 4)
    return [
        (r(4, 3), some, None, -100, "mean"),
        (r(4, 3), some, None, -100, "sum"),
        (r(4, 3), some, None, -100, "none"),
        (r(4, 3), some, r.positive(3), -100, "mean"),
        (r(4, 3), some, r.positive(3), int(some[0]), "mean"),
        (r(4, 3), some, None, int(some[0]), "none"),
        (r(3), classes(r, 3), None, -100, "mean"),
        (r(2, 3, 2), classes(r, 3, 2, 2), None, -100, "mean"),
        (r(2, 3, 2, 2), classes(r, 3, 2, 2, 2), r.positive(3), -100, "none"),
    ]


def pairs(r, target):
    return [
        (*each, reduction)
        for reduction in ("mean", "sum", "none")
        for each in ((r(2, 3), target(2, 3)), (r(), target()), (r(3, 1), target(3)))
    ]


def spaced(r, *shape):
    """Numbers none of which is near those of `r`, whose fraction lies between 0.1 and 0.9."""
    return np.round(r(*shape))


ROWS = [
    Row("softmax", lambda r: [(r(2, 3), 1), (r(2, 3), 0), (r(2, 2, 3), 2), (r(2, 2, 3), 1), (r(), None), (r(0, 3), 1)]),
    Row("bce_logits_slope", lambda r: [(r(2, 3), r(2, 3), r())]),
    Row("softmax_gradient", lambda r: [(r(2, 3), r(2, 3), 1), (r(2, 2, 3), r(2, 2, 3), 1), (r(), r(), None)]),
    Row("log_softmax_gradient", lambda r: [(r(2, 3), r(2, 3), 1), (r(2, 2, 3), r(2, 2, 3), 1), (r(), r(), None)]),
    Row(
        "log_softmax",
        lambda r: [(r(2, 3), 1), (r(2, 3), 0), (r(2, 2, 3), 2), (r(2, 2, 3), 1), (r(), None), (r(0, 3), 1)],
    ),
    Row(
        "binary_cross_entropy_with_logits",
        lambda r: [(r(4, 1), r.positive(4, 1) / 3), (r(2, 3), r.positive(2, 3) / 3), (r(), r.positive())],
    ),
    Row(
        "weighted_binary_cross_entropy_with_logits",
        lambda r: [
            (r(2, 3), r.positive(2, 3) / 3, None, None, "sum"),
            (r(2, 3), r.positive(2, 3) / 3, r.positive(3), None, "mean"),
            (r(2, 3), r.positive(2, 3) / 3, None, r.positive(3), "none"),
            (r(2, 3), r.positive(2, 3) / 3, r.positive(2, 1), r.positive(3), "mean"),
        ],
    ),
    Row(
        "binary_cross_entropy",
        lambda r: [
            (r.positive(2, 3) / 3, r.positive(2, 3) / 3, None, "mean"),
            (r.positive(2, 3) / 3, r.positive(2, 3) / 3, r.positive(3), "sum"),
            (r.positive(2, 3) / 3, r.positive(2, 3) / 3, None, "none"),
        ],
    ),
    Row("mse_loss", lambda r: pairs(r, r)),
    Row("clipped", lambda r: [(r(2, 3), 1.0), (spaced(r, 3), 0.5)]),
    Row("smooth_l1_loss", lambda r: [(*each, 1.0) for each in pairs(r, lambda *s: spaced(r, *s))]),
    Row("huber_loss", lambda r: [(*each, 1.0) for each in pairs(r, lambda *s: spaced(r, *s))]),
    Row("cross_entropy", class_losses, HOST),
    Row("nll_loss", class_losses, HOST),
    Row(
        "soft_cross_entropy",
        lambda r: [
            (r(2, 3), r.positive(2, 3), None, "mean"),
            (r(2, 3), r.positive(2, 3), r.positive(3), "none"),
            (r(3), r.positive(3), None, "sum"),
            (r(2, 3, 2), r.positive(2, 3, 2), r.positive(3), "mean"),
        ],
        HOST,
    ),
    Row("pick_class", lambda r: [(r(4, 3), r.ints(3, 4)), (r(2, 3, 2), r.ints(3, 4))], HOST),
    Row("place_class", lambda r: [(r(4), r.ints(3, 4), (4, 3)), (r(4), r.ints(3, 4), (2, 3, 2))], HOST),
    Row(
        "cross_entropy_rows_gradient",
        lambda r: [(r(4, 3), r(4), r(4), r.ints(3, 4)), (r(2, 3, 2), r(2, 2), r(), r.ints(3, 4))],
        HOST,
    ),
    Row("cross_entropy_shift", lambda r: [(r(4, 3),), (r(0, 3),), (r(2, 600),)], HOST),
]
