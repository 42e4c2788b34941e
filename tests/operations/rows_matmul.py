"""The rows of products of matrices and vectors."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row


def transposed(r, *shape):
    """An array whose dimensions lie in memory in reverse order."""
    return np.transpose(r(*reversed(shape)))


ROWS = [
    Row("dot", lambda r: [(r(3), r(3)), (r(0), r(0)), (r(6)[::2], r(3))]),
    Row("mv", lambda r: [(r(2, 3), r(3)), (transposed(r, 2, 3), r(3)), (r(0, 3), r(3)), (r(2, 0), r(0))]),
    Row(
        "mm",
        lambda r: [
            (r(2, 3), r(3, 4)),
            (transposed(r, 2, 3), transposed(r, 3, 4)),
            (r(1, 1), r(1, 1)),
            (r(0, 3), r(3, 2)),
            (r(2, 0), r(0, 3)),
        ],
    ),
    Row("bmm", lambda r: [(r(2, 3, 2), r(2, 2, 4)), (r(0, 2, 2), r(0, 2, 2)), (r(2, 2, 0), r(2, 0, 2))]),
    Row(
        "matmul",
        lambda r: [
            (r(2, 1, 3, 2), r(4, 2, 3)),
            (r(3, 2), r(2, 2, 3)),
            (r(1, 2, 3), r(2, 3, 2)),
            (transposed(r, 2, 3, 2), r(2, 2, 3)),
        ],
    ),
    Row("vector_matmul", lambda r: [(r(3), r(3, 2)), (r(3), r(2, 3, 2)), (r(2), r(2, 2, 2, 3)), (r(3), r(3, 0))]),
    Row("batch_matrix_matmul", lambda r: [(r(2, 2, 3), r(3, 4)), (r(2, 1, 2, 3), r(3, 2)), (r(0, 2, 3), r(3, 2))]),
    Row("batch_vector_matmul", lambda r: [(r(2, 2, 3), r(3)), (r(2, 1, 2, 3), r(3)), (r(0, 2, 3), r(3))]),
    Row("trace", lambda r: [(r(3, 3),), (r(2, 3),), (r(3, 2),), (r(0, 2),)]),
    Row(
        "linear",
        lambda r: [
            (r(4), r(2, 3), r(4, 3)),
            (r(1), r(4, 3), r(1, 3)),
            (r(4), transposed(r, 2, 3), transposed(r, 4, 3)),
            (r(2, 4), r(2, 3), r(4, 3)),
            (r(), r(2, 3), r(4, 3)),
            (r(2), r(0, 3), r(2, 3)),
            (r(2), r(2, 0), r(2, 0)),
        ],
    ),
    Row(
        "linear_rows",
        lambda r: [(r(4), r(3), r(4, 3)), (r(4), r(2, 2, 3), r(4, 3)), (r(1), r(2, 1, 2, 3), r(1, 3))],
    ),
    Row("linear_without_bias", lambda r: [(r(2, 3), r(4, 3)), (r(2, 3), r(1, 3)), (r(0, 3), r(2, 3))]),
    Row("linear_rows_without_bias", lambda r: [(r(3), r(4, 3)), (r(2, 2, 3), r(4, 3)), (r(2, 2, 3), r(1, 3))]),
    Row(
        "addmm",
        lambda r: [
            (r(2, 4), r(2, 3), r(3, 4), 1, 1),
            (r(4), r(2, 3), r(3, 4), 0.5, 2.0),
            (r(), r(2, 3), r(3, 4), 0, -1.5),
        ],
    ),
    Row(
        "baddbmm",
        lambda r: [
            (r(2, 2, 4), r(2, 2, 3), r(2, 3, 4), 1, 1),
            (r(2, 1), r(2, 2, 3), r(2, 3, 2), 0.5, 2.0),
        ],
    ),
    Row(
        "contract",
        lambda r: [
            (r(2, 3), r(3, 4), "ij", "jk", "ik"),
            (r(2, 3), r(3, 4), "ij", "jk", "ki"),
            (r(3), r(3), "i", "i", ""),
            (r(2, 3), r(2, 3), "ij", "ij", "i"),
            (r(2, 3), r(2, 3), "ij", "ij", ""),
            (r(2, 2, 3), r(2, 3, 2), "bij", "bjk", "bik"),
            (r(2, 3, 2), r(2, 2, 3), "jbi", "kjb", "bki"),
            (r(2, 3, 2, 2), r(2, 3, 3), "abcd", "aeb", "cdea"),
            (r(2), r(3), "i", "j", "ji"),
        ],
    ),
]
