"""Divergences of multivariate normal distributions, of full and of low rank."""

from __future__ import annotations

from typing import Any

from framework.distributions.kl_registry import register_kl
from framework.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)
from framework.distributions.multivariate_normal import MultivariateNormal, _batch_mahalanobis, _half_log_det
from framework.operations import broadcast_shapes, diag_embed
from framework.operations.triangular import linalg_solve_triangular as solve_triangular

__all__: list[str] = []


def _trace_of_square(matrix: Any) -> Any:
    """The trace of XXᵀ."""
    return matrix.reshape(-1, matrix.size(-2) * matrix.size(-1)).pow(2).sum(-1).reshape(matrix.shape[:-2])


def _check_events(p: Any, q: Any, kind: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {kind}Multivariate Normals with"
            "                          different event shapes cannot be computed"
        )


def _log_det(x: Any) -> Any:
    if isinstance(x, MultivariateNormal):
        return 2 * _half_log_det(x._unbroadcasted_scale_tril)
    return _batch_lowrank_logdet(x._unbroadcasted_cov_factor, x._unbroadcasted_cov_diag, x._capacitance_tril)


def _distance(q: Any, difference: Any) -> Any:
    """Mahalanobis' distance by the covariance of q, squared."""
    if isinstance(q, MultivariateNormal):
        return _batch_mahalanobis(q._unbroadcasted_scale_tril, difference)
    return _batch_lowrank_mahalanobis(
        q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, difference, q._capacitance_tril
    )


def _by_low_rank(q: Any) -> Any:
    """A, of which AᵀA is what the inverse of q's covariance has less than that of its diagonal."""
    of_factor = q._unbroadcasted_cov_factor.mT / q._unbroadcasted_cov_diag.unsqueeze(-2)
    return solve_triangular(q._capacitance_tril, of_factor, upper=False)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: Any, q: Any) -> Any:
    _check_events(p, q, "Low Rank ")
    a = _by_low_rank(q)
    factor, diag = p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag
    trace = (diag / q._unbroadcasted_cov_diag).sum(-1)
    trace = trace + _trace_of_square(factor * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1))
    trace = trace - _trace_of_square(a * diag.sqrt().unsqueeze(-2)) - _trace_of_square(a.matmul(factor))
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(q, q.loc - p.loc) - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _full_and_low_rank(p: Any, q: Any) -> Any:
    _check_events(p, q, "(Low Rank) ")
    tril = p._unbroadcasted_scale_tril
    trace = _trace_of_square(tril * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1))
    trace = trace - _trace_of_square(_by_low_rank(q).matmul(tril))
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(q, q.loc - p.loc) - p.event_shape[0])


def _solved(q: Any, matrices: list[Any]) -> Any:
    """The trace of what q's inverse covariance makes of the squares of some matrices."""
    tril = q._unbroadcasted_scale_tril
    batch = broadcast_shapes(tril.shape[:-2], *[each.shape[:-2] for each in matrices])
    factor = tril.expand(batch + tril.shape[-2:])
    each = [_trace_of_square(solve_triangular(factor, x.expand(batch + x.shape[-2:]), upper=False)) for x in matrices]
    return sum(each[1:], each[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_rank_and_full(p: Any, q: Any) -> Any:
    _check_events(p, q, "(Low Rank) ")
    trace = _solved(q, [p._unbroadcasted_cov_factor, diag_embed(p._unbroadcasted_cov_diag.sqrt())])
    return 0.5 * (_log_det(q) - _log_det(p) + trace + _distance(q, q.loc - p.loc) - p.event_shape[0])


@register_kl(MultivariateNormal, MultivariateNormal)
def _full(p: Any, q: Any) -> Any:
    _check_events(p, q, "")
    half = _half_log_det(q._unbroadcasted_scale_tril) - _half_log_det(p._unbroadcasted_scale_tril)
    trace = _solved(q, [p._unbroadcasted_scale_tril])
    return half + 0.5 * (trace + _distance(q, q.loc - p.loc) - p.event_shape[0])
