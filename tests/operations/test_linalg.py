"""Linear algebra: what rows of the table cannot show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch
from framework.autograd.gradcheck import gradcheck, gradgradcheck
from framework.autograd.operation import registry
from framework.testing.operations import check_compiled, check_forward, check_purity, check_single_precision


def matrices(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, shape))


def definite(*shape, seed=0):
    x = matrices(*shape, seed=seed)
    return x @ x.mT + torch.eye(shape[-1], dtype=torch.float64)


def symmetric(x):
    return (x + x.mT) / 2


def lower(x):
    return x.tril() + 2 * torch.eye(x.shape[-1], dtype=torch.float64)


B = matrices(2, 2, seed=5)

WHOLE = {
    "linalg_cholesky_ex": (lambda x: torch.linalg.cholesky(symmetric(x)), definite(2, 2)),
    "cholesky": (lambda x: torch.linalg.cholesky(symmetric(x), upper=True), definite(1, 2, 2)),
    "linalg_cholesky_partly": (lambda x: torch.linalg.cholesky_ex(symmetric(x)).L, definite(2, 2)),
    "cholesky_solve": (lambda x: torch.cholesky_solve(B, lower(x)), matrices(2, 2)),
    "cholesky_inverse": (lambda x: torch.cholesky_inverse(lower(x).mT, upper=True), matrices(2, 2)),
    "linalg_eigh": (lambda x: torch.linalg.eigh(symmetric(x)), matrices(2, 2)),
    "linalg_lstsq": (lambda x: torch.linalg.lstsq(x, B, driver="gelsd")[:2], matrices(2, 1)),
}
CALLS = {
    "linalg_cholesky_ex": [(definite(3, 3), False), (definite(2, 2, 2), True)],
    "cholesky": [(definite(3, 3), True)],
    "linalg_cholesky_partly": [(definite(3, 3), False)],
    "cholesky_solve": [(matrices(3, 2), definite(3, 3), False), (matrices(2, 2, 1), definite(2, 2), True)],
    "cholesky_inverse": [(definite(3, 3), False), (definite(2, 2, 2), True)],
    "linalg_eigh": [(symmetric(matrices(3, 3)), "L"), (matrices(2, 2, 2), "U")],
    "linalg_lstsq": [
        (matrices(3, 2), matrices(3, 1), *torch.linalg.svd(matrices(3, 2), False), 1e-8, False, True),
        (matrices(2, 3), matrices(2), *torch.linalg.svd(matrices(2, 3), False), 1e-8, True, False),
    ],
}


@pytest.mark.parametrize("name", WHOLE)
def test_gradients_of_whole_matrices(name):
    function, x = WHOLE[name]
    assert gradcheck(function, (x.clone().requires_grad_(),))
    assert gradgradcheck(function, (x.clone().requires_grad_(),), atol=1e-4)
    for tensors in CALLS[name]:
        call = [each.numpy() if isinstance(each, torch.Tensor) else each for each in tensors]
        check_forward(registry[name], call)
        check_purity(registry[name], call)
        check_single_precision(registry[name], call)
        check_compiled(registry[name], call)


sizes = st.integers(1, 24)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2), sizes, sizes, st.integers(0, 100))
def test_lu_gives_the_matrix_back(batch, m, n, seed):
    A = matrices(*((2,) * batch), m, n, seed=seed)
    P, L, U = torch.linalg.lu(A)
    assert torch.allclose(P @ L @ U, A) and (L.abs() <= 1).all()
    LU, pivots, info = torch.linalg.lu_factor_ex(A)
    assert not info.any()
    for found, expected in zip(torch.lu_unpack(LU, pivots), (P, L, U), strict=True):
        assert torch.equal(found, expected)


def test_lu_of_wide_blocks():
    A = matrices(70, 50, seed=1)
    P, L, U = torch.linalg.lu(A)
    assert torch.allclose(P @ L @ U, A)


@settings(max_examples=20, deadline=None)
@given(st.booleans(), st.booleans(), st.booleans(), sizes, st.integers(0, 100))
def test_triangular_solutions(upper, left, unit, n, seed):
    A = matrices(n, n, seed=seed) / n + 2 * torch.eye(n, dtype=torch.float64)
    T = A.triu() if upper else A.tril()
    if unit:
        T = T - T.diagonal().diag() + torch.eye(n, dtype=torch.float64)
    B = matrices(n, 3, seed=seed + 1) if left else matrices(3, n, seed=seed + 1)
    X = torch.linalg.solve_triangular(A, B, upper=upper, left=left, unitriangular=unit)
    assert torch.allclose(T @ X if left else X @ T, B)


def test_a_zero_on_a_triangle_s_diagonal_gives_infinities():
    A = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    X = torch.linalg.solve_triangular(A, torch.tensor([[1.0], [1.0]]), upper=True)
    assert X.tolist() == [[-math.inf], [math.inf]]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 100))
def test_the_pseudoinverse_and_least_squares_agree(m, n, seed):
    A, B = matrices(m, n, seed=seed), matrices(m, 2, seed=seed + 1)
    P = torch.linalg.pinv(A)
    assert torch.allclose(A @ P @ A, A) and torch.allclose(P @ A @ P, P)
    assert torch.allclose(torch.linalg.lstsq(A, B).solution, P @ B)


def test_the_gradient_of_the_right_side_of_least_squares():
    A, x = matrices(3, 2), matrices(3, seed=1).requires_grad_()
    assert gradcheck(lambda b: torch.linalg.lstsq(A, b).solution, (x,))
    assert gradgradcheck(
        lambda a: torch.linalg.lstsq(a, matrices(2, seed=2)).solution, (A.mT.clone().requires_grad_(),)
    )


def test_numpy_s_functions_of_tensors_are_recorded():
    x = definite(3, 3).requires_grad_()
    linalg = np.linalg
    results = {
        "inv": linalg.inv(x), "det": linalg.det(x), "slogdet": linalg.slogdet(x)[1], "cholesky": linalg.cholesky(x),
        "eigh": linalg.eigh(x)[0], "eigvalsh": linalg.eigvalsh(x), "svd": linalg.svd(x)[1], "qr": linalg.qr(x)[1],
        "pinv": linalg.pinv(x), "solve": linalg.solve(x, x), "norm": linalg.norm(x, 1), "kron": np.kron(x, x),
        "matrix_power": linalg.matrix_power(x, 3), "multi_dot": linalg.multi_dot([x, x, x]), "cond": linalg.cond(x),
        "inner": np.inner(x, x), "matrix_norm": linalg.matrix_norm(x, ord="nuc"), "svdvals": linalg.svdvals(x),
        "vector_norm": linalg.vector_norm(x), "tensorinv": linalg.tensorinv(x, ind=1), "vander": np.vander(x[0]),
        "linalg.diagonal": linalg.diagonal(x), "vdot": np.vdot(x, x),
    }  # fmt: skip
    y = x.detach().numpy()
    for name, found in results.items():
        assert found.requires_grad, name
        if name not in ("svd", "qr", "slogdet", "eigh", "multi_dot", "kron", "inner", "vander", "vdot"):
            function = getattr(linalg, name.removeprefix("linalg."))
            arguments = {"solve": (y, y), "norm": (y, 1), "matrix_power": (y, 3)}.get(name, (y,))
            options = {"matrix_norm": {"ord": "nuc"}, "tensorinv": {"ind": 1}}.get(name, {})
            np.testing.assert_allclose(found.detach().numpy(), function(*arguments, **options), err_msg=name)
    assert np.linalg.matrix_rank(x.detach()).item() == 3


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 3, 2)])
def test_reflections_make_the_orthogonal_factor(shape):
    A = matrices(*shape)
    a, tau = torch.geqrf(A)
    Q, R = torch.linalg.qr(A)
    assert torch.allclose(torch.orgqr(a, tau), Q) and torch.allclose(a.triu()[..., : shape[-1], :], R)
    with pytest.raises(NotImplementedError, match="the derivative for 'geqrf' is not implemented"):
        torch.geqrf(A.clone().requires_grad_()).a.sum().backward()


def test_what_gives_complex_numbers_is_refused():
    for name in ("eig", "eigvals"):
        with pytest.raises(NotImplementedError, match="complex tensors, which are out of scope"):
            getattr(torch.linalg, name)(torch.eye(2))


def test_the_error_of_bad_matrices_has_pytorch_s_name():
    with pytest.raises(torch.linalg.LinAlgError) as caught:
        torch.linalg.inv(torch.zeros(2, 2))
    assert type(caught.value).__name__ == "_LinAlgError" and isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [3, 4, 5, 20])
def test_matrices_at_the_edge_of_singular(size, dtype):
    """LAPACK and our elimination round differently: what one refuses, the other may pass."""
    A = torch.arange(size * size, dtype=dtype).reshape(size, size) / 7
    several = torch.stack([torch.eye(size, dtype=dtype), A, A @ A.mT])
    for x in (A, A + 1, A @ A.mT, several):
        for function in (torch.linalg.inv, torch.linalg.cholesky, lambda x: torch.linalg.solve(x, x)):
            try:
                function(x)
            except torch.linalg.LinAlgError as error:
                assert x.ndim == 2 or "(Batch element 1)" in str(error) or "(Batch element 2)" in str(error)
        assert torch.linalg.inv_ex(x).info.shape == torch.linalg.cholesky_ex(x).info.shape == x.shape[:-2]


def test_a_compiled_program_meets_a_bad_matrix_as_the_function_does():
    compiled = torch.compile(lambda x: torch.linalg.inv(x))
    for x in (torch.eye(2), torch.eye(2) * 2, torch.ones(2, 2) + torch.eye(2)):
        assert torch.equal(compiled(x), torch.linalg.inv(x))
    with pytest.raises(torch.linalg.LinAlgError, match="The diagonal element 1 is zero"):
        compiled(torch.zeros(2, 2))
    decompose = torch.compile(lambda x: torch.linalg.cholesky(x))
    assert torch.equal(decompose(torch.eye(2)), decompose(torch.eye(2)))
    with pytest.raises(torch.linalg.LinAlgError, match="leading minor of order 2 is not positive-definite"):
        decompose(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    with pytest.raises(torch.linalg.LinAlgError, match="leading minor of order 1"):
        decompose(torch.full((2, 2), math.nan))


def test_an_edited_result_is_told_by_its_number():
    U, S, Vh = torch.linalg.svd(matrices(3, 3).requires_grad_())
    Vh.mul_(2)
    with pytest.raises(RuntimeError, match=r"\[3, 3\]\], which is output 2 of LinalgSvd, is at version 1"):
        (U.sum() + S.sum()).backward()


def test_gradients_where_singular_values_are_equal():
    x = torch.eye(3, dtype=torch.float64).requires_grad_()
    for function in (torch.linalg.svdvals, torch.linalg.eigvalsh):
        (gradient,) = torch.autograd.grad(function(x).sum(), x)
        assert torch.allclose(gradient, torch.eye(3, dtype=torch.float64))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(0, 99), st.booleans())
def test_ldl_solves_symmetric_matrices_of_any_sign(n, seed, whole):
    x = matrices(n, n, seed=seed) * 4
    A = symmetric(x.round() if whole else x)
    LD, pivots, info = torch.linalg.ldl_factor_ex(A)
    if info.item():
        assert LD[info.item() - 1, info.item() - 1] == 0
        return
    B = matrices(n, 2, seed=seed + 1)
    X = torch.linalg.ldl_solve(LD, pivots, B)
    if torch.linalg.cond(A) < 1e6:
        np.testing.assert_allclose((A @ X).numpy(), B.numpy(), atol=1e-7)
