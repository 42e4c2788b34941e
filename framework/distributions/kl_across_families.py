"""Divergences of two distributions of different families."""

from __future__ import annotations

import math
from typing import Any

from framework.distributions.bernoulli import Bernoulli
from framework.distributions.beta import Beta
from framework.distributions.binomial import Binomial
from framework.distributions.continuous_bernoulli import ContinuousBernoulli
from framework.distributions.exponential import Exponential
from framework.distributions.gamma import Gamma
from framework.distributions.gumbel import Gumbel
from framework.distributions.kl_registry import register_kl
from framework.distributions.kl_within_families import infinite_where
from framework.distributions.laplace import Laplace
from framework.distributions.normal import Normal
from framework.distributions.pareto import Pareto
from framework.distributions.poisson import Poisson
from framework.distributions.uniform import Uniform
from framework.distributions.utils import euler_constant
from framework.operations import erf, full_like, where, xlogy

__all__: list[str] = []


def _always_infinite(p: type, parameter: str, *others: type) -> None:
    """For p that gives values which the others give no density."""
    for q in others:
        register_kl(p, q)(lambda p, q: full_like(getattr(p, parameter), math.inf))


_always_infinite(Beta, "concentration1", Pareto)
_always_infinite(ContinuousBernoulli, "probs", Pareto)
_always_infinite(Exponential, "rate", Beta, ContinuousBernoulli, Pareto, Uniform)
_always_infinite(Gamma, "concentration", Beta, ContinuousBernoulli, Pareto, Uniform)
_always_infinite(Gumbel, "loc", Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
_always_infinite(Laplace, "loc", Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
_always_infinite(Normal, "loc", Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
_always_infinite(Pareto, "scale", Beta, ContinuousBernoulli, Uniform)
_always_infinite(Poisson, "rate", Bernoulli, Binomial)


def _gamma_constant(q: Any) -> Any:
    """The logarithm of what divides a gamma density."""
    return q.concentration.lgamma() - q.concentration * q.rate.log()


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def _beta_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    log_mean = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _gamma_constant(q) - (q.concentration - 1) * log_mean + q.rate * p.mean


@register_kl(Beta, Normal)
def _beta_normal(p: Any, q: Any) -> Any:
    mean, variance = p.mean, q.scale.pow(2)
    t1 = -p.entropy()
    t2 = 0.5 * (variance * 2 * math.pi).log()
    t3 = (mean * (1 - mean) / (p.concentration1 + p.concentration0 + 1) + mean.pow(2)) * 0.5
    return t1 + t2 + (t3 - q.loc * mean + q.loc.pow(2) * 0.5) / variance


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    return infinite_where(-p.entropy() + (q.high - q.low).log(), (q.low > 0) | (q.high < 1))


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _continuous_bernoulli_normal(p: Any, q: Any) -> Any:
    t2 = 0.5 * (math.log(2.0 * math.pi) + (q.loc / q.scale).square()) + q.scale.log()
    t3 = (p.variance + p.mean.square() - 2.0 * q.loc * p.mean) / (2.0 * q.scale.square())
    return -p.entropy() + t2 + t3


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    # As PyTorch has it: finite only where q reaches beyond both ends.
    return where((q.low >= 0) | (q.high <= 1), math.inf, -p.entropy() + (q.high - q.low).log())


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    t1 = -q.concentration * ratio.log()
    return t1 + ratio + q.concentration.lgamma() + q.concentration * euler_constant - (1 + euler_constant)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    product, place = p.rate * q.scale, q.loc / q.scale
    return product.log() - 1 - place + place.exp() * product / (product + 1) + product.reciprocal()


@register_kl(Exponential, Normal)
def _exponential_normal(p: Any, q: Any) -> Any:
    variance, square = q.scale.pow(2), p.rate.pow(2)
    t1 = 0.5 * (square * variance * 2 * math.pi).log()
    return t1 - 1 + (square.reciprocal() - q.loc / p.rate + q.loc.pow(2) * 0.5) / variance


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    a, product, place = p.concentration, p.rate * q.scale, q.loc / q.scale
    t1 = (a - 1) * a.digamma() - a.lgamma() - a
    t2 = product.log() + a / product
    return t1 + t2 + place.exp() * (1 + product.reciprocal()).pow(-a) - place


@register_kl(Gamma, Normal)
def _gamma_normal(p: Any, q: Any) -> Any:
    a, variance, square = p.concentration, q.scale.pow(2), p.rate.pow(2)
    t1 = 0.5 * (square * variance * 2 * math.pi).log() - a - a.lgamma()
    t2 = 0.5 * (a.pow(2) + a) / square
    return t1 + (a - 1) * a.digamma() + (t2 - q.loc * a / p.rate + 0.5 * q.loc.pow(2)) / variance


@register_kl(Gumbel, Normal)
def _gumbel_normal(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    t1 = (ratio / math.sqrt(2 * math.pi)).log()
    t2 = (math.pi * ratio * 0.5).pow(2) / 3
    t3 = ((p.loc + p.scale * euler_constant - q.loc) / q.scale).pow(2) * 0.5
    return -t1 + t2 + t3 - (euler_constant + 1)


@register_kl(Laplace, Normal)
def _laplace_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    t1 = 0.5 * (2 * ratio / math.pi).log()
    return -t1 + ratio + (0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)) / variance - 1


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    of_p, of_q = p.loc / q.scale, q.loc / q.scale
    variances = (p.scale / q.scale).pow(2)
    t3 = (-of_p + 0.5 * variances + of_q).exp()
    return -(variances.log() * 0.5) + (of_p - of_q) + t3 - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    share = distance / p.scale
    t2 = math.sqrt(2 / math.pi) * p.scale * (-0.5 * share.pow(2)).exp()
    t3 = distance * erf(math.sqrt(0.5) * share)
    return -(p.scale / q.scale).log() + (t2 + t3) / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    product = p.scale * q.rate
    t1 = (p.alpha / product).log()
    return infinite_where(t1 - p.alpha.reciprocal() + p.alpha * product / (p.alpha - 1) - 1, p.alpha <= 1)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    log_mean = p.scale.log() + p.alpha.reciprocal()
    t1 = p.alpha.log() - log_mean
    t4 = q.rate * p.alpha * p.scale / (p.alpha - 1)
    return infinite_where(t1 + _gamma_constant(q) + (1 - q.concentration) * log_mean + t4 - 1, p.alpha <= 1)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    share = p.scale / (p.alpha - 1)
    t1 = (math.sqrt(2 * math.pi) * q.scale * p.alpha / p.scale).log()
    t3 = p.alpha * share.pow(2) / (p.alpha - 2)
    t4 = (p.alpha * share - q.loc).pow(2)
    return infinite_where(t1 - p.alpha.reciprocal() + (t3 + t4) / (2 * q.scale.pow(2)) - 1, p.alpha <= 2)


def _log_mean(low: Any, high: Any) -> Any:
    """The mean of the logarithm between two bounds."""
    return (xlogy(high, high) - xlogy(low, low) - (high - low)) / (high - low)


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    # Of 1 − x the bounds are the other way round.
    t2 = (a - 1) * _log_mean(p.low, p.high)
    t3 = (b - 1) * _log_mean(1 - p.high, 1 - p.low)
    t4 = a.lgamma() + b.lgamma() - (a + b).lgamma()
    return infinite_where(t4 - t3 - (p.high - p.low).log() - t2, (p.high > 1) | (p.low < 0))


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    result = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    # As PyTorch has it: finite only where p reaches neither end.
    return where((p.high >= 1) | (p.low <= 0), math.inf, result)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return infinite_where(result, p.low < 0)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    t3 = (1 - q.concentration) * _log_mean(p.low, p.high)
    t4 = q.rate * (p.high + p.low) / 2
    return infinite_where(-(p.high - p.low).log() + _gamma_constant(q) + t3 + t4, p.low < 0)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    share = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return share.log() + 0.5 * (high + low) - share * ((-high).exp() - (-low).exp())


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    width = p.high - p.low
    t1 = (math.sqrt(math.pi * 2) * q.scale / width).log()
    t3 = ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return t1 + 0.5 * (width.pow(2) / 12 + t3) / q.scale.pow(2)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    t1 = (q.alpha * q.scale.pow(q.alpha) * (p.high - p.low)).log()
    return infinite_where(_log_mean(p.low, p.high) * (q.alpha + 1) - t1, p.low < q.support.lower_bound)
