"""_Orthogonal matrices as functions of any: the maps behind `parametrizations.orthogonal`."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from framework.autograd import Tensor, finfo, no_grad
from framework.nn.module import Module
from framework.operations import add, allclose, cat, eye, geqrf, matrix_exp, randn, zeros_like
from framework.operations.decompositions import linalg_qr as qr
from framework.operations.reflections import linalg_householder_product as householder_product
from framework.operations.solving import linalg_solve as solve

__all__ = ["OrthMaps"]


class OrthMaps(Enum):
    """The ways from a matrix to an orthogonal one."""

    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _is_orthogonal(matrix: Tensor) -> bool:
    rows, columns = matrix.size(-2), matrix.size(-1)
    tolerance = 10.0 * rows * finfo(matrix.dtype).eps
    return allclose(matrix.mT @ matrix, eye(columns, dtype=matrix.dtype), atol=tolerance)


def _made_orthogonal(matrix: Tensor) -> Tensor:
    """The Q of a QR decomposition whose R has a positive diagonal."""
    q, r = qr(matrix)
    return q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    """The parametrization."""

    def __init__(self, weight: Tensor, orthogonal_map: OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        rows, columns = X.size(-2), X.size(-1)
        transposed = rows < columns
        if transposed:
            X, rows, columns = X.mT, columns, rows
        if self.orthogonal_map == OrthMaps.householder:
            below = X.tril(diagonal=-1)
            tau = 2.0 / (1.0 + (below * below).sum(dim=-2))
            q = householder_product(below, tau)
            # The diagonal of X is ones of either sign.
            q = q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            q = self._of_skew(X.tril(), rows, columns)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if transposed else q

    def _of_skew(self, below: Tensor, rows: int, columns: int) -> Tensor:
        """The orthogonal matrix of a skew-symmetric one, given by what is on and below its diagonal."""
        if rows != columns:
            padding = below.new_zeros(rows, rows - columns).expand(*below.shape[:-2], -1, -1)
            below = cat([below, padding], dim=-1)
        skew = below - below.mT
        if self.orthogonal_map == OrthMaps.matrix_exp:
            q = matrix_exp(skew)
        else:
            one = eye(rows, dtype=skew.dtype)
            q = solve(add(one, skew, alpha=-0.5), add(one, skew, alpha=0.5))
        return q if rows == columns else q[..., :columns]

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        """What gives the orthogonal matrix nearest at hand: Q itself, if it is one."""
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        given = Q
        rows, columns = Q.size(-2), Q.size(-1)
        transposed = rows < columns
        if transposed:
            Q, rows, columns = Q.mT, columns, rows
        if not hasattr(self, "base"):
            found = self._reflections(Q)
            return found.mT if transposed else found
        if rows == columns:
            q = Q.clone() if _is_orthogonal(Q) else _made_orthogonal(Q)
        else:
            more = randn(*Q.size()[:-2], rows, rows - columns, dtype=Q.dtype)
            q = _made_orthogonal(cat([Q, more], dim=-1))
        self.base: Any = q
        # Of a matrix with -1 on its diagonal all maps make the identity.
        minus_one = zeros_like(given)
        minus_one.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return minus_one

    def _reflections(self, matrix: Tensor) -> Tensor:
        """The reflections whose product the matrix is, with signs on the diagonal."""
        if self.orthogonal_map != OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                "use_trivialization=False."
            )
        found, tau = geqrf(matrix)
        diagonal = found.diagonal(dim1=-2, dim2=-1)
        diagonal.sign_()
        diagonal[tau == 0.0] *= -1
        return found
