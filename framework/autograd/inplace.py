"""Operations that write into their first tensor: `x.add_(y)`, `x[i] = v`.

`inplace(function)` makes the in-place form of any function of tensors. The graph sees the function's result take the
tensor's place; a write through a view takes its place in the base too, as a `CopySlices` node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.grad_mode import mode
from framework.autograd.memory import address
from framework.autograd.nodes import Node, new, rename, sequence
from framework.autograd.operation import Operation
from framework.autograd.operation_node import FREED
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.views import Step, lineage, move, refresh, seen_from, steps_to, undefined_view


def inplace(function: Any, name: str | None = None) -> Callable[..., Any]:
    """The in-place form of a function of tensors: it writes the result into the first argument and returns it."""
    if isinstance(function, Operation):
        name = name or f"{function.name}_"
        ufunc = function.forward if isinstance(function.forward, np.ufunc) and function.promote else None
        float_only = function.promote == "float"
        function = function.function
    else:
        ufunc, float_only = None, False

    pairwise = ufunc if ufunc is not None and ufunc.nin == 2 else None

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if pairwise is not None and len(args) == 1 and not kwargs and _is_alike(self, args[0], float_only):
            array, other = self._array, args[0]
            try:
                value = other._array if isinstance(other, Tensor) else mode.run(np.array, other, array.dtype)
                mode.run(pairwise, array, value, out=array)
            except (RuntimeError, TypeError, OverflowError):
                pass  # as below
            else:
                self._bump()
                return self
        if self._storage is not None:
            refuse_overlap(self, args)
        before = mode.recording
        recording = bool(before) and _is_recorded(self, (*args, *kwargs.values()) if kwargs else args)
        if ufunc is not None and not recording and not kwargs and _is_direct(self, args, float_only):
            array = self._array
            try:
                mode.run(ufunc, array, *[_raw(each) for each in args], out=array)
            except (RuntimeError, TypeError):
                pass  # no loop for the type, or inside a signal handler: the way below knows what to do
            else:
                self._bump()
                return self
        check_writable(self, recording)
        if recording:
            return write(self, function(as_before(self, self._array.copy("K")), *args, **kwargs))
        if not before:
            return write(self, function(self, *args, **kwargs))
        mode.recording = False
        try:
            result = function(self, *args, **kwargs)
        finally:
            mode.recording = before
        return write(self, result)

    method.__name__ = method.__qualname__ = name or f"{function.__name__}_"
    method.__doc__ = f"`{method.__name__[:-1]}`, written into this tensor."
    return method


def _is_alike(tensor: Tensor, other: Any, float_only: bool) -> bool:
    """Whether both are of one shape and type, in no graph and in memory of their own: the case that is asked first.

    Or whether the other is a number that meets fractions.
    """
    if tensor._view is not None:
        return False
    array = tensor._array
    if other.__class__ is float or other.__class__ is int:
        return (
            array.dtype.kind == "f"
            and array.flags.c_contiguous
            and tensor._storage is not INFERENCE
            and not (tensor._requires_grad and mode.recording)
        )
    if not isinstance(other, Tensor) or other._view is not None:
        return False
    value = other._array
    return (
        array.dtype is value.dtype
        and array.shape == value.shape
        and array.flags.c_contiguous
        and (tensor._storage is None or (tensor._storage is not other._storage and tensor._storage is not INFERENCE))
        and not ((tensor._requires_grad or other._requires_grad) and mode.recording)
        and (not float_only or array.dtype.kind == "f")
    )


def as_before(tensor: Tensor, array: Any) -> Tensor:
    """The tensor as it was before a write, with `array` for its values: what the write starts from in the graph."""
    before: Tensor = wrap(array)
    before._requires_grad = tensor.requires_grad
    before._edge = tensor._edge
    if tensor._view is not None and before._requires_grad:
        # A view's own node, and hooks there, see nothing of the gradient that a write through it sends to the base.
        base, _ = lineage(tensor)
        before._edge = (seen_from(base, steps_to(tensor, base)), 0)
    return before


def refuse_overlap(tensor: Tensor, values: Iterable[Any], at_all: bool = False) -> None:
    """Raises PyTorch's error where a value to be read lies partly, or otherwise, in the memory to be written.

    As there, only tensors without gaps are looked at. at_all: also where it lies there element by element.
    """
    storage = tensor._storage
    for each in values:
        if not isinstance(each, Tensor) or each._storage is not storage or mode.trace is not None:
            continue
        array, other = tensor._array, each._array
        if not at_all and (each is tensor or array is other):
            continue
        if not (_is_dense(array) and _is_dense(other)):
            continue
        start, begin = address(array), address(other)
        if not at_all and start == begin and array.nbytes == other.nbytes and array.strides == other.strides:
            continue
        if start < begin + other.nbytes and begin < start + array.nbytes:
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )


def _is_dense(array: Any) -> bool:
    """Whether an array's elements fill a piece of memory, each place once."""
    step = array.itemsize
    for stride, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size > 1 and stride != step:
            return False
        step *= size
    return True


def _is_recorded(tensor: Tensor, values: Sequence[Any]) -> bool:
    """Whether a write of these values is part of a graph: the tensor's, which is also its base's, or a value's."""
    return tensor.requires_grad or any([isinstance(each, Tensor) and each.requires_grad for each in values])


def _is_direct(tensor: Tensor, args: Sequence[Any], float_only: bool) -> bool:
    """Whether NumPy may combine the tensor with these and write the result where it is."""
    array = tensor._array
    floating = array.dtype.kind == "f"
    if 0 in array.strides or (float_only and not floating) or (tensor._storage is INFERENCE and not mode.inference):
        return False
    for each in args:
        if isinstance(each, Tensor):
            other = each._array
            if other.dtype != array.dtype or (other.shape != array.shape and not _fits(other.shape, array.shape)):
                return False
        elif not floating or type(each) not in (int, float):
            return False
    return True


def _fits(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    return shape == target or (
        len(shape) <= len(target) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(target), strict=False))
    )


def _raw(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def write(tensor: Tensor, result: Tensor) -> Tensor:
    """Puts a result in the tensor's memory and in its place in the graph."""
    array, value = tensor._array, result._array
    if value.dtype != array.dtype:
        found, wanted = dtypes.from_numpy(value.dtype), dtypes.from_numpy(array.dtype)
        if not dtypes.can_cast(found, wanted):
            raise RuntimeError(
                f"result type {found.scalar_name} can't be cast to the desired output type {wanted.scalar_name}"
            )
        made_by = None if result._edge is None else result._edge[0].name()
        result = result.to(wanted)
        if made_by is not None and result._edge is not None:
            # The cast is part of the write.
            rename(result._edge[0], made_by)
        value = result._array
    if value.shape != array.shape:
        if not _fits(value.shape, array.shape):
            raise RuntimeError(
                f"output with shape {list(array.shape)} doesn't match the broadcast shape {list(value.shape)}"
            )
        result = result.expand(array.shape)
    np.copyto(array, value)
    tensor._bump()
    if result._requires_grad:
        take_place(tensor, result)
        _keep_written(result._edge[0], value, array)
    return tensor


def _keep_written(node: Node, value: Any, array: Any) -> None:
    """Has a node that keeps its output keep the memory that the output was written to, not a copy of it."""
    saved = node.saved
    if isinstance(saved, (list, tuple)):
        node.saved = [array if each is value else each for each in saved]


def check_writable(tensor: Tensor, recording: bool, one_value: bool = False) -> None:
    """Raises PyTorch's error where an in-place operation on the tensor is not allowed.

    Where elements share their place in memory, `one_value` alone may be written.
    """
    if tensor._storage is INFERENCE and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if recording:
        check_history(tensor)
    array = tensor._array
    if (
        0 in array.strides
        and not one_value
        and array.size
        and any(step == 0 and size > 1 for step, size in zip(array.strides, array.shape, strict=True))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )


def check_history(tensor: Tensor) -> None:
    """Raises PyTorch's error where the graph has no place for a write to the tensor."""
    if tensor._view is None:
        if tensor._requires_grad and tensor._edge is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        return
    base, origin = lineage(tensor)
    if origin:
        raise undefined_view(tensor, "is being")
    if base._edge is None and (base._requires_grad or tensor._requires_grad):
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


def take_place(tensor: Tensor, result: Tensor) -> None:
    """The tensor continues the result's history, and so does everything that shares its memory."""
    edge = result._edge
    if result._storage is not None:
        _guard_by(edge[0], result._storage, tensor)
    if tensor._view is None:
        move(tensor, edge)
        storage_of(tensor).writer = (id(tensor._array), edge[0].title())
        return
    base, _ = lineage(tensor)
    node = new(CopySlices)
    node.steps = steps_to(tensor, base)
    node.edges = (base._edge, edge)
    node.saved = ()
    node.outputs = None
    node.shape = base._array.shape
    node.dtype = base._array.dtype
    node.sequence = next(sequence)
    move(base, (node, 0))
    storage_of(base).writer = (id(base._array), node.title())
    # The view's own place is told again from the base on next use.
    assert tensor._view is not None
    tensor._view.version = -1
    refresh(tensor)


def _guard_by(node: Any, storage: Any, tensor: Tensor) -> None:
    """The output that a node keeps now lives in the tensor's memory: later writes there must be noticed."""
    guards = list(getattr(node, "guards", ()))
    own = storage_of(tensor)
    for at in range(0, len(guards), 3):
        if guards[at] is storage:
            guards[at], guards[at + 1] = own, own.version
    if guards:
        node.guards = tuple(guards)


class CopySlices(Node):
    """What a write through a view did to the base: the part outside the view is the old base, the part inside new.

    `steps` lead from the base to the view: (operation, further arguments, number of the output or None).
    """

    __slots__ = ("steps",)

    steps: tuple[Step, ...] | None

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        if self.steps is None:
            raise RuntimeError(FREED)
        outside = None
        if self.edges[0] is not None:
            outside = np.where(self._outside(), gradient, 0.0)
        return [outside, self._seen_through_view(gradient)]

    def _outside(self) -> Any:
        """Where the base lies outside the view."""
        mask = np.ones(self.shape, np.bool_)
        inside = self._seen_through_view(mask)
        if np.may_share_memory(inside, mask):
            inside[...] = False
        else:
            # The base lies otherwise in memory, so that what is a view of it is a copy here.
            places = np.reshape(np.arange(mask.size), self.shape)
            np.reshape(mask, -1)[self._seen_through_view(places)] = False
        return mask

    def _seen_through_view(self, value: Any) -> Any:
        for operation, arguments, output in self.steps or ():
            value = operation(value, *arguments)
            if output is not None:
                value = value[output]
        return value

    def release(self) -> None:
        self.steps = None

    def name(self) -> str:
        return "torch::autograd::CopySlices"

    title = name
