"""`kl_divergence(p, q)`, and `register_kl`, which says how it is computed for two classes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from framework.distributions.distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

Divergence = TypeVar("Divergence", bound=Callable[..., Any])

_KL_REGISTRY: dict[tuple[type, type], Callable[..., Any]] = {}
_KL_MEMOIZE: dict[tuple[type, type], Any] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[[Divergence], Divergence]:
    """Decorates the function `(p, q)` that gives the divergence for these classes and those derived from them."""
    for name, each in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(each, type) and issubclass(each, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {each}")

    def decorator(function: Divergence) -> Divergence:
        _KL_REGISTRY[type_p, type_q] = function
        _KL_MEMOIZE.clear()
        return function

    return decorator


def _nearest(matches: list[tuple[type, type]], first: int) -> tuple[type, type]:
    """The pair whose class at place `first` is the most derived, then the other one."""

    def derived(one: tuple[type, type], other: tuple[type, type]) -> bool:
        for place in (first, 1 - first):
            if one[place] is not other[place]:
                return issubclass(one[place], other[place])
        return True

    best = matches[0]
    for each in matches[1:]:
        if not derived(best, each):
            best = each
    return best


def _dispatch_kl(type_p: type, type_q: type) -> Any:
    matches = [(p, q) for p, q in _KL_REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not matches:
        return NotImplemented
    by_p, by_q = _nearest(matches, 0), _nearest(matches, 1)
    if _KL_REGISTRY[by_p] is not _KL_REGISTRY[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({by_p[0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _KL_REGISTRY[by_p]


def kl_divergence(p: Any, q: Any) -> Any:
    """The mean of log p(x) − log q(x) over x of p, for each element of the batch."""
    kinds = type(p), type(q)
    if kinds not in _KL_MEMOIZE:
        _KL_MEMOIZE[kinds] = _dispatch_kl(*kinds)
    function = _KL_MEMOIZE[kinds]
    if function is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}"
        )
    return function(p, q)
