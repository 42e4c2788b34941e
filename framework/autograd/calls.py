"""The call of an operation: binds arguments, unwraps Tensors, promotes, computes, and records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from framework.autograd import straight
from framework.autograd.errors import as_array, retried
from framework.autograd.float_errors import quietly, runs_anywhere
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import new, sequence
from framework.autograd.operation_node import OperationNode, Plan, guards_of, shape_of
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.views import View, refresh, view_origin

if TYPE_CHECKING:
    from framework.autograd.operation import Operation


def quickest(operation: Operation) -> Callable[..., Any]:
    """The call of an operation: written out if it is plain, else the general one."""
    call = general(operation)
    return _named(operation, straight.written(operation, call)) if straight.is_plain(operation) else call


def _named(operation: Operation, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function by its operation's name, as error messages and help show it."""
    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = operation.__doc__
    return function


def general(operation: Operation, numbers: bool = False) -> Callable[..., Any]:
    """The call of any operation. `numbers` lets Python numbers stand for tensors everywhere."""
    if operation.sequence:
        return _named(operation, _of_sequence(operation))
    count = len(operation.parameters)
    forward = operation.forward
    direct = runs_anywhere(forward)
    promoted = operation.promoted if operation.promote is not None else ()
    only_float = operation.promote == "float"
    required = () if numbers else operation.tensors
    positions = operation.positions
    plans = operation.plans
    single = not (operation.residuals or operation.outputs or operation.view)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != count:
            args = operation.bind(args, kwargs)
        recording = mode.recording
        values = list(args)
        edges: list[Any] = [None] * len(positions)
        mask = 0
        tensors = False
        for number, each in enumerate(args):
            if isinstance(each, Tensor):
                tensors = True
                if each._view is not None:
                    refresh(each)
                values[number] = each._array
                if each._requires_grad and number in positions:
                    position = positions[number]
                    mask |= 1 << position
                    edge = each._edge
                    edges[position] = each if edge is None else edge
        if not tensors:
            return operation.raw(values)
        for number in required:
            if isinstance(args[number], (bool, int, float)):
                raise TypeError(
                    f"{operation.name}(): argument '{operation.parameters[number]}' (position {number + 1}) must be "
                    f"Tensor, not {type(args[number]).__name__}"
                )
        if promoted and not _of_one_type([values[number] for number in promoted], only_float):
            quietly(operation.promote_values, values)
        try:
            result = (mode.run if direct else mode.apart)(forward, *values)
        except Exception as error:
            result = retried(error, operation, values)
        plan = None
        if mask and recording:
            plan = plans[mask] if mask in plans else operation.plan(mask)
        if single:
            out = wrap(result if result.__class__ is ndarray else as_array(operation, result))
            if plan is not None:
                values.append(out._array)
                _record(operation, args, edges, values, plan, out)
            return out
        return _several(operation, args, edges, values, result, plan)

    return _named(operation, call)


def _of_one_type(values: list[Any], only_float: bool) -> bool:
    """Whether operands that are to meet in one type are arrays of one already."""
    dtype = None
    for each in values:
        if each.__class__ is not ndarray:
            return False
        if dtype is None:
            dtype = each.dtype
        elif each.dtype is not dtype:
            return False
    return dtype is not None and (not only_float or dtype.kind == "f")


def _of_sequence(operation: Operation) -> Callable[..., Any]:
    """The call of an operation whose first argument is a list of inputs."""
    count = len(operation.parameters)
    forward = operation.forward
    direct = runs_anywhere(forward)
    single = not (operation.residuals or operation.outputs or operation.view)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != count:
            args = operation.bind(args, kwargs)
        recording = mode.recording
        inputs = args[0]
        arrays = []
        tensors = needed = False
        for each in inputs:
            if isinstance(each, Tensor):
                tensors = True
                if each._view is not None:
                    refresh(each)
                arrays.append(each._array)
                if each._requires_grad:
                    needed = True
            else:
                arrays.append(each)
        values = [arrays, *args[1:]]
        if not tensors:
            return operation.raw(values)
        if operation.promote is not None and not _of_one_type(arrays, False):
            quietly(operation.promote_values, values)
        try:
            result = (mode.run if direct else mode.apart)(forward, *values)
        except Exception as error:
            result = retried(error, operation, values)
        if single and not (needed and recording):
            return wrap(result if result.__class__ is ndarray else as_array(operation, result))
        plan = operation.plan(1) if recording and needed else None
        return _several(operation, args, [_edge(each) for each in inputs], values, result, plan)

    return call


def _edge(value: Any) -> Any:
    """Where the gradient of an input goes."""
    if not isinstance(value, Tensor) or not value._requires_grad:
        return None
    return value if value._edge is None else value._edge


def _several(
    operation: Operation, args: Sequence[Any], edges: list[Any], values: list[Any], result: Any, plan: Plan | None
) -> Any:
    """Wraps and records the result of an operation with residuals, several outputs, or a view."""
    if operation.outputs == "list":
        return _list(operation, args, edges, values, result, plan)
    extra: Sequence[Any] = ()
    if operation.residuals:
        result, *extra = result
    out = wrap(as_array(operation, result))
    if operation.view:
        _mark_view(out, args[0], operation, args[1:], None)
    if plan is not None:
        values.append(out._array)
        values.extend(extra)
        node = _record(operation, args, edges, values, plan, out)
    if operation.outputs is None:
        return out
    outs = (out, *[wrap(as_array(operation, each)) for each in extra[: operation.outputs - 1]])
    if plan is not None:
        # The caller may write into the others, which formulas may ask for as residuals.
        for number, each in enumerate(outs[1:], len(args) + 1):
            if plan.kept[number]:
                node.guards += guards_of(each, number)
    return outs


def _list(
    operation: Operation, args: Sequence[Any], edges: list[Any], values: list[Any], results: Any, plan: Plan | None
) -> Any:
    outs = [wrap(as_array(operation, each)) for each in results]
    if plan is not None:
        values.append([each._array for each in outs])
        node = _record(operation, args, edges, values, plan, outs)
        node.outputs = len(outs)
        node.shape = [each._array.shape for each in outs]
        node.dtype = [each._array.dtype for each in outs]
        for index, out in enumerate(outs):
            out._edge = (node, index)
            out._requires_grad = True
    if operation.view:
        for index, out in enumerate(outs):
            _mark_view(out, args[0], operation, args[1:], index)
    return tuple(outs)


def _record(
    operation: Operation, args: Sequence[Any], edges: list[Any], values: list[Any], plan: Plan, out: Any
) -> OperationNode:
    """Makes the node of a call: its edges, what its formulas ask for of the values, and the versions of that.

    out: the output, or a list of them, which the caller puts in the graph.
    """
    node: OperationNode = new(operation.node_class)
    node.edges = tuple(edges)
    for number in operation.shapes:
        value = values[number]
        values.append(shape_of(value))
    for number in plan.dropped:
        values[number] = None
    node.saved = values
    guards: tuple[Any, ...] = ()
    for number in plan.guarded:
        guards += guards_of(out if number == len(args) else args[number], number)
    node.guards = guards
    node.plan = plan
    node.sequence = next(sequence)
    if out.__class__ is not list:
        node.outputs = None
        node.shape = out._array.shape
        node.dtype = out._array.dtype
        out._edge = (node, 0)
        out._requires_grad = True
    if mode.recording is not True:
        mode.recording(node)
    return node


def _mark_view(out: Tensor, parent: Any, made_by: Operation, arguments: Sequence[Any], output: int | None) -> None:
    """Ties an output that shares memory to the tensor it was made from."""
    if not isinstance(parent, Tensor):
        return
    storage = out._storage = storage_of(parent)
    view = out._view = new(View)
    view.parent = parent if mode.recording or parent._view is None else parent._view.parent
    view.form = view.parent._array
    view.operation = made_by
    view.arguments = tuple(arguments)
    view.output = output
    view.origin = view_origin() or ("multiple" if output is not None else "")
    view.version = 0 if storage is INFERENCE else storage.version
    if parent._requires_grad and 0 in made_by.positions:
        # Also where nothing is recorded.
        out._requires_grad = True
