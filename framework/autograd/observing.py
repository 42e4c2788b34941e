"""`observing`: a function of yours is told of every operation that this thread runs, forward and backward.

with observing(print):
    loss(model(x), y).backward()

Nobody pays for it outside: an operation calls its NumPy function through the thread's `mode`, where an observer puts
itself in between, and the calls of views, which alone go another way, are written anew while anybody observes.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import perf_counter
from typing import Any, Literal

import numpy as np

from framework.autograd import calls, protocol, straight
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import inplace
from framework.autograd.operation import Operation
from framework.autograd.tensor import Tensor

__all__ = ["Observed", "observing"]

_IN_PLACE = inplace(abs).__code__
# The files of the frames between an operation's NumPy function and who called the operation.
_OF_CALLS = {__file__, calls.__file__, straight.__file__, straight.WRITTEN}
_TITLE = re.compile(r"Backward[0-9]*$")
_WORDS = re.compile(r"[A-Z][a-z0-9]*")

_lock = Lock()
_observing = 0


@dataclass(slots=True, eq=False)
class Observed:
    """One operation that ran.

    name: PyTorch's name for the function (`log`, `add_` if in place; the name of an `autograd.Function`).
    inputs: the arrays it was given (lists of tensors one by one); of a backward, the gradients that arrived, None
    where none did. outputs: the arrays that the caller gets; of a backward, the gradient for each input, None where
    none is needed. phase: in which pass it ran. node: the graph's node, where this is that node's backward; None for
    an operation, also for one that a backward runs (under `create_graph`, in a checkpointed part, or in the backward
    of an `autograd.Function`), which is told before the node that ran it. So is what the forward of an
    `autograd.Function` runs. arguments: all that the NumPy function was called with.
    started, seconds: by `time.perf_counter`, callbacks of what ran inside included.

    The arrays are those in use: they may be written to later, and must not be written to here.
    """

    name: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    phase: Literal["forward", "backward"]
    started: float
    seconds: float
    node: Any = None
    arguments: tuple[Any, ...] = ()


@contextlib.contextmanager
def observing(callback: Callable[[Observed], None]) -> Iterator[None]:
    """Has `callback(observed)` called after every operation that this thread runs inside, and every backward of one.

    Also where nothing is recorded. What the callback itself runs is not told to it; it should not raise, since an
    operation takes that for its function's error. Compiled programs call NumPy alone: nothing in them is an operation.
    Nor is what only puts values in their place where nothing is recorded: `x[i] = v`, `fill_`, `zero_`, `copy_`.
    """
    before = mode.run, mode.apart, mode.observer
    observer = _Observer(callback, *before)
    _count(1)
    observer.take_place()
    try:
        yield
    finally:
        mode.run, mode.apart, mode.observer = before
        _count(-1)


def _count(more: int) -> None:
    global _observing
    with _lock:
        _observing += more
        straight.write_views(observed=_observing > 0)


class _Observer:
    """Stands in the place of the thread's `mode.run` and `mode.apart`, and is asked by backward walks."""

    def __init__(self, callback: Callable[[Observed], None], run: Any, apart: Any, observer: Any) -> None:
        self.callback, self.before = callback, (run, apart, observer)
        self.plain_run, self.plain_apart, self.outer = run, apart, observer
        self.phase: Literal["forward", "backward"] = "forward"

    def take_place(self) -> None:
        mode.run, mode.apart, mode.observer = self.run, self.apart, self

    def run(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """`mode.run`, told of."""
        return self.forward(self.plain_run, function, arguments, named)

    def apart(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """`mode.apart`, told of."""
        return self.forward(self.plain_apart, function, arguments, named)

    def forward(self, run: Any, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Runs the NumPy function of an operation, or something else that is to be silent, which is not told."""
        started = perf_counter()
        result = run(function, *arguments, **named)
        seconds = perf_counter() - started
        name, operation = _caller(function, sys._getframe(1))
        if name:
            outputs = (result,) if operation is None else _outputs(operation, result)
            self.tell(Observed(name, _arrays(arguments), outputs, self.phase, started, seconds, None, arguments))
        return result

    def backward(self, node: Any, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        """`node.backward`, told of."""
        before, self.phase = self.phase, "backward"
        started = perf_counter()
        try:
            backward = node.backward if self.outer is None else _part(self.outer.backward, node)
            gradients = list(backward(gradient, wanted, create_graph))
        finally:
            self.phase = before
        seconds = perf_counter() - started
        arrived = gradient if node.outputs is not None else (gradient,)
        operation = getattr(node, "operation", None)
        name = _function_name(node) if operation is None else public_name(operation)
        inputs, outputs = tuple(map(_array, arrived)), tuple(map(_array, gradients))
        self.tell(Observed(name, inputs, outputs, "backward", started, seconds, node, inputs))
        return gradients

    def custom(self, name: str, arguments: tuple[Any, ...], results: Sequence[Any], started: float) -> None:
        """Tells of an `autograd.Function` that was applied."""
        if self.outer is not None:
            self.outer.custom(name, arguments, results, started)
        given = tuple(map(_array, arguments))
        outputs = tuple([_array(each) for each in results if isinstance(each, Tensor)])
        self.tell(
            Observed(name, _arrays(given), outputs, self.phase, started, perf_counter() - started, None, arguments)
        )

    def tell(self, observed: Observed) -> None:
        """Calls the callback, whose own operations are not observed by this observer."""
        now = mode.run, mode.apart, mode.observer
        mode.run, mode.apart, mode.observer = self.before
        try:
            self.callback(observed)
        finally:
            mode.run, mode.apart, mode.observer = now


@lru_cache(4096)
def public_name(operation: Operation) -> str:
    """What PyTorch calls the function of an operation: one of several rows of it has a longer name (`pow_number`)."""
    if operation.public_name:
        return operation.public_name
    words = "_".join(_WORDS.findall(_TITLE.sub("", operation.node_class.__name__))).lower()
    return words if words and f"_{words}_" in f"_{operation.name}_" else operation.name


def _function_name(node: Any) -> str:
    """What a node that is no operation's is called by who wrote the function."""
    function = getattr(type(node), "function", None)
    return str(function.__name__) if function is not None else str(node.name())


def _part(backward: Callable[..., Any], node: Any) -> Callable[..., Any]:
    return lambda *arguments: backward(node, *arguments)


def _caller(function: Any, frame: Any) -> tuple[str, Operation | None]:
    """The name of what runs a NumPy function, and its operation, from the frame that runs it.

    "" where that is no operation. An in-place form calls a ufunc itself, or the operation, whose result it then writes.
    """
    operation = None
    while frame is not None and frame.f_code.co_filename in _OF_CALLS:
        if frame.f_code.co_filename == straight.WRITTEN:
            operation = operation or frame.f_globals.get("operation")  # the forms with `out=` have none
        elif frame.f_code.co_filename == calls.__file__:
            operation = operation or frame.f_locals.get("operation")
        frame = frame.f_back
    in_place = frame is not None and frame.f_code is _IN_PLACE
    if operation is None:
        known = protocol.ufuncs.get(function) if in_place else None
        return "" if known is None else f"{known.__name__}_", None
    if function is not operation.forward:
        return "", None
    return public_name(operation).removesuffix("_") + ("_" if in_place else ""), operation


def _outputs(operation: Operation, result: Any) -> tuple[Any, ...]:
    if operation.outputs == "list":
        return tuple(result)
    if operation.residuals:
        return tuple(map(_whole, result[: operation.outputs or 1]))
    return (_whole(result),)


def _whole(result: Any) -> Any:
    """A number of NumPy's as an array; what is another library's array, or a batch of them, stays that."""
    return result if hasattr(result, "__array_function__") else np.asarray(result)


def _arrays(arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The arrays among arguments, and among lists of them."""
    found: list[Any] = []
    for each in arguments:
        if isinstance(each, list | tuple):
            found.extend(_arrays(each))
        elif hasattr(each, "__array_function__"):
            found.append(each)
    return tuple(found)


def _array(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value
