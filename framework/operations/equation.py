"""Reads the equations of `einsum`, as a string or as lists of numbers."""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["Equation", "read_equation", "read_sublists"]

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
# Labels of the dimensions that `...` stands for, from the last one backwards.
_HIDDEN = [chr(0x100 + number) for number in range(64)]


class Equation(NamedTuple):
    """The label of each operand's dimensions and of the result's, one character each, and each label's size."""

    inputs: list[str]
    output: str
    sizes: dict[str, int]


@lru_cache(maxsize=256)
def read_equation(equation: str, shapes: tuple[tuple[int, ...], ...]) -> Equation:
    """The equation of a string such as `ij,jk->ik`."""
    left, arrow, right = equation.partition("->")
    terms = []
    at = 0
    for number, each in enumerate(left.split(",")):
        terms.append(_term(each, f"for operand {number}", at))
        at += len(each) + 1
    if len(terms) != len(shapes):
        few = "fewer" if len(shapes) < len(terms) else "more"
        raise RuntimeError(f"einsum(): {few} operands were provided than specified in the equation")
    return _equation(terms, _term(right, "for the output", len(left) + 2) if arrow else None, shapes)


def read_sublists(args: tuple[Any, ...], shapes: tuple[tuple[int, ...], ...]) -> Equation:
    """The equation of `(a, [0, 1], b, [1, 2], [0, 2])`; Ellipsis stands for `...`."""
    terms = [_sublist(each) for each in args[1::2]]
    return _equation(terms, _sublist(args[-1]) if len(args) % 2 else None, shapes)


def _sublist(numbers: Any) -> list[str]:
    found = []
    for each in numbers:
        if each is Ellipsis:
            found.append("...")
        elif 0 <= each < 52:
            found.append(_LETTERS[each])
        else:
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return found


def _term(text: str, where: str, start: int) -> list[str]:
    """The labels of one operand, whose text begins at `start` of the equation; `...` is one of them."""
    found: list[str] = []
    at = 0
    while at < len(text):
        each = text[at]
        if text.startswith("...", at):
            if "..." in found:
                raise RuntimeError(f"einsum(): found '.' {where} for which an ellipsis was already found")
            found.append("...")
            at += 3
            continue
        if each == ".":
            raise RuntimeError(f"einsum(): found '.' {where} that is not part of any ellipsis")
        if each in _LETTERS:
            found.append(each)
        elif each != " ":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + at} in the equation string, subscripts must be in "
                "[a-zA-Z]"
            )
        at += 1
    return found


def _equation(terms: list[list[str]], output: list[str] | None, shapes: tuple[tuple[int, ...], ...]) -> Equation:
    hidden = 0
    inputs = []
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        covered = len(shape) - (len(term) - term.count("..."))
        if covered < 0 or (covered and "..." not in term):
            more = "more than " if "..." in term else ""
            note = "" if "..." in term else " and no ellipsis was given"
            fits = "" if more else "does not match "
            verb = "is " if more else ""
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term) - term.count('...')}) "
                f"{verb}{more}{fits}the number of dimensions ({len(shape)}) for operand {number}{note}"
            )
        hidden = max(hidden, covered if "..." in term else 0)
        inputs.append("".join(_hidden(covered) if each == "..." else each for each in term))
    if output is None:
        once = sorted(each for each in {*"".join(inputs)} if each in _LETTERS and "".join(inputs).count(each) == 1)
        result = _hidden(hidden) + "".join(once)
    else:
        result = "".join(_hidden(hidden) if each == "..." else each for each in output)
    sizes = _sizes(inputs, shapes)
    for each in dict.fromkeys(result):
        if result.count(each) > 1:
            raise RuntimeError(f"einsum(): output subscript {each} appears more than once in the output")
        if each not in sizes:
            raise RuntimeError(
                f"einsum(): output subscript {each} does not appear in the equation for any input operand"
            )
    return Equation(inputs, result, sizes)


def _hidden(count: int) -> str:
    return "".join(reversed(_HIDDEN[:count]))


def _sizes(inputs: list[str], shapes: tuple[tuple[int, ...], ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for number, (labels, shape) in enumerate(zip(inputs, shapes, strict=True)):
        own: dict[str, int] = {}
        for axis, (label, size) in enumerate(zip(labels, shape, strict=True)):
            if own.setdefault(label, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {number} but the sizes don't match, "
                    f"{size} != {own[label]}"
                )
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                if label in _LETTERS:
                    raise RuntimeError(
                        f"einsum(): subscript {label} has size {size} for operand {number} which does not broadcast "
                        f"with previously seen size {known}"
                    )
                raise RuntimeError(
                    f"einsum(): dimension {axis} covered by ellipsis in operand {number}has size {size} which does not "
                    f"broadcast with previously seen ellipsis with size {known} for the respective dimension"
                )
    return sizes
