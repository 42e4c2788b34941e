"""Transforms of the parts of a tensor, each by its own: `CatTransform` and `StackTransform`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from framework.distributions import constraints
from framework.distributions.transform import Transform
from framework.distributions.utils import _sum_rightmost, lazy_property
from framework.operations import cat, stack

__all__ = ["CatTransform", "StackTransform"]


class _Joined(Transform):
    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        if not all([isinstance(each, Transform) for each in tseq]):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [each.with_cache(cache_size) for each in tseq] if cache_size else list(tseq)
        self.dim = dim

    @property
    def bijective(self) -> Any:
        return all([each.bijective for each in self.transforms])

    def _check_dim(self, name: str, value: Any) -> None:
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"dim {self.dim} out of range for {name} with {value.dim()} dimensions")


class CatTransform(_Joined):
    """One transform for each slice of given length along a dimension, as `torch.cat` joins them."""

    _arguments = ("transforms", "dim", "lengths")

    def __init__(
        self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self) -> Any:
        return max([each.event_dim for each in self.transforms])

    @lazy_property
    def length(self) -> Any:
        return sum(self.lengths)

    def _slices(self, name: str, value: Any, whole: str = "tensor") -> list[Any]:
        self._check_dim(whole, value)
        if value.size(self.dim) != self.length:
            raise AssertionError(f"{name}.size({self.dim}) = {value.size(self.dim)} must equal length {self.length}")
        return list(value.split(self.lengths, self.dim))

    def _call(self, x: Any) -> Any:
        return cat([each(part) for each, part in zip(self.transforms, self._slices("x", x), strict=True)], self.dim)

    def _inverse(self, y: Any) -> Any:
        parts = self._slices("y", y)
        return cat([each.inv(part) for each, part in zip(self.transforms, parts, strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        parts = zip(self.transforms, self._slices("x", x, "x"), self._slices("y", y, "y"), strict=True)
        terms = [
            _sum_rightmost(each.log_abs_det_jacobian(before, after), self.event_dim - each.event_dim)
            for each, before, after in parts
        ]
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(terms, dim) if dim < 0 else sum(terms)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([each.domain for each in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([each.codomain for each in self.transforms], self.dim, self.lengths)


class StackTransform(_Joined):
    """One transform for each place along a dimension, as `torch.stack` joins them."""

    _arguments = ("transforms", "dim")

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def _slices(self, name: str, value: Any, whole: str = "tensor") -> Sequence[Any]:
        self._check_dim(whole, value)
        if value.size(self.dim) != len(self.transforms):
            raise AssertionError(
                f"{name}.size({self.dim}) = {value.size(self.dim)} must equal len(transforms) {len(self.transforms)}"
            )
        return value.unbind(self.dim)

    def _stacked(self, function: Callable[..., Any], *parts: Sequence[Any]) -> Any:
        return stack([function(*each) for each in zip(self.transforms, *parts, strict=True)], self.dim)

    def _call(self, x: Any) -> Any:
        return self._stacked(lambda each, part: each(part), self._slices("x", x))

    def _inverse(self, y: Any) -> Any:
        return self._stacked(lambda each, part: each.inv(part), self._slices("y", y))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        parts = self._slices("x", x, "x"), self._slices("y", y, "y")
        return self._stacked(lambda each, before, after: each.log_abs_det_jacobian(before, after), *parts)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([each.domain for each in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([each.codomain for each in self.transforms], self.dim)
