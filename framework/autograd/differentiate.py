"""`backward` and `grad`: where a walk along the graph starts and what it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import tensor as tensors
from framework.autograd.grad_mode import mode
from framework.autograd.gradients import as_tensor
from framework.autograd.nodes import AccumulateGrad, GradientEdge, Node
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.walk import Walk, key


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds to the `.grad` of every leaf (or of `inputs` alone) the gradient of the sum of `tensors`.

    `grad_tensors` weights the elements of tensors that are no scalars. `create_graph` records the walk itself, for
    higher derivatives, and keeps the graph. Errors and semantics are `torch.autograd.backward`'s.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    if create_graph:
        _warn_of_cycle()
    roots = _roots(tensors, grad_tensors, create_graph)
    if inputs is None:
        Walk(create_graph if retain_graph is None else retain_graph, create_graph).run(roots)
        return
    wanted = _several(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for each in wanted:
        if isinstance(each, Tensor) and not (each.requires_grad and each.is_leaf):
            each.retain_grad()
    targets = [_target(each) for each in wanted]
    Walk(create_graph if retain_graph is None else retain_graph, create_graph, targets).run(roots)


_warned_of_cycle = False


def _warn_of_cycle() -> None:
    """Says once, as PyTorch does, what `backward(create_graph=True)` leaves behind."""
    global _warned_of_cycle
    if not _warned_of_cycle:
        _warned_of_cycle = True
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid "
            "this. If you have to use this function, make sure to reset the .grad fields of your parameters to None "
            "after use to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=4,
        )


def _several(given: Any) -> tuple[Any, ...]:
    """One tensor or edge, or several, as a tuple."""
    return (given,) if isinstance(given, (Tensor, GradientEdge)) else tuple(given)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of `outputs` with respect to each of `inputs`; nothing is added to any `.grad`.

    A dictionary of inputs gives one of gradients. An input that `outputs` do not depend on raises RuntimeError, unless
    `allow_unused` (its gradient is None) or `materialize_grads` (zeros). Semantics are `torch.autograd.grad`'s.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if isinstance(inputs, dict):
        gradients = grad(
            outputs,
            tuple(inputs.values()),
            grad_outputs,
            retain_graph,
            create_graph,
            allow_unused=allow_unused,
            is_grads_batched=is_grads_batched,
            materialize_grads=materialize_grads,
        )
        return dict(zip(inputs, gradients, strict=True))
    wanted = _several(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if is_grads_batched:
        return _batched(_several(outputs), wanted, grad_outputs, create_graph, bool(allow_unused), materialize_grads)
    roots = _roots(outputs, grad_outputs, create_graph)
    targets = [_target(each) for each in wanted]
    walk = Walk(create_graph if retain_graph is None else retain_graph, create_graph, targets, accumulate=False)
    walk.run(roots)
    assert walk.captured is not None
    found: list[Any] = []
    for each, target in zip(wanted, targets, strict=True):
        gradient = walk.captured[key(target)]
        if gradient.__class__ is ndarray:
            gradient = wrap(gradient if gradient.flags.writeable else gradient.copy())
        else:
            gradient = as_tensor(gradient)
        if gradient is None and materialize_grads:
            gradient = _zeros(each)
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {len(found)} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        found.append(gradient)
    return tuple(found)


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
                f"{tensors.Size(batch._array.shape[2:])} and output[{index}] has a shape of {output.shape}. If you only "
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
        rows.append(grad(outputs, inputs, row, True, create_graph, allow_unused=allow_unused or materialize))
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
    # As in PyTorch, gradients beyond the last tensor are passed over.
    result = (value,) if isinstance(value, Tensor) else tuple(value)[:count]
    if len(result) != count:
        raise RuntimeError(f"got {count} tensors and {len(result)} gradients")
    return result


def _roots(outputs: Any, gradients: Any, create_graph: bool) -> list[tuple[Any, Any]]:
    """An edge and a starting gradient for each output."""
    if isinstance(outputs, Tensor) and (gradients is None or isinstance(gradients, Tensor)):
        return [_root(outputs, gradients, 0, create_graph)]
    several = _several(outputs)
    starts = _as_tuple(gradients, len(several))
    return [_root(output, starts[index], index, create_graph) for index, output in enumerate(several)]


def _root(output: Any, gradient: Tensor | None, index: int, create_graph: bool) -> tuple[Any, Any]:
    if isinstance(output, GradientEdge):
        edge = _place(output)
        array = np.broadcast_to(np.zeros((), _form(*output)[1]), _form(*output)[0])
    elif not output.requires_grad:
        raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
    else:
        edge = output if output._edge is None else output._edge
        array = output._array
    if gradient is not None:
        start = _checked(gradient, array, index)
    elif array.ndim and array.size != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    else:
        start = _one(array)
    if isinstance(start, Tensor):
        return edge, start if create_graph else start._array
    return edge, wrap(start) if create_graph else start


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
    given = gradient._array
    if given.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {gradient.shape} and output[{index}] has a shape "
            f"of {tensors.Size(array.shape)}."
        )
    if given.dtype is not array.dtype and given.dtype != array.dtype:
        return gradient.to(tensors.dtypes.from_numpy(array.dtype))
    return gradient


def _zeros(place: Tensor | GradientEdge) -> Any:
    if isinstance(place, Tensor):
        return wrap(np.zeros_like(place._array))
    shape, dtype = _form(*place)
    return wrap(np.zeros(shape, dtype))


def _form(node: Node, output: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and type of one of a node's outputs."""
    return (node.shape, node.dtype) if node.outputs is None else (node.shape[output], node.dtype[output])


def _place(edge: GradientEdge) -> Any:
    """An edge as the walk knows it: a leaf's is the leaf itself."""
    return edge.node.variable if isinstance(edge.node, AccumulateGrad) else (edge.node, edge.output_nr)


def _target(tensor: Tensor | GradientEdge) -> Any:
    if not isinstance(tensor, Tensor):
        if isinstance(tensor, GradientEdge):
            return _place(tensor)
        raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {tensors.full_name(type(tensor))}")
    if mode.trace is not None:
        _ = tensor._array  # so that a program depends on it, whether anything else looks at it or not
    if not (tensor._requires_grad or tensor.requires_grad):
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    edge = tensor._edge if tensor._view is None else tensor.edge
    return tensor if edge is None else edge
