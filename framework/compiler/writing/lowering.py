"""How a recorded call is written: as one NumPy call into a given array, where NumPy has such a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import ndarray

from framework.compiler.tracing.instructions import Instruction, Scalar, Value
from framework.compiler.tracing.numpy_calls import setitem

_clip: np.ufunc = np._core.umath.clip  # type: ignore[attr-defined]


@dataclass
class Call:
    """One line of a program: `out = function(*args, **named)`, or with `into`, `function(*args, **named, out=out)`.

    `write` says how `into` is passed: as `out=`, or as the first argument. `alone` calls return what they make.
    """

    function: Any
    args: tuple[Any, ...]
    named: dict[str, Any] = field(default_factory=dict)
    into: str | None = None


def lowered(instruction: Instruction) -> list[Call]:
    """The calls that an instruction is written as. Those of a single fresh array may write it into one that is given."""
    function, args, named = instruction.function, instruction.args, instruction.named
    if instruction.stateful or instruction.opaque:
        return [Call(function, args, named)]
    if isinstance(function, np.ufunc):
        return [_ufunc_call(function, args, named, instruction)]
    if function is setitem and args[1] is Ellipsis:
        return [Call(np.copyto, (args[0], args[2]))]
    method = getattr(function, "__self__", None)
    if isinstance(method, np.ufunc) and function.__name__ == "reduce":
        # (array, axis, dtype, out, keepdims), by name where given by place.
        named = {**dict(zip(("axis", "dtype", "out", "keepdims"), args[1:], strict=False)), **named}
        return [Call(function, args[:1], _reduction(named), _unless_written(named, "out"))]
    rule = _RULES.get(function)
    found = rule(instruction) if rule is not None and not instruction.writes else None
    return found if found is not None else [Call(function, args, named)]


def _unless_written(named: dict[str, Any], how: str) -> str | None:
    return None if named.get("out") is not None else how


def _ufunc_call(function: np.ufunc, args: tuple[Any, ...], named: dict[str, Any], instruction: Instruction) -> Call:
    if instruction.writes:
        out = named.get("out")
        if out.__class__ is tuple and len(out) == 1:
            named = {**named, "out": out[0]}
        return Call(function, args, named)
    return Call(function, args, named, "out" if function.nout == 1 else None)


def _reduction(named: dict[str, Any]) -> dict[str, Any]:
    out = named.get("out")
    named = {**named, "out": out[0]} if out.__class__ is tuple else named
    usual = {"dtype": None, "keepdims": False, "out": None}
    return {key: each for key, each in named.items() if key not in usual or each is not usual[key]}


def _copy(instruction: Instruction) -> list[Call] | None:
    return [Call(np.copyto, instruction.args[:1], {}, "first")]


def _astype(instruction: Instruction) -> list[Call] | None:
    return [Call(np.copyto, instruction.args[:1], {"casting": "unsafe"}, "first")]


def _into(function: Any) -> Callable[[Instruction], list[Call] | None]:
    """A function that takes `out=`, under a quicker name of NumPy's if there is one."""

    def rule(instruction: Instruction) -> list[Call] | None:
        return [Call(function, instruction.args, instruction.named, "out")]

    return rule


def _reduced(ufunc: np.ufunc) -> Callable[[Instruction], list[Call] | None]:
    """np.sum, np.max and their like, without their wrapper."""

    def rule(instruction: Instruction) -> list[Call] | None:
        args, named = instruction.args, dict(instruction.named)
        if len(args) > 2 or not named.keys() <= {"axis", "keepdims"}:
            return None
        named.setdefault("axis", args[1] if len(args) > 1 else None)
        return [Call(ufunc.reduce, args[:1], named, "out")]

    return rule


def _clipped(instruction: Instruction) -> list[Call] | None:
    if instruction.named or len(instruction.args) != 3:
        return None
    array, low, high = instruction.args
    dtype = array.array.dtype
    if dtype.kind != "f" or low is None or high is None:
        return None
    bounds = [Scalar(each, dtype) if each.__class__ in (int, float) else each for each in (low, high)]
    return [Call(_clip, (array, *bounds), {}, "out")]


def _arg(method: Any) -> Callable[[Instruction], list[Call] | None]:
    def rule(instruction: Instruction) -> list[Call] | None:
        named = dict(instruction.named)
        if "keepdims" in named or len(instruction.args) > 2:
            return None
        return [Call(method, instruction.args, named, "out")]

    return rule


_RULES: dict[Any, Callable[[Instruction], list[Call] | None]] = {
    np.copy: _copy,
    ndarray.copy: _copy,
    np.astype: _astype,
    ndarray.astype: _astype,
    np.dot: _into(np.dot),
    ndarray.dot: _into(np.dot),
    np.concatenate: _into(np.concatenate),
    np.stack: _into(np.stack),
    np.cumsum: _into(np.cumsum),
    np.cumprod: _into(np.cumprod),
    np.einsum: _into(np.einsum),
    np.outer: _into(np.outer),
    np.sum: _reduced(np.add),
    np.prod: _reduced(np.multiply),
    np.max: _reduced(np.maximum),
    np.amax: _reduced(np.maximum),
    np.min: _reduced(np.minimum),
    np.amin: _reduced(np.minimum),
    np.all: _reduced(np.logical_and),
    np.any: _reduced(np.logical_or),
    np.clip: _clipped,
    np.argmax: _arg(ndarray.argmax),
    np.argmin: _arg(ndarray.argmin),
}

# Outputs of these lie in memory as their rows come: their `out=` must too.
NEEDS_C_ORDER = frozenset({np.dot})


def can_write_into(instruction: Instruction) -> bool:
    """Whether an instruction's one result can be written into an array that is there already."""
    value = instruction.structure
    if not isinstance(value, Value) or instruction.writes or len(instruction.outputs) != 1:
        return False
    calls = lowered(instruction)
    if calls[0].into is None:
        return False
    return calls[0].function not in NEEDS_C_ORDER or value.array.flags.c_contiguous
