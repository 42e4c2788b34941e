"""Print an array as PyTorch prints a tensor, to the character.

`tensor_text` is what `repr(tensor)` shows: aligned columns, `1.` for whole floats, scientific notation
where magnitudes ask for it, `...` in place of the middle of a large tensor, and what follows the values
(`dtype=`, `requires_grad=True`, `grad_fn=<...>`). `set_printoptions` changes it for the process.

The layout follows the observable behaviour of PyTorch 2.13, oddities included.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["get_printoptions", "printoptions", "set_printoptions", "size_text", "tensor_text"]


class _Options(NamedTuple):
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}

_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print; what is not given stays, except `sci_mode`.

    precision: digits after the point. threshold: a tensor with more elements is summarised.
    edgeitems: elements shown at each end of a summarised dimension. linewidth: characters per line.
    profile: "default", "short" or "full", applied before the others; any other name changes nothing.
    sci_mode: scientific notation always (True), never (False), or as the values ask for. As in
    PyTorch, a call that does not mention it sets it back to None.
    """
    global _options
    start = _options if profile is None else _PROFILES.get(profile, _options)
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _options = start._replace(**changed, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The options in force, as keywords for `set_printoptions`."""
    return _options._asdict()


@contextlib.contextmanager
def printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> Iterator[None]:
    """`set_printoptions` for the length of a `with` block."""
    global _options
    before = _options
    set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)
    try:
        yield
    finally:
        _options = before


def tensor_text(
    array: NDArray[Any],
    *,
    dtype: str | None = None,
    default_dtype: str = "torch.float32",
    requires_grad: bool = False,
    grad_fn: str | None = None,
    name: str = "tensor",
) -> str:
    """`tensor([1., 2.])`: what PyTorch's `repr` gives for a tensor with these values.

    array: real, any shape. dtype: the dtype's printed name, taken from `array` when not given.
    default_dtype: the printed name of the default floating dtype, which needs no `dtype=`.
    grad_fn: the node's name (`AddBackward0`); it takes the place of `requires_grad=True`.
    name: what stands before the parenthesis; a subclass prints its own name.
    """
    options = _options
    dtype = dtype or f"torch.{array.dtype.name}"
    suffixes = []
    shape_is_visible = array.ndim == 1 if array.size == 0 else options.edgeitems > 0
    if not shape_is_visible:
        suffixes.append(f"size={tuple(array.shape)}")
    # Values tell an int64 or a bool tensor by themselves; an empty one has no values to tell it.
    if dtype != default_dtype and (array.size == 0 or dtype not in ("torch.int64", "torch.bool")):
        suffixes.append(f"dtype={dtype}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    indent = len(name) + 1
    text = f"{name}({_values_text(array, indent, options)}"
    return _with_suffixes(text, suffixes, indent, options.linewidth)


def size_text(shape: Iterable[int]) -> str:
    """`torch.Size([2, 3])`."""
    return f"torch.Size({list(shape)})"


def _with_suffixes(text: str, suffixes: Sequence[str], indent: int, linewidth: int) -> str:
    # PyTorch counts two characters too many on the values' last line; wrapping depends on it.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


def _values_text(array: NDArray[Any], indent: int, options: _Options) -> str:
    if array.size == 0:
        return "[]"
    edge = options.edgeitems
    summarise = array.size > options.threshold
    if summarise and edge <= 0 and array.ndim:
        return "[...]"
    shown = _edges(array, edge) if summarise else array
    texts, width = _element_texts(shown, options)
    # From the innermost dimension outwards, each round joins one dimension's parts in brackets.
    for axis in reversed(range(array.ndim)):
        length = shown.shape[axis]
        groups = [texts[start : start + length] for start in range(0, len(texts), length)]
        innermost = axis == array.ndim - 1
        if summarise and array.shape[axis] > 2 * edge:
            for group in groups:
                group.insert(edge, " ..." if innermost else "...")
        if innermost:
            texts = [_row_text(group, width, indent + axis, options.linewidth) for group in groups]
        else:
            separator = "," + "\n" * (array.ndim - 1 - axis) + " " * (indent + axis + 1)
            texts = [f"[{separator.join(group)}]" for group in groups]
    return texts[0]


def _edges(array: NDArray[Any], edge: int) -> NDArray[Any]:
    """The elements a summary shows; the others are never read."""
    kept = [[*range(edge), *range(n - edge, n)] if n > 2 * edge else range(n) for n in array.shape]
    return array[np.ix_(*kept)]


def _row_text(texts: Sequence[str], width: int, indent: int, linewidth: int) -> str:
    columns = max(1, math.floor((linewidth - indent) / (width + 2)))
    lines = [", ".join(texts[start : start + columns]) for start in range(0, len(texts), columns)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _element_texts(array: NDArray[Any], options: _Options) -> tuple[list[str], int]:
    """One right-aligned text per element in row-major order, and the width they are aligned to."""
    values = array.ravel().tolist()
    if array.dtype.kind == "f":
        texts, width = _float_texts(values, options)
    else:
        texts = [str(value) for value in values]
        width = max(map(len, texts))
    return [text.rjust(width) for text in texts], width


def _float_texts(values: Sequence[float], options: _Options) -> tuple[list[str], int]:
    # Zeros, infinities and nan choose neither notation nor width: a column of them has width 1.
    telling = [value for value in values if value and math.isfinite(value)]
    if not telling:
        return [_whole_text(value) for value in values], 1
    if _scientific(telling) if options.sci_mode is None else options.sci_mode:
        form = f".{options.precision}e"
        texts = [format(value, form) for value in values]
    elif all(value.is_integer() for value in telling):
        texts = [_whole_text(value) for value in values]
    else:
        form = f".{options.precision}f"
        texts = [format(value, form) for value in values]
    width = max(len(text) for value, text in zip(values, texts, strict=True) if value and math.isfinite(value))
    return texts, width


def _whole_text(value: float) -> str:
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _scientific(telling: Sequence[float]) -> bool:
    magnitudes = [abs(value) for value in telling]
    smallest, largest = min(magnitudes), max(magnitudes)
    return largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
