"""`Wishart`.

Source: Z. Wang, Y. Wu and H. Chu, "On equivalence of the LKJ distribution and the restricted Wishart distribution" (2018).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from framework.autograd import Size, Tensor, finfo
from framework.distributions import constraints
from framework.distributions.chi2 import Chi2
from framework.distributions.exp_family import ExponentialFamily
from framework.distributions.multivariate_normal import _half_log_det, _precision_to_scale_tril
from framework.distributions.utils import EMPTY, Number, Shape, _all_true, lazy_property
from framework.operations import (
    arange,
    broadcast_shapes,
    cholesky_solve,
    eye,
    mvlgamma,
    randn,
    tensor,
    tril_indices,
)
from framework.operations.cholesky import linalg_cholesky as cholesky
from framework.operations.inverses import linalg_slogdet as slogdet

__all__ = ["Wishart"]

_LOG_2 = math.log(2)


def _mvdigamma(x: Any, p: int) -> Any:
    if not _all_true(x.gt((p - 1) / 2)):
        raise AssertionError("Wrong domain for multivariate digamma function.")
    return (x.unsqueeze(-1) - arange(p, dtype=x.dtype).div(2)).digamma().sum(-1)


class Wishart(ExponentialFamily):
    """Positive definite matrices: sums of `df` squares of normal vectors of a covariance."""

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded = {
        "df": 0,
        "covariance_matrix": 2,
        "precision_matrix": 2,
        "scale_tril": 2,
        "_unbroadcasted_scale_tril": 2,
        "_dist_chi2": 1,
    }

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = [(name, each) for name, each in matrices.items() if each is not None]
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        if isinstance(df, Number):
            batch_shape = Size(matrix.shape[:-2])
            self.df = tensor(df, dtype=matrix.dtype)
        else:
            batch_shape = broadcast_shapes(matrix.shape[:-2], df.shape)
            self.df = df.expand(batch_shape)
        event_shape = matrix.shape[-2:]
        p = event_shape[-1]
        if not _all_true(~self.df.le(p - 1)):
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        if not _all_true(~self.df.lt(p)):
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        factor = {"scale_tril": lambda tril: tril, "covariance_matrix": cholesky}
        self._unbroadcasted_scale_tril = factor.get(name, _precision_to_scale_tril)(matrix)
        degrees = self.df.unsqueeze(-1) - arange(p, dtype=matrix.dtype).expand(batch_shape + (-1,))
        self._dist_chi2 = Chi2(df=degrees)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def _over_batch(self, matrix: Any) -> Any:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        return self._over_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        return self._over_batch(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        identity = eye(self._event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype)
        return self._over_batch(cholesky_solve(identity, self._unbroadcasted_scale_tril))

    def _per_matrix(self, number: Any) -> Any:
        return number.view(self._batch_shape + (1, 1))

    @property
    def mean(self) -> Any:
        return self._per_matrix(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return self._per_matrix(factor) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._per_matrix(self.df) * (self.covariance_matrix.pow(2) + products)

    def _bartlett_sampling(self, sample_shape: Any) -> Any:
        """By Bartlett's decomposition: a random Cholesky factor."""
        p = self._event_shape[-1]
        roots = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = roots.clamp(min=finfo(roots.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        row, column = tril_indices(p, p, offset=-1)
        shape = Size(sample_shape) + self._batch_shape + (p * (p - 1) // 2,)
        noise[..., row, column] = randn(shape, dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.transpose(-2, -1)

    def rsample(self, sample_shape: Shape = EMPTY, max_try_correction: int | None = None) -> Any:
        sample_shape = Size(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        # As PyTorch has it, which redraws the samples that are not singular, and warns of them.
        chosen = self._any_of_batch(self.support.check(sample))
        if chosen.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(10 if max_try_correction is None else max_try_correction):
                new = self._bartlett_sampling(chosen[chosen].shape)
                sample[chosen] = new
                chosen[chosen.clone()] = self._any_of_batch(~self.support.check(new))
                if not chosen.any():
                    break
        return sample

    def _any_of_batch(self, flags: Any) -> Any:
        dims = tuple([-(each + 1) for each in range(len(self._batch_shape))])
        return flags.amax(dims) if dims else flags

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        tril = self._unbroadcasted_scale_tril
        log_norm = -nu * (p * _LOG_2 / 2 + _half_log_det(tril)) - mvlgamma(nu / 2, p)
        log_det = slogdet(value).logabsdet
        trace = cholesky_solve(value, tril).diagonal(dim1=-2, dim2=-1).sum(-1)
        return log_norm + (nu - p - 1) / 2 * log_det - trace / 2

    def entropy(self) -> Any:
        nu, p = self.df, self._event_shape[-1]
        size = (p + 1) * (p * _LOG_2 / 2 + _half_log_det(self._unbroadcasted_scale_tril))
        return size + mvlgamma(nu / 2, p) - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p) + nu * p / 2

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:  # type: ignore[override]
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-slogdet(-2 * x).logabsdet + _LOG_2 * p) + mvlgamma(half, p)
