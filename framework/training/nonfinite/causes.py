"""Why an operation gave nan or infinity: what in its inputs did it, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from framework.training.nonfinite.culprit import Call

__all__ = ["cause"]

_TOO_LARGE = "A smaller learning rate, inputs brought to mean 0 and standard deviation 1, or clipped gradients help."


def cause(call: Call) -> str:
    """One or more sentences: what went in, why that gives nan or infinity, and the right call."""
    name = call.name.removesuffix("_")
    backward = call.phase == "backward"
    tell = (_BACKWARD if backward else _FORWARD).get(name, _backward if backward else _other)
    return " ".join(tell(call)) or " ".join((_backward if backward else _other)(call))


Tell = Callable[[Call], Iterator[str]]


def _numbers(values: Any) -> list[np.ndarray]:
    """The arrays of fractions among some values."""
    arrays = [np.asarray(getattr(each, "_array", each)) for each in values if hasattr(each, "dtype")]
    return [each for each in arrays if each.dtype.kind == "f" and each.size]


def _first(call: Call) -> np.ndarray:
    found = _numbers(call.inputs)
    return found[0] if found else np.zeros(0)


def _count(mask: Any, what: str, whats: str | None = None) -> str:
    number = int(np.count_nonzero(mask))
    return f"1 {what}" if number == 1 else f"{number:,} {whats or what + 's'}"


def _range(array: np.ndarray) -> str:
    finite = array[np.isfinite(array)]
    if not finite.size:
        return "has no finite number"
    low, high = finite.min(), finite.max()
    return f"is {low:.4g}" if low == high else f"lies between {low:.4g} and {high:.4g}"


# Forward


def _log(call: Call) -> Iterator[str]:
    x = _first(call)
    shift = 1 if call.name.startswith("log1p") else 0
    zeros, below = x == -shift, x < -shift
    name = call.name.removesuffix("_")
    if zeros.any():
        yield f"Its input has {_count(zeros, 'zero') if not shift else _count(zeros, 'number -1', 'numbers -1')}, and {name}({-shift}) is -inf."
    if below.any():
        yield f"Its input has {_count(below, 'number')} below {-shift}, down to {x.min():.4g}, whose logarithm is nan."
    if zeros.any() or below.any():
        yield (
            "Keep it away from there: x.clamp(min=1e-8).log(). For the logarithm of a softmax or a sigmoid use "
            "log_softmax or logsigmoid, or a loss of logits (CrossEntropyLoss, BCEWithLogitsLoss)."
            if not shift
            else f"Keep it above {-shift}: x.clamp(min=-1 + 1e-6).log1p()."
        )


def _division(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    if len(arrays) < 2:
        divisor = [each for each in call.arguments[1:2] if isinstance(each, int | float)]
        by = np.asarray(divisor[0] if divisor else 1.0, arrays[0].dtype if arrays else float)
    else:
        by = arrays[1]
    zeros = by == 0
    if zeros.any():
        tops, zeros_there = np.broadcast_arrays(arrays[0] if arrays else by, zeros)
        both = (tops == 0) & zeros_there
        what = "0 / 0 is nan" if both.any() else "a number divided by 0 is infinite"
        yield f"It divides by {_count(zeros, 'zero') if by.ndim else '0'}, and {what}. Add a small number to the divisor, x / (y + 1e-8),"
        yield "or leave those out: x / torch.where(y == 0, 1, y)."
    elif arrays:
        yield from _overflow(call)


def _reciprocal(call: Call) -> Iterator[str]:
    zeros = _first(call) == 0
    if zeros.any():
        yield f"It divides by {_count(zeros, 'zero')}. Add a small number to the divisor: 1 / (x + 1e-8)."


def _root(call: Call) -> Iterator[str]:
    x = _first(call)
    zeros, below = x == 0, x < 0
    if below.any():
        yield f"Its input has {_count(below, 'number')} below 0, down to {x.min():.4g}, which have no root: rounding may do "
        yield "that to a difference. Use x.clamp(min=0) before it."
    elif call.name.startswith("rsqrt") and zeros.any():
        yield f"Its input has {_count(zeros, 'zero')}: use (x + 1e-8).rsqrt()."


def _exponential(call: Call) -> Iterator[str]:
    x = _first(call)
    if not x.size:
        return
    base = np.log(2.0) if call.name.startswith("exp2") else 1.0
    limit = np.log(float(np.finfo(x.dtype).max)) / base
    yield f"Its input goes up to {x.max():.4g}, and {call.name.removesuffix('_')}(x) overflows {x.dtype.name} from x = {limit:.4g} on."
    yield "Take the largest away first (softmax, log_softmax and logsumexp do), or limit it: x.clamp(max=80).exp()."


def _power(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    given = [each for each in call.arguments[1:2] if isinstance(each, int | float)]
    x = arrays[0] if arrays else np.zeros(0)
    exponent = np.asarray(given[0] if given else arrays[1] if len(arrays) > 1 else 2.0)
    negative = np.any(exponent < 0)
    if negative and (x == 0).any():
        yield f"Its input has {_count(x == 0, 'zero')}, and 0 to a negative power is infinite: add a small number to it."
    elif (x < 0).any() and np.any(exponent != np.round(exponent)):
        yield f"Its input has {_count(x < 0, 'number')} below 0, and a fractional power of those is nan: x.abs() or x.clamp(min=0)."
    else:
        yield from _overflow(call)


def _overflow(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    if not arrays:
        return
    largest = max(float(np.abs(each).max()) for each in arrays)
    whats = "Its input goes" if len(arrays) == 1 else "Its inputs go"
    end = np.finfo(arrays[0].dtype).max
    yield f"{whats} up to {largest:.4g} in magnitude, and the result is beyond the {end:.2g} at which {arrays[0].dtype} ends."
    yield _TOO_LARGE


def _softmax(call: Call) -> Iterator[str]:
    x = _first(call)
    empty = _rows_without(x, call)
    if empty is not None:
        yield f"{empty}, and the softmax of nothing but -inf is 0 / 0: a row of a mask must leave something, or its"
        yield "result be replaced: torch.where(mask.any(-1, keepdim=True), softmax, 0)."


def _rows_without(x: np.ndarray, call: Call) -> str | None:
    dims = [each for each in call.arguments[1:] if isinstance(each, int) and not isinstance(each, bool)]
    axis = dims[0] if dims and -x.ndim <= dims[0] < x.ndim else -1
    if x.ndim == 0:
        return "Its input is -inf" if x == -np.inf else None
    rows = np.isneginf(x).all(axis=axis)
    return f"All is -inf in {_count(rows, 'row')} of its input" if rows.any() else None


def _domain(call: Call) -> Iterator[str]:
    x = _first(call)
    out = np.abs(x) > 1
    edge = np.abs(x) == 1
    if out.any():
        yield f"Its input has {_count(out, 'number')} outside of -1 to 1, where {call.name} is not defined:"
        yield "x.clamp(-1 + 1e-6, 1 - 1e-6)."
    elif edge.any():
        yield f"Its input has {_count(edge, 'number')} at -1 or 1, where {call.name} is infinite: x.clamp(-1 + 1e-6, 1 - 1e-6)."


def _average(call: Call) -> Iterator[str]:
    given = [each for each in call.inputs if hasattr(each, "size")]
    if given and given[0].size == 0:
        yield f"It is the {call.name} of no elements, 0 / 0. Is a batch, or what a mask leaves of it, empty?"
    elif call.name in ("std", "var", "std_mean", "var_mean"):
        yield f"It needs two elements or more, and has {_first(call).size}: give correction=0 for the deviation of one."
    else:
        yield from _overflow(call)


def _class_loss(call: Call) -> Iterator[str]:
    x = _first(call)
    targets = [np.asarray(each) for each in call.inputs if getattr(each, "dtype", np.dtype("O")).kind == "i"]
    ignored = [each for each in call.arguments if isinstance(each, int) and not isinstance(each, bool) and each < 0]
    if targets and targets[0].size and any((targets[0] == each).all() for each in ignored):
        yield f"All {_count(targets[0] == targets[0], 'target')} are ignored ({targets[0].flat[0]}), and the mean over none is 0 / 0:"
        yield "leave such batches out, or use reduction='sum'."
    elif x.size:
        empty = _rows_without(x, call)
        if empty is not None:
            yield f"{empty}: the loss of a class that was given no chance is infinite."
        else:
            yield f"What it is given {_range(x)}. {_TOO_LARGE}"


def _product(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    infinite = [each for each in arrays if np.isinf(each).any()]
    if infinite:
        yield f"One of its inputs has {_count(np.isinf(infinite[0]), 'infinity', 'infinities')}, and infinity times 0 is nan."
        yield "Choose with torch.where(mask, x, 0) instead of multiplying by a mask."
    else:
        yield from _overflow(call)


def _difference(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    if any(np.isinf(each).any() for each in arrays):
        yield "Its inputs hold infinities, and infinity minus infinity is nan."
    else:
        yield from _overflow(call)


def _other(call: Call) -> Iterator[str]:
    arrays = _numbers(call.inputs)
    if arrays:
        yield f"Its input {' and another '.join(map(_range, arrays[:3]))}."


# Backward


def _backward(call: Call) -> Iterator[str]:
    saved = _numbers(call.saved.values())
    arrived = _numbers([each for each in call.inputs if each is not None])
    if saved:
        yield f"It is taken where its input {' and another '.join(map(_range, saved[:2]))}."
    if arrived:
        yield f"The gradient that arrives there {_range(arrived[0])}."
    if arrived and max(float(np.abs(each).max()) for each in arrived) > 1e15:
        yield _TOO_LARGE


def _root_backward(call: Call) -> Iterator[str]:
    out = next(iter(_numbers([call.saved.get("out"), call.saved.get("input")])), np.zeros(0))
    zeros = out == 0
    if not zeros.any():
        return
    name = call.name.removesuffix("_")
    yield f"It is taken at {_count(zeros, 'zero')}, where the slope of {name} is infinite{_times_zero(call)}."
    yield f"Add a small number under the root: (x + 1e-12).{name}(){_where(call)}"


def _times_zero(call: Call) -> str:
    """Where the gradient that arrives is 0, infinity times that is nan."""
    arrived = _numbers([each for each in call.inputs if each is not None])
    made = [each for each in call.outputs if each is not None]
    return ", times 0 is nan" if arrived and any(np.isnan(each).any() for each in made) else ""


def _where(call: Call) -> str:
    if not _times_zero(call):
        return "."
    return "; torch.where around the result does not help, since its gradient of 0 still meets the infinite slope."


def _at_zero(call: Call) -> Iterator[str]:
    x = next(iter(_numbers([call.saved.get("input")])), np.zeros(0))
    zeros = x == 0
    if zeros.any():
        yield f"It is taken at {_count(zeros, 'zero')}, where the slope of {call.name} is infinite{_times_zero(call)}."
        yield f"Keep it away from there: (x + 1e-8){_where(call)}"


def _division_backward(call: Call) -> Iterator[str]:
    by = next(iter(_numbers([call.saved.get("other")])), np.zeros(0))
    if by.size:
        small = float(np.abs(by).min())
        yield f"It divides by numbers as small as {small:.4g}, whose square the slope is divided by. Use x / (y + 1e-6)."


def _edge_backward(call: Call) -> Iterator[str]:
    x = next(iter(_numbers([call.saved.get("input")])), np.zeros(0))
    edge = np.abs(x) == 1
    if edge.any():
        yield f"It is taken at {_count(edge, 'number')} -1 or 1, where the slope of {call.name} is infinite{_times_zero(call)}."
        yield "Keep it away from there: x.clamp(-1 + 1e-6, 1 - 1e-6)."


_FORWARD: dict[str, Tell] = {
    **dict.fromkeys(("log", "log2", "log10", "log1p"), _log),
    **dict.fromkeys(("div", "true_divide", "remainder", "fmod"), _division),
    "reciprocal": _reciprocal,
    **dict.fromkeys(("sqrt", "rsqrt"), _root),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), _exponential),
    **dict.fromkeys(("pow", "square", "float_power"), _power),
    **dict.fromkeys(("softmax", "log_softmax", "scaled_dot_product_attention"), _softmax),
    **dict.fromkeys(("acos", "asin", "atanh"), _domain),
    **dict.fromkeys(("mean", "std", "var", "std_mean", "var_mean"), _average),
    **dict.fromkeys(("cross_entropy", "nll_loss", "soft_cross_entropy"), _class_loss),
    "mul": _product,
    **dict.fromkeys(("add", "sub", "rsub"), _difference),
    **dict.fromkeys(
        "sum prod cumsum mm bmm matmul linear addmm dot mv convolution mse_loss l1_loss smooth_l1_loss huber_loss "
        "linalg_vector_norm norm einsum logsumexp batch_norm layer_norm".split(),
        _overflow,
    ),
}
"""What tells why, by the name of the operation that gave it. One that has nothing to say yields nothing."""

_BACKWARD: dict[str, Tell] = {
    **dict.fromkeys(("sqrt", "rsqrt"), _root_backward),
    **dict.fromkeys(("pow", "log", "log2", "log10", "reciprocal", "linalg_vector_norm", "norm"), _at_zero),
    "div": _division_backward,
    **dict.fromkeys(("acos", "asin", "atanh"), _edge_backward),
}
