"""Sums of products over named dimensions: `einsum`, and `tensordot` for two tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from framework.autograd.direct import reshaped, transposed
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations.arguments import check_tensors
from framework.operations.equation import Equation, read_equation, read_sublists
from framework.operations.matmul import check_product

__all__ = ["einsum", "tensordot"]


class _Plan(NamedTuple):
    """How two operands become matrices: the order of their dimensions, and how many go together in each of the new."""

    order: tuple[int, ...] | None
    groups: tuple[int, ...]
    other_order: tuple[int, ...] | None
    other_groups: tuple[int, ...]
    product: Any
    result_order: tuple[int, ...] | None


@lru_cache(maxsize=256)
def _plan(labels: str, other_labels: str, result: str) -> _Plan:
    batch = [each for each in labels if each in other_labels and each in result]
    summed = [each for each in labels if each in other_labels and each not in result]
    left = [each for each in labels if each not in other_labels]
    right = [each for each in other_labels if each not in labels]
    product: Any
    if batch and not left and not right:
        groups, other_groups, product = [batch, summed], [batch, summed], np.vecdot
    elif batch:
        groups, other_groups, product = [batch, left, summed], [batch, summed, right], np.matmul
    else:
        groups, other_groups, product = [left, summed], [summed, right], np.dot
    return _Plan(
        _order("".join(each for group in groups for each in group), labels),
        tuple([len(group) for group in groups]),
        _order("".join(each for group in other_groups for each in group), other_labels),
        tuple([len(group) for group in other_groups]),
        product,
        _order(result, "".join([*batch, *left, *right])),
    )


def _order(wanted: str, labels: str) -> tuple[int, ...] | None:
    """Where each wanted label stands; None if they are in order already."""
    return None if wanted == labels else tuple([labels.index(each) for each in wanted])


@operation(grad_fn="ViewBackward0")
def _contract(input: Any, other: Any, labels: str, other_labels: str, result: str) -> Any:
    """Sums the products over the labels that `result` leaves out; each of these is in both operands."""
    plan = _plan(labels, other_labels, result)
    a, shape = _grouped(input, plan.order, plan.groups)
    b, other_shape = _grouped(other, plan.other_order, plan.other_groups)
    product = plan.product(a, b)
    batches = plan.groups[0] if plan.product is not np.dot else 0
    kept = len(shape) - plan.groups[-1]
    whole = (*shape[:kept], *other_shape[batches + plan.groups[-1] :])
    if product.shape != whole:
        product = reshaped(product, whole)
    if plan.result_order is None:
        return product
    return np.copy(transposed(product, plan.result_order), order="C")


def _grouped(array: Any, order: tuple[int, ...] | None, groups: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """The array with its dimensions in order and those of each group as one, and its shape before that."""
    if order is not None:
        array = transposed(array, order)
    shape = array.shape
    if all([count == 1 for count in groups]):
        return array, shape
    merged, start = [], 0
    for count in groups:
        merged.append(math.prod(shape[start : start + count]))
        start += count
    return reshaped(array, tuple(merged)), shape


_contract.derivative("input")(
    lambda g, other, labels, other_labels, result: _contract(g, other, result, other_labels, labels)
)
_contract.derivative("other")(
    lambda g, input, labels, other_labels, result: _contract(g, input, result, labels, other_labels)
)


def einsum(*args: Any) -> Tensor:
    """The sum of products that an equation names: `einsum("ij,jk->ik", a, b)`.

    The labels may be given as numbers, too: `einsum(a, [0, 1], b, [1, 2], [0, 2])`.
    Labels left out after `->` are summed over; without `->` those that occur once remain, in alphabetical order.
    `...` stands for dimensions that are broadcast. RuntimeError for an equation that does not fit the operands.
    """
    if not args:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], str):
        operands = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
        _check_operands(operands)
        if not operands:
            raise ValueError(
                "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
                "subscripts list"
            )
        equation = read_equation(args[0], tuple([each._array.shape for each in operands]))
    elif not isinstance(args[0], Tensor):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type(args[0]).__name__}")
    else:
        operands = args[: len(args) // 2 * 2 : 2]
        _check_operands(operands)
        equation = read_sublists(args, tuple([each._array.shape for each in operands]))
    return _evaluated(equation, operands)


def _check_operands(operands: Sequence[Any]) -> None:
    for number, each in enumerate(operands):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {number} in argument 1, but got {type(each).__name__}")


def _evaluated(equation: Equation, operands: Sequence[Tensor]) -> Tensor:
    """Works through the operands from left to right, summing each label as soon as nothing later needs it."""
    prepared = [_prepared(each, labels, equation.sizes) for each, labels in zip(operands, equation.inputs, strict=True)]
    result, labels = prepared[0]
    for number, (other, other_labels) in enumerate(prepared[1:], 1):
        needed = set(equation.output).union(*(each for _, each in prepared[number + 1 :]))
        whole = len(labels) + len(other_labels)
        result, labels = _summed(result, labels, needed | set(other_labels))
        other, other_labels = _summed(other, other_labels, needed | set(labels))
        summed = len(labels) + len(other_labels) < whole
        last = number == len(prepared) - 1
        kept = equation.output if last else "".join(sorted(needed & (set(labels) | set(other_labels))))
        result, labels = _product(result, labels, other, other_labels, kept, summed), kept
    if len(prepared) > 1:
        return result
    order = [
        labels.index(each) for each in (*equation.output, *(each for each in labels if each not in equation.output))
    ]
    result = result.permute(order)
    extra = len(labels) - len(equation.output)
    return result.sum(list(range(len(order) - extra, len(order)))) if extra else result


def _prepared(operand: Tensor, labels: str, sizes: dict[str, int]) -> tuple[Tensor, str]:
    """An operand in which every label stands once, expanded where its size 1 is broadcast."""
    for each in dict.fromkeys(labels):
        while labels.count(each) > 1:
            first = labels.index(each)
            second = labels.index(each, first + 1)
            operand = operand.diagonal(dim1=first, dim2=second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + each
    shape = tuple([sizes[each] for each in labels])
    return (operand if operand._array.shape == shape else operand.expand(shape)), labels


def _summed(operand: Tensor, labels: str, needed: set[str]) -> tuple[Tensor, str]:
    over = [number for number, each in enumerate(labels) if each not in needed]
    if not over:
        return operand, labels
    # What is single needs no sum, which would widen whole numbers.
    single = all([operand._array.shape[number] == 1 for number in over])
    return operand.squeeze(over) if single else operand.sum(over), "".join(each for each in labels if each in needed)


def _product(input: Tensor, labels: str, other: Tensor, other_labels: str, result: str, summed: bool) -> Tensor:
    # Sums of whole numbers are of another type, in which a plain product meets the other operand.
    plain = not summed or input._array.dtype != other._array.dtype
    if plain and set(labels) & set(other_labels) <= set(result):
        return _aligned(input, labels, result) * _aligned(other, other_labels, result)
    check_product(input._array, other._array, "bmm")
    return _contract(input, other, labels, other_labels, result)


def _aligned(operand: Tensor, labels: str, result: str) -> Tensor:
    """The operand with its dimensions in the result's order, and of size 1 where it has none."""
    order = sorted(range(len(labels)), key=lambda number: result.index(labels[number]))
    if order != sorted(order):
        operand = operand.permute(order)
    if len(labels) < len(result):
        shape = operand._array.shape
        sizes = dict(zip([labels[number] for number in order], shape, strict=True))
        operand = operand.reshape([sizes.get(each, 1) for each in result])
    return operand


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over the last `dims` dimensions of `a` and the first of `b`, or over two lists of them."""
    check_tensors("tensordot", a=a, b=b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(-dims, 0)), list(range(dims))
    else:
        first, second = ([each] if isinstance(each, int) else list(each) for each in dims)
    if first and not (a.dim() and b.dim()):
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    labels, other_labels = [chr(97 + each) for each in range(a.dim())], [chr(65 + each) for each in range(b.dim())]
    for one, two in zip(first, second, strict=True):
        i, j = normalize_dim(one, a.dim()), normalize_dim(two, b.dim())
        if a.size(i) != b.size(j) and 1 in (a.size(i), b.size(j)):
            # The single one meets each of the others: their sum.
            a, b = (a, b.sum(j, True)) if a.size(i) == 1 else (a.sum(i, True), b)
        elif a.size(i) != b.size(j):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.size(i)} in dim {one} and second has size "
                f"{b.size(j)} in dim {two}"
            )
        other_labels[j] = labels[i]
    kept = [each for each in labels if each not in other_labels] + [each for each in other_labels if each not in labels]
    if a._array.dtype != b._array.dtype:
        raise RuntimeError("both inputs should have same dtype")
    check_product(a._array, b._array, "addmm_impl_cpu_")
    return _contract(a, b, "".join(labels), "".join(other_labels), "".join(kept))


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(np.asarray(value))


def _np_einsum(*operands: Any, optimize: Any = False) -> Tensor:
    return einsum(*[each if isinstance(each, (str, list, tuple)) else _as_tensor(each) for each in operands])


register(np.einsum, _np_einsum)
register(np.tensordot, lambda a, b, axes=2: tensordot(_as_tensor(a), _as_tensor(b), axes))
register(np.vecdot, lambda x1, x2: (_as_tensor(x1) * x2).sum(-1))
register(np.vdot, lambda a, b: _as_tensor(a).reshape(-1).dot(_as_tensor(b).reshape(-1)))
register(np.inner, lambda a, b: tensordot(_as_tensor(a), _as_tensor(b), ([-1], [-1])))
