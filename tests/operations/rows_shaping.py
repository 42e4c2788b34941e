"""Rows of differences, blocks, turns, and of what is chosen by a mask."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

ROWS = [
    Row(
        "step_between",
        lambda r: [(r(2, 3), 0), (r(2, 3), 1), (r(4), 0), (r(1), 0), (r(0, 2), 1), (np.transpose(r(2, 3)), 1)],
    ),
    Row("times_number", lambda r: [(r(2, 3), 2.0), (r(2), 3), (r(), 0.5)]),
    Row("over_number", lambda r: [(r(2, 3), 2.0), (r(2), 3), (r(), 0.5)]),
    Row(
        "block_diag",
        lambda r: [([r(2, 3), r(3), r(1, 1)],), ([r(), r(2, 2)],), ([r(0), r(2)],), ([np.transpose(r(2, 3))],)],
    ),
    Row("cartesian_prod", lambda r: [([r(2), r(3)],), ([r(2), r(1), r(2)],), ([r(0), r(2)],)]),
    Row(
        "rot90",
        lambda r: (
            [(r(2, 3), turns, dims) for turns in range(4) for dims in ((0, 1), (1, 0))]
            + [(r(2, 3, 2), 1, (0, 2)), (r(2, 0), 1, (0, 1)), (np.transpose(r(2, 3)), 3, (0, 1))]
        ),
    ),
    Row(
        "narrow_copy",
        lambda r: [(r(3, 4), (slice(1, 3),)), (r(3, 4), (slice(None), slice(2, 2))), (r(3), (slice(0, 3),))],
    ),
    Row(
        "where_kept",
        lambda r: [(r(2, 3), r.mask(2, 3), True), (r(2, 3), r.mask(2, 3), False), (r(), np.array(True), True)],
    ),
]
