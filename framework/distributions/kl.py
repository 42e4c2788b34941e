"""Kullback and Leibler's divergence: importing this registers every pair of distributions that PyTorch has."""

from framework.distributions import kl_across_families, kl_multivariate_normal, kl_within_families  # noqa: F401
from framework.distributions.kl_registry import _KL_MEMOIZE, _KL_REGISTRY, kl_divergence, register_kl  # noqa: F401

__all__ = ["kl_divergence", "register_kl"]
