"""`assert_close`: are two tensors, numbers, or nests of them, equal up to rounding? PyTorch's `torch.testing`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import framework
from framework.autograd import Tensor

__all__ = ["assert_allclose", "assert_close"]

# rtol and atol.
_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}
_ONES_OWN = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}
_NUMBERS = (int, float, np.number)
_BOOLEANS = (bool, np.bool_)
Path = tuple[Any, ...]


class _Difference(Exception):
    """What differs, as an exception of `kind`."""

    def __init__(self, text: str, kind: type[Exception] = AssertionError) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class _Options:
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_dtype: bool
    check_stride: bool

    def tolerances(self, *names: str) -> tuple[float, float]:
        """rtol and atol: those given, or else the loosest of the types' own."""
        if (self.rtol is None) != (self.atol is None):
            missing = "rtol" if self.rtol is None else "atol"
            raise _Difference(
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.", ValueError
            )
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        rtols, atols = zip(*[_TOLERANCES.get(each, (0.0, 0.0)) for each in names], strict=True)
        return max(rtols), max(atols)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raises AssertionError unless `|actual - expected| <= atol + rtol * |expected|`, elementwise.

    Takes tensors, arrays, numbers, None, and sequences and mappings of them. Tolerances go by the type unless given:
    1.3e-6 and 1e-5 for float32, 1e-7 for float64, none for integers. `msg` replaces the message, or makes one of it.
    """
    __tracebackhide__ = True
    options = _Options(rtol, atol, equal_nan, check_dtype, check_stride)
    try:
        pairs = list(_pairs(actual, expected, (), allow_subclasses))
    except _Difference as difference:
        raise difference.kind(str(difference)) from None
    for compare, first, second, path in pairs:
        try:
            compare(first, second, options)
        except _Difference as difference:
            text = str(difference)
            if path:
                text += f"\n\nThe failure occurred for item {_item(path)}"
            if difference.kind is AssertionError and msg is not None:
                text = msg(text) if callable(msg) else msg
            raise difference.kind(text) from None


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """`assert_close` with looser tolerances and without a look at the types, as it was before. Deprecated."""
    __tracebackhide__ = True
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please "
        "use `torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
        "https://github.com/pytorch/pytorch/issues/61844.",
        FutureWarning,
        stacklevel=2,
    )
    if not isinstance(actual, Tensor):
        actual = framework.tensor(actual)
    if not isinstance(expected, Tensor):
        expected = framework.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        own = [_ONES_OWN.get(each.dtype.name, (0.0, 0.0)) for each in (actual, expected)]
        rtol, atol = (max(each) for each in zip(*own, strict=True))
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None
    )  # fmt: skip


def _item(path: Path) -> str:
    return "".join(f"[{each!r}]" for each in path)


def _pairs(actual: Any, expected: Any, path: Path, subclasses: bool) -> Iterator[tuple[Any, Any, Any, Path]]:
    """The leaves of two nests, each with the function that compares it."""
    at = f"\n\nThe failure occurred for item {_item(path)}" if path else ""
    if all(isinstance(each, Sequence) and not isinstance(each, str) for each in (actual, expected)):
        if len(actual) != len(expected):
            raise _Difference(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}{at}")
        for number, (first, second) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(first, second, (*path, number), subclasses)
        return
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing, more = [key for key in expected if key not in actual], [key for key in actual if key not in expected]
        if missing or more:
            raise _Difference(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
                f"Additional keys in the actual mapping: {sorted(more, key=str)}{at}"
            )
        keys = list(actual)
        try:
            keys = sorted(keys)
        except TypeError:
            pass
        for key in keys:
            yield from _pairs(actual[key], expected[key], (*path, key), subclasses)
        return
    yield _comparison(actual, expected, at, subclasses), actual, expected, path


def _comparison(actual: Any, expected: Any, at: str, subclasses: bool) -> Callable[[Any, Any, _Options], None]:
    """What compares two leaves."""
    both = (actual, expected)
    if actual is None or expected is None:
        return _compare_none
    if all(isinstance(each, _BOOLEANS) for each in both):
        return _compare_booleans
    if all(isinstance(each, _NUMBERS) for each in both):
        return _compare_numbers
    first, second = type(actual), type(expected)
    related = issubclass(first, second) or issubclass(second, first) if subclasses else first is second
    if related and all(isinstance(each, (Tensor, np.ndarray, np.generic)) for each in both):
        return _compare_tensors
    raise _Difference(f"No comparison pair was able to handle inputs of type {first} and {second}.{at}", TypeError)


def _compare_none(actual: Any, expected: Any, options: _Options) -> None:
    if actual is not expected:
        raise _Difference(f"None mismatch: {actual} is not {expected}")


def _compare_booleans(actual: Any, expected: Any, options: _Options) -> None:
    if bool(actual) is not bool(expected):
        raise _Difference(f"Booleans mismatch: {bool(actual)} is not {bool(expected)}")


def _compare_numbers(actual: Any, expected: Any, options: _Options) -> None:
    first, second = (each.item() if isinstance(each, np.number) else each for each in (actual, expected))
    # A number's own type is its tolerance's.
    names = ["float64" if isinstance(each, float) else "int64" for each in (first, second)]
    rtol, atol = options.tolerances(*names)
    if options.check_dtype and type(first) is not type(second):
        raise _Difference(f"The (d)types do not match: {type(first)} != {type(second)}.")
    if not _is_close(first, second, rtol, atol, options.equal_nan):
        raise _Difference(_numbers_differ(first, second, rtol, atol))


def _is_close(first: Any, second: Any, rtol: float, atol: float, equal_nan: bool) -> bool:
    if first == second or (equal_nan and first != first and second != second):
        return True
    difference = abs(first - second)
    return math.isfinite(difference) and bool(difference <= atol + rtol * abs(second))


def _compare_tensors(actual: Any, expected: Any, options: _Options) -> None:
    first, second = (
        each.detach() if isinstance(each, Tensor) else framework.as_tensor(each) for each in (actual, expected)
    )
    if first.shape != second.shape:
        raise _Difference(f"The values for attribute 'shape' do not match: {first.shape} != {second.shape}.")
    if options.check_dtype and first.dtype is not second.dtype:
        raise _Difference(f"The values for attribute 'dtype' do not match: {first.dtype} != {second.dtype}.")
    if options.check_stride and first.stride() != second.stride():
        raise _Difference(f"The values for attribute 'stride()' do not match: {first.stride()} != {second.stride()}.")
    rtol, atol = options.tolerances(first.dtype.name, second.dtype.name)
    if first.dtype is not second.dtype:
        common = framework.promote_types(first.dtype, second.dtype)
        first, second = first.to(common), second.to(common)
    if first.dtype is framework.bool:
        first, second = first.to(framework.int64), second.to(framework.int64)
    matches = framework.isclose(first, second, rtol=rtol, atol=atol, equal_nan=options.equal_nan)
    if bool(matches.all()):
        return
    if not first.shape:
        raise _Difference(_numbers_differ(first.item(), second.item(), rtol, atol))
    raise _Difference(_elements_differ(first, second, matches, rtol, atol))


def _differ(what: str, detail: str, differences: Sequence[tuple[str, Any, str, float]]) -> str:
    """The text of a mismatch; nothing is said of what is allowed where nothing is."""
    exact = not any(allowed for *_, allowed in differences)
    lines = [f"{what} are not {'equal' if exact else 'close'}!", "", detail]
    for title, size, where, allowed in differences:
        lines.append(f"{title} difference: {size}{where}" + ("" if exact else f" (up to {allowed} allowed)"))
    return "\n".join(lines)


def _numbers_differ(first: Any, second: Any, rtol: float, atol: float) -> str:
    size = abs(first - second)
    share = math.inf if second == 0 else size / abs(second)
    return _differ(
        "Scalars",
        f"Expected {second} but got {first}.",
        [("Absolute", size, "", atol), ("Relative", share, "", rtol)],
    )


def _elements_differ(first: Any, second: Any, matches: Any, rtol: float, atol: float) -> str:
    count, wrong = matches.numel(), int((~matches).sum())
    if not first.dtype.is_floating_point:
        first, second = first.to(framework.int64), second.to(framework.int64)
    size = (first - second).abs()
    share = size / second.abs()
    rows: list[tuple[str, Any, str, float]] = []
    for title, each, allowed in (("Greatest absolute", size, atol), ("Greatest relative", share, rtol)):
        each = each.masked_fill(matches, 0)
        place = int(each.argmax())
        where = tuple(int(axis) for axis in np.unravel_index(place, each.shape))
        rows.append((title, each.flatten()[place].item(), f" at index {where}", allowed))
    return _differ("Tensor-likes", f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})", rows)
