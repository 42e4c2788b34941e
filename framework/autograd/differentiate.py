"""`backward` and `grad`: where a walk along the graph starts and what it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import tensor as tensors
from framework.autograd.grad_mode import mode
from framework.autograd.gradients import as_tensor
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.walk import Walk, key


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds to the `.grad` of every leaf (or of `inputs` alone) the gradient of the sum of `tensors`.

    `grad_tensors` weights the elements of tensors that are no scalars. `create_graph` records the walk itself, for
    higher derivatives, and keeps the graph. Errors and semantics are `torch.autograd.backward`'s.
    """
    if isinstance(tensors, Tensor) and grad_tensors is None:
        roots = [_root(tensors, None, 0, create_graph)]
    else:
        outputs = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
        roots = _roots(outputs, _as_tuple(grad_tensors, len(outputs)), create_graph)
    if inputs is None:
        Walk(create_graph if retain_graph is None else retain_graph, create_graph).run(roots)
        return
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    targets = [_target(each) for each in inputs]
    for each in inputs:
        if not each.is_leaf:
            each.retain_grad()
    Walk(create_graph if retain_graph is None else retain_graph, create_graph, targets).run(roots)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to each of `inputs`; nothing is added to any `.grad`.

    An input that `outputs` do not depend on raises RuntimeError, unless `allow_unused` (its gradient is None) or
    `materialize_grads` (zeros). Semantics are `torch.autograd.grad`'s.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    wanted = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    results = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    if is_grads_batched:
        return _batched(results, wanted, grad_outputs, create_graph, bool(allow_unused), materialize_grads)
    roots = _roots(results, _as_tuple(grad_outputs, len(results)), create_graph)
    targets = [_target(each) for each in wanted]
    walk = Walk(create_graph if retain_graph is None else retain_graph, create_graph, targets, accumulate=False)
    walk.run(roots)
    assert walk.captured is not None
    found: list[Any] = []
    for each, target in zip(wanted, targets, strict=True):
        gradient = as_tensor(_writable(walk.captured[key(target)]))
        if gradient is None and materialize_grads:
            gradient = wrap(np.zeros_like(each._array))
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {len(found)} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        found.append(gradient)
    return tuple(found)


def _writable(gradient: Any) -> Any:
    """A gradient that may be written to: a copy of one that NumPy spread over a larger shape."""
    return gradient.copy() if gradient.__class__ is ndarray and not gradient.flags.writeable else gradient


def _batched(
    outputs: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    grad_outputs: Any,
    create_graph: bool,
    allow_unused: bool,
    materialize: bool,
) -> tuple[Any, ...]:
    """One walk for each row of the `grad_outputs`, the results stacked; an input not reached has None, or zeros."""
    batches = _as_tuple(grad_outputs, len(outputs))
    for index, (batch, output) in enumerate(zip(batches, outputs, strict=True)):
        if isinstance(batch, Tensor) and batch._array.shape[1:] != output._array.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{index}] has a shape of "
                f"{tensors.Size(batch._array.shape[1:])} and output[{index}] has a shape of {output.shape}. If you only "
                "want some tensors in `grad_output` to be considered batched, consider using vmap."
            )
    sizes = [batch._array.shape[0] for batch in batches if isinstance(batch, Tensor) and batch._array.ndim]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    rows = []
    for number in range(sizes[0]):
        row = tuple([None if each is None else each[number] for each in batches])
        rows.append(grad(outputs, inputs, row, True, create_graph, allow_unused or materialize))
    results: list[Any] = []
    for number, each in enumerate(inputs):
        column = [row[number] for row in rows]
        if not column:
            results.append(wrap(np.zeros((0, *each._array.shape), each._array.dtype)))
        elif column[0] is None:
            results.append(wrap(np.zeros_like(each._array)) if materialize else None)
        else:
            results.append(np.stack(column))
    return tuple(results)


def _as_tuple(value: Any, count: int) -> tuple[Any, ...]:
    if value is None:
        return (None,) * count
    result = (value,) if isinstance(value, Tensor) else tuple(value)
    if len(result) != count:
        raise RuntimeError(f"got {count} tensors and {len(result)} gradients")
    return result


def _roots(outputs: tuple[Tensor, ...], gradients: tuple[Any, ...], create_graph: bool) -> list[tuple[Any, Any]]:
    """An edge and a starting gradient for each output."""
    return [
        _root(output, gradient, index, create_graph)
        for index, (output, gradient) in enumerate(zip(outputs, gradients, strict=True))
    ]


def _root(output: Tensor, gradient: Tensor | None, index: int, create_graph: bool) -> tuple[Any, Any]:
    if not output.requires_grad:
        raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
    array = output._array
    if gradient is not None:
        start = _checked(gradient, array, index)
    elif array.ndim and output.numel() != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    else:
        start = _one(array)
    if create_graph:
        start = start if isinstance(start, Tensor) else wrap(start)
    elif isinstance(start, Tensor):
        start = start._array
    edge = output._edge
    return output if edge is None else edge, start


_ONES: dict[np.dtype[Any], Any] = {}


def _one(array: Any) -> Any:
    """The gradient of a scalar by itself."""
    if array.__class__ is not ndarray or array.ndim:
        return np.ones_like(array)
    dtype = array.dtype
    if dtype not in _ONES:
        _ONES[dtype] = np.ones_like(array)
        _ONES[dtype].flags.writeable = False
    return _ONES[dtype]


def _checked(gradient: Any, array: Any, index: int) -> Any:
    if not isinstance(gradient, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if gradient._array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {gradient.shape} and output[{index}] has a shape "
            f"of {tensors.Size(array.shape)}."
        )
    if gradient._array.dtype != array.dtype:
        return gradient.to(tensors.dtypes.from_numpy(array.dtype))
    return gradient


def _target(tensor: Tensor) -> Any:
    if mode.trace is not None:
        _ = tensor._array  # so that a program depends on it, whether anything else looks at it or not
    if not tensor.requires_grad:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    edge = tensor.edge
    return tensor if edge is None else edge
