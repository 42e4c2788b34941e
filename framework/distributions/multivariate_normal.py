"""`MultivariateNormal`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.distribution import Distribution
from framework.distributions.utils import EMPTY, Shape, _standard_normal, lazy_property
from framework.operations import broadcast_shapes, cholesky_inverse, eye, flip, matmul
from framework.operations.cholesky import linalg_cholesky as cholesky
from framework.operations.triangular import linalg_solve_triangular as solve_triangular

__all__ = ["MultivariateNormal"]


def _batch_mv(bmat: Any, bvec: Any) -> Any:
    return matmul(bmat, bvec.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(bL: Any, bx: Any) -> Any:
    """The squared length of L⁻¹x, for L of fewer batch dimensions than x, or of size 1 in some of them.

    What L has one of is moved to the columns of one system of equations.
    """
    n = bx.size(-1)
    dims = bL.dim() - 2
    outer = bx.dim() - 1 - dims
    shape = list(bx.shape[:outer])
    for of_l, of_x in zip(bL.shape[:-2], bx.shape[outer:-1], strict=True):
        shape += [of_x // of_l, of_l]
    split = bx.reshape(*shape, n)
    repeated, own = [list(range(outer + start, outer + 2 * dims, 2)) for start in (0, 1)]
    ordered = split.permute([*range(outer), *repeated, *own, outer + 2 * dims])
    factors = bL.reshape(-1, n, n)
    columns = ordered.reshape(-1, factors.size(0), n).permute(1, 2, 0)
    lengths = solve_triangular(factors, columns, upper=False).pow(2).sum(-2).t()
    back = [each for number in range(dims) for each in (outer + number, outer + dims + number)]
    return lengths.reshape(ordered.shape[:-1]).permute([*range(outer), *back]).reshape(bx.shape[:-1])


def _precision_to_scale_tril(P: Any) -> Any:
    """The Cholesky factor of the inverse of P, by that of P with its rows and columns reversed."""
    inverse = flip(cholesky(flip(P, (-2, -1))), (-2, -1)).transpose(-2, -1)
    return solve_triangular(inverse, eye(P.shape[-1], dtype=P.dtype), upper=False)


def _half_log_det(tril: Any) -> Any:
    return tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(Distribution):
    """Normal vectors of mean `loc`, given one of: covariance, its inverse, its lower Cholesky factor."""

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _expanded = {"loc": 1, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2}
    _kept = ("_unbroadcasted_scale_tril",)

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "scale_tril": scale_tril,
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
        }
        given = [(name, each) for name, each in matrices.items() if each is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given
        if matrix.dim() < 2:
            title = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{title} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        self.loc = loc.expand(batch_shape + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        factor = {"scale_tril": lambda tril: tril, "covariance_matrix": cholesky}
        self._unbroadcasted_scale_tril = factor.get(name, _precision_to_scale_tril)(matrix)

    def _over_batch(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        return self._over_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        return self._over_batch(matmul(self._unbroadcasted_scale_tril, self._unbroadcasted_scale_tril.mT))

    @lazy_property
    def precision_matrix(self) -> Any:
        return self._over_batch(cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Shape = EMPTY) -> Any:
        noise = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        half_log_det = _half_log_det(self._unbroadcasted_scale_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det

    def entropy(self) -> Any:
        half_log_det = _half_log_det(self._unbroadcasted_scale_tril)
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy
