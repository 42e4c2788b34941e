"""Which arguments of a function are differentiated, and what it may return."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from framework.autograd.grad_mode import enable_grad, inference_mode, mode
from framework.autograd.pushing import dual_of, opened, settled
from framework.autograd.tensor import Tensor
from framework.autograd.trees import LEAF, Spec, flatten, mapped, unflatten


@contextmanager
def recorded() -> Iterator[bool]:
    """Records inside, whatever the mode outside, and tells whether it was on there."""
    outside = bool(mode.recording)
    with inference_mode(False), enable_grad():
        yield outside


class Opened:
    """The arguments of a call with aliases in place of the tensors to differentiate by.

    `aliases` are those, `form` is the form of the nest they were in, `own` are the leaves that only they have. As
    `duals` they may be written to, and derivatives are taken by `own`, a leaf for each.
    """

    def __init__(self, args: tuple[Any, ...], argnums: Any, duals: bool = False) -> None:
        chosen = args if argnums is None else sliced(args, argnums)
        leaves, self.form = flatten(chosen)
        self.aliases: list[Tensor] = []
        self.own: list[Tensor] = []
        for each in leaves:
            if not isinstance(each, Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(each)}")
            if duals:
                alias, source = dual_of(each)
                self.own.append(source)
            else:
                alias, is_own = opened(each)
                if is_own:
                    self.own.append(alias)
            self.aliases.append(alias)
        self.args = replaced(args, unflatten(self.aliases, self.form), argnums)

    def settled(self, tree: Any, outside: bool) -> Any:
        """A nest of results that shows only the history it has outside the transform."""
        return mapped(lambda each: settled(each, self.own, outside), tree)

    def aux(self, tree: Any, outside: bool) -> Any:
        """`settled` for what a function returns besides, which must be tensors too."""
        for each in flatten(tree)[0]:
            if not isinstance(each, Tensor):
                raise RuntimeError(f"Expected tensors, got unsupported type {type(each)}")
        return self.settled(tree, outside)


def sliced(args: tuple[Any, ...], argnums: Any) -> Any:
    """The argument or arguments that `argnums` names."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = _positions(argnums, len(args))
    return args[numbers[0]] if isinstance(argnums, int) else tuple([args[each] for each in numbers])


def _positions(argnums: Any, count: int) -> list[int]:
    numbers = []
    for each in (argnums,) if isinstance(argnums, int) else argnums:
        if not isinstance(each, int):
            raise RuntimeError(f"argnum must be int, got: {type(each)}")
        if not -count <= each < count:
            raise RuntimeError(f"Got argnum={each}, but only {count} positional inputs")
        numbers.append(each % count)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    if len(set(numbers)) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {tuple(numbers)}")
    return numbers


def replaced(args: tuple[Any, ...], new: Any, argnums: Any) -> tuple[Any, ...]:
    """The arguments with others in the places that `argnums` names."""
    if argnums is None:
        return tuple(new)
    result = list(args)
    for number, each in zip(_positions(argnums, len(args)), (new,) if isinstance(argnums, int) else new, strict=True):
        result[number] = each
    return tuple(result)


def with_aux(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """What a function returned, apart from what it returned besides."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def tensors_of(result: Any, name: str) -> tuple[list[Tensor], Spec]:
    """The tensors that a function returned, and the form they were in; RuntimeError for anything else."""
    leaves, form = flatten(result)
    if not leaves or (form is LEAF and result is None):
        raise RuntimeError(f"{name}: Expected f to be a function that has non-empty output (got output = {leaves})")
    for each in leaves:
        if not isinstance(each, Tensor):
            raise RuntimeError(
                f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(each)}"
            )
    return leaves, form
