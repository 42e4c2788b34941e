"""The rows of shapes, dimensions, joining and parting."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row


def transposed(r, *shape):
    """An array whose dimensions lie in memory in reverse order."""
    return np.transpose(r(*reversed(shape)))


ROWS = [
    Row(
        "view",
        lambda r: [
            (r(2, 3, 4), (6, 4)),
            (r(2, 3), (3, 1, 2)),
            (r(), (1, 1)),
            (r(1), ()),
            (r(0, 3), (3, 0)),
            (transposed(r, 4, 3, 2), (4, 1, 3, 2)),
        ],
    ),
    Row("unsafe_view", lambda r: [(r(2, 3), (6,)), (transposed(r, 2, 3), (6,)), (r(0, 3), (0,))]),
    # There is no NumPy function for it, only the method.
    Row("view_as_dtype", lambda r: [(r(2, 3), np.dtype(np.int64))], {"device": False}),
    Row(
        "transpose",
        lambda r: [(r(2, 3, 4), 0, 2), (r(2, 3), 1, 1), (transposed(r, 2, 3), 0, 1), (r(), 0, 0), (r(0, 3), 0, 1)],
    ),
    Row("permute", lambda r: [(r(2, 3, 4), (2, 0, 1)), (r(2, 3), (0, 1)), (r(), ()), (r(3, 1, 0), (1, 2, 0))]),
    Row("t", lambda r: [(r(2, 3),), (r(3),), (r(),), (transposed(r, 2, 3),)]),
    Row("squeeze", lambda r: [(r(1, 3, 1),), (r(2, 3),), (r(),), (r(1, 0),)]),
    Row("squeeze_dim", lambda r: [(r(1, 3, 1), 0), (r(1, 3, 1), 1), (r(), 0), (r(2, 1), 1)]),
    Row("squeeze_dims", lambda r: [(r(1, 3, 1), (0, 2)), (r(1, 3, 1), (0, 1)), (r(1, 2), ()), (r(), (0,))]),
    Row("unsqueeze", lambda r: [(r(2, 3), 0), (r(2, 3), 2), (r(), 0), (r(0), 1)]),
    Row(
        "expand",
        lambda r: [
            (r(1, 3), (2, 3)),
            (r(3, 1), (2, 3, 4)),
            (r(2, 3), (2, 3)),
            (r(), (2, 2)),
            (r(1, 3), (0, 3)),
            (transposed(r, 1, 3), (4, 3)),
        ],
    ),
    Row("repeat", lambda r: [(r(2, 3), (2, 1)), (r(2, 3), (2, 1, 3)), (r(), (3,)), (r(2), (0,)), (r(2, 1), (1, 1))]),
    Row(
        "cat",
        lambda r: [
            ([r(2, 3), r(1, 3)], 0),
            ([r(2, 3), r(2, 1), r(2, 2)], 1),
            ([r(2), r(0), r(3)], 0),
            ([r(2, 3)], 1),
            ([transposed(r, 2, 3), r(2, 3)], 1),
        ],
    ),
    Row("stack", lambda r: [([r(2, 3), r(2, 3)], 0), ([r(2, 3), r(2, 3), r(2, 3)], 2), ([r(), r()], 0), ([r(0)], 1)]),
    Row("split", lambda r: [(r(5, 3), 2, 0), (r(2, 4), 2, 1), (r(3), 10, 0), (r(0, 2), 1, 0)]),
    Row("split_with_sizes", lambda r: [(r(5, 3), (2, 3), 0), (r(2, 4), (1, 0, 3), 1), (r(0), (0,), 0)]),
    Row("unbind", lambda r: [(r(2, 3), 0), (r(2, 3), 1), (r(3), 0), (transposed(r, 2, 3), 1)]),
]
