"""The rows of windows on memory, of copies with a view overwritten, and of parts that are no views."""

from __future__ import annotations

from tests.operations.rows_shape import transposed
from tests.operations.sampling import Row

FULL = slice(None)


def lying(*shape, order=None):
    """The geometry of an array of a shape whose memory is its own."""
    order = order or range(len(shape))
    steps, step = [0] * len(shape), 1
    for dim in reversed(order):
        steps[dim] = step
        step *= shape[dim]
    return shape, tuple(steps), 0


ROWS = [
    Row(
        "as_strided",
        lambda r: [
            (r(2, 3), ((2, 2), (2, 1), 1), lying(2, 3)),
            (r(5), ((3, 3), (1, 1), 0), lying(5)),
            (r(4), ((2, 3), (0, 1), 1), lying(4)),
            (transposed(r, 3, 2), ((2, 2), (1, 3), 0), lying(3, 2, order=(1, 0))),
            (r(3), ((), (), 2), lying(3)),
            (r(3), ((0, 2), (1, 1), 0), lying(3)),
        ],
        {"device": False},
    ),
    Row(
        "restride",
        lambda r: [
            (r(2, 2), ((2, 2), (2, 1), 1), lying(6), lying(6)),
            (r(3, 3), ((3, 3), (1, 1), 0), lying(5), lying(5)),
            (r(2, 3), lying(2, 3), ((3,), (1,), 0), ((2, 3), (0, 1), 0)),
            (r(2), ((2,), (1,), -1), lying(3), lying(3)),
        ],
        {"device": False},
    ),
    Row(
        "as_strided_scatter",
        lambda r: [
            (r(2, 3), r(2, 2), ((2, 2), (2, 1), 1), lying(2, 3)),
            (transposed(r, 3, 2), r(2), ((2,), (2,), 0), lying(3, 2, order=(1, 0))),
            (r(3), r(2), ((2,), (1,), 2), lying(3)),
        ],
        {"device": False},
    ),
    Row("reshape_alias", lambda r: [(r(2, 3)[:, 1:2], (2,)), (transposed(r, 4, 3, 2), (4, 1, 3, 2))]),
    Row("select_scatter", lambda r: [(r(2, 3), r(2), (FULL, 1, ...)), (transposed(r, 2, 3), r(3), (0, ...))]),
    Row(
        "slice_scatter",
        lambda r: [(r(4, 3), r(2, 3), (slice(0, 4, 2),)), (r(2, 3), r(2, 0), (FULL, slice(3, 1)))],
    ),
    Row("diagonal_scatter", lambda r: [(r(3, 3), r(3), 0, 0, 1), (r(2, 3, 2), r(3, 1), 1, 0, 2)], {"device": False}),
    Row("unsafe_split", lambda r: [(r(5, 3), 2, 0), (r(2, 4), 2, 1), (r(0, 2), 1, 0)]),
    Row("unsafe_split_with_sizes", lambda r: [(r(5, 3), (2, 3), 0), (r(2, 4), (1, 0, 3), 1)]),
]
