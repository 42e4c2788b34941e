"""Whole Jacobians and Hessians as functions, row by row (`jacrev`) or column by column (`jacfwd`)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.tensor import Tensor, wrap
from framework.autograd.trees import flatten, unflatten
from framework.func.arguments import sliced
from framework.func.mapping import check_randomness, vmap, without_draws
from framework.func.transforms import Forward, vjp_by


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The Jacobian by one walk back for each element of the result: for functions of many inputs.

    For each result, in its form, stands the nest of the arguments at `argnums`, with tensors of shape result + input.
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func, updated=())
    def wrapper(*args: Any) -> Any:
        shown, pull, *aux = vjp_by(func, args, argnums, has_aux)
        outputs, form = flatten(shown)
        primals, primal_form = flatten(sliced(args, argnums))
        recorded = any(each.requires_grad for each in outputs)
        rows = _mapped(lambda units: flatten(pull(unflatten(units, form)))[0], outputs, recorded)
        results = []
        start = 0
        for output in outputs:
            count = output.numel()
            blocks = [
                row.narrow(0, start, count).reshape(output.shape + primal.shape)
                for row, primal in zip(rows, primals, strict=True)
            ]
            results.append(unflatten(blocks, primal_form))
            start += count
        jacobian = unflatten(results, form)
        return (jacobian, *aux) if has_aux else jacobian

    return wrapper


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The Jacobian by one step forward for each element of the arguments: for functions of many results.

    Of the same form as `jacrev`'s. With `randomness="error"` the function may not draw random numbers.
    """

    @functools.wraps(func, updated=())
    def wrapper(*args: Any) -> Any:
        check_randomness(randomness)
        primals, primal_form = flatten(args if argnums is None else sliced(args, argnums))
        with without_draws(randomness):
            forward = Forward(func, args, argnums, has_aux)
        recorded = any(each.requires_grad for each in flatten(forward.shown)[0])
        columns = _mapped(lambda units: flatten(forward.along(units))[0], primals, recorded)
        results = []
        for column in columns:
            whole = column.movedim(0, -1)
            start = 0
            blocks = []
            for primal in primals:
                block = whole.narrow(-1, start, primal.numel())
                blocks.append(block.unflatten(-1, primal.shape) if primal.dim() else block.squeeze(-1))
                start += primal.numel()
            results.append(unflatten(blocks, primal_form))
        jacobian = unflatten(results, forward.form)
        return (jacobian, forward.aux) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The second derivatives: `jacfwd` of `jacrev`."""
    return jacfwd(jacrev(func, argnums), argnums)


def _mapped(function: Callable[[list[Tensor]], list[Tensor]], tensors: list[Tensor], recorded: bool) -> list[Any]:
    """A linear function of tensors like some, at 1 in each place of each of them and 0 elsewhere; results stacked."""
    size = sum(each.numel() for each in tensors)
    units = [np.zeros((size, *each._array.shape), each._array.dtype) for each in tensors]
    start = 0
    for unit, each in zip(units, tensors, strict=True):
        count = each.numel()
        np.reshape(unit, (size, -1))[range(start, start + count), range(count)] = 1
        start += count
    batches = [wrap(each) for each in units]
    if not recorded:
        return list(vmap(lambda *each: tuple(function(list(each))))(*batches))
    # Part of a greater graph: one at a time, as vmap would find out in vain.
    results = [function([each[index] for each in batches]) for index in range(size)]
    return [np.stack(list(column)) for column in zip(*results, strict=True)]
