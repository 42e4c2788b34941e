"""Rows of linear algebra: solutions, decompositions, norms of matrices, products, distances.

Decompositions of symmetric matrices, factors taken for triangular, and least squares by a decomposition made before have
gradients that finite differences in single elements do not show: their rows are empty, and `test_linalg.py` checks them.
"""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row


def _regular(r, *shape):
    """Matrices far from singular."""
    return r.unit(*shape) + 2 * np.eye(shape[-2], shape[-1])


def _square(*rest):
    return lambda r: [(_regular(r, *shape), *each) for shape in ((3, 3), (2, 2, 2)) for each in rest]


def _spread(r, *shape):
    """Matrices whose singular values are far apart."""
    n = min(shape[-2:])
    left = np.linalg.qr(r(*shape[:-2], shape[-2], n))[0]
    right = np.linalg.qr(r(*shape[:-2], shape[-1], n))[0]
    return (left * np.arange(1.0, n + 1)) @ np.swapaxes(right, -1, -2)


def _pivoted(r, n):
    return r(n, n) + 4 * np.eye(n)[::-1]


def _pivots(n):
    return np.arange(1, n + 1, dtype=np.int32)[::-1].clip((n + 2) // 2)


PLAIN = {"device": False}
REFUSES = {"device": False, "refuses": True}
WITHOUT_TYPE = {"device": False, "single": False}

ROWS = [
    Row("linalg_inv_ex", _square((True,), (False,))),
    Row("first_zero_pivot", _square(()), WITHOUT_TYPE),
    Row("linalg_det", _square(())),
    Row("inverse_or_zero", _square(())),
    Row("linalg_slogdet", _square(())),
    Row("linalg_solve_ex", lambda r: [
        (_regular(r, 2, 2, 2), r(2, 2), True, False, True), (_regular(r, 2, 2), r(1, 2), False, False, False),
        (_regular(r, 2, 2, 2), r(2, 2), True, True, True), (_regular(r, 2, 2), r(2), True, True, True),
    ]),
    Row("linalg_solve_triangular", lambda r: [
        (_regular(r, 2, 2), r(2, 2, 1), True, True, False), (_regular(r, 3, 3), r(3, 1), False, True, False),
        (_regular(r, 2, 2), r(1, 2), True, False, True), (_regular(r, 2, 2), r(1, 2), False, False, True),
    ]),
    Row("triangular_solve", lambda r: [
        (r(2, 1), _regular(r, 2, 2), True, False, False), (r(2, 1), _regular(r, 2, 2), False, True, True),
    ]),
    Row("linalg_cholesky_ex", lambda r: []),
    Row("linalg_cholesky_partly", lambda r: []),
    Row("cholesky", lambda r: []),
    Row("cholesky_failures", lambda r: [(np.eye(2), False)], WITHOUT_TYPE),
    Row("cholesky_solve", lambda r: []),
    Row("cholesky_inverse", lambda r: []),
    Row("linalg_eigh", lambda r: []),
    Row("linalg_eigvalsh", lambda r: [(_regular(r, 2, 3, 3), "L"), (_regular(r, 2, 2), "U")]),
    Row("linalg_svd", lambda r: [(_spread(r, 3, 2), False), (_spread(r, 1, 2), False), (_spread(r, 1, 2, 2), True)]),
    Row("linalg_svdvals", lambda r: [(_spread(r, 3, 2),), (_spread(r, 2, 2, 3),)]),
    Row("linalg_qr", lambda r: [
        (_regular(r, 3, 2), "reduced"), (_regular(r, 2, 3), "reduced"), (_regular(r, 1, 2, 2), "complete"),
    ]),
    Row("geqrf", lambda r: []),
    Row("linalg_pinv", lambda r: [
        (_spread(r, 3, 2), None, None, False), (_spread(r, 1, 2, 3), 0.1, None, False), (_spread(r, 2, 2), None, 0.1, False),
    ]),
    Row("count_above", lambda r: [(r.positive(2, 3), 0.5, 0.1)], {"single": False}),
    Row("linalg_lstsq", lambda r: []),
    Row("linalg_lu_factor_ex", lambda r: [
        (_pivoted(r, 3),), (_regular(r, 2, 2, 2),), (_regular(r, 3, 2),), (_regular(r, 2, 3),),
    ], PLAIN),
    Row("linalg_lu", lambda r: [(_pivoted(r, 2),), (_regular(r, 2, 1),), (_regular(r, 1, 1, 2),)], PLAIN),
    Row("linalg_lu_solve", lambda r: [
        (_regular(r, 3, 3), r(3, 1), _pivots(3), True, False), (_regular(r, 2, 2), r(2, 2, 1), _pivots(2), True, True),
        (_regular(r, 2, 2), r(1, 2), _pivots(2), False, False),
    ], PLAIN),
    Row("lu_unpack", lambda r: [(r(2, 2),), (r(1, 3, 2),), (r(2, 3),)]),
    Row("lu_permutation", lambda r: [(r(3, 3), _pivots(3))], WITHOUT_TYPE),
    Row("linalg_matrix_exp", lambda r: [(r(2, 2),), (r(2, 2, 2) * 3,)], PLAIN),
    Row("linalg_householder_product", lambda r: [(r(2, 2), r(1)), (r(1, 3, 2), r(1, 2))]),
    Row("ormqr", lambda r: [
        (r(3, 2), r(2), r(3, 1), True, False), (r(1, 2, 2), r(1, 1), r(1, 1, 2), False, True),
        (r(2, 2), r(2), r(2, 1), True, True), (r(2, 1), r(1), r(2, 2), False, False),
    ]),
    Row("linalg_ldl_factor_ex", lambda r: [(r.ints(9, 3, 3),), (r.ints(9, 2, 2, 2) - 4,)], REFUSES),
    Row("linalg_ldl_solve", lambda r: [
        (np.array([[4, 0], [1, 3]]), np.array([1, 2], np.int32), r.ints(9, 2, 1)),
        (np.array([[0, 0], [2, 1]]), np.array([-2, -2], np.int32), r.ints(9, 3, 2, 1)),
    ], REFUSES),
    Row("vdot", lambda r: [(r(3), r(3))]),
    Row("kron", lambda r: [(r(2, 2), r(1, 2)), (r(2), r(2, 1)), (r(), r(2))]),
    Row("linalg_cross", lambda r: [(r(2, 3), r(2, 3), 1), (r(3, 2), r(3, 1), 0)]),
    Row("addmv", lambda r: [(r(2), r(2, 3), r(3), 1, 1), (r(), r(2, 2), r(2), 0.5, 2), (r(2), r(2, 1), r(1), 0, 2)]),
    Row("addr", lambda r: [(r(2, 3), r(2), r(3), 1, 1), (r(2), r(2), r(2), 0.5, 2), (r(), r(2), r(1), 0, 2)]),
    Row("addbmm", lambda r: [(r(2, 2), r(2, 2, 1), r(2, 1, 2), 1, 1), (r(), r(2, 2, 1), r(2, 1, 1), 0.5, 2)]),
    Row("dist", lambda r: [(r(2, 3), r(3), p) for p in (1, 2, 3, 1.5)]),
    Row("cdist", lambda r: [(r(2, 2), r(2, 2), p) for p in (1.0, 2.0, 3.0)] + [(r(2, 2, 2), r(1, 2), 2.0)]),
    Row("cdist_euclidean", lambda r: [(r(2, 3), r(2, 3), 2.0)]),
    Row("pdist", lambda r: [(r(3, 2), p) for p in (1.0, 2.0, 3.0)], PLAIN),
    Row("renorm", lambda r: [(r(2, 3), 2.0, 0, 0.5), (r(2, 3), 3.0, 1, 1.0), (r(2, 2, 2), 1.0, 1, 2.0)]),
]  # fmt: skip
