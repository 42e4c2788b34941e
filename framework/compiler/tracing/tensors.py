"""Has Tensors hand out what stands for their arrays, in a thread that traces, and keep plain arrays all the same."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from numpy import ndarray

from framework.autograd.grad_mode import mode
from framework.autograd.storage import INFERENCE
from framework.autograd.tensor import Tensor
from framework.compiler.tracing.traced import Traced

# What a Tensor's array is looked up by, and what takes its place while some thread traces.
slot: Any = Tensor.__dict__["_array"]
gradient_slot: Any = Tensor.__dict__["_grad"]
requires_grad_slot: Any = Tensor.__dict__["_requires_grad"]
_lock = threading.Lock()
_traces: set[int] = set()


def _get(tensor: Any, kind: Any = None) -> Any:
    array = slot.__get__(tensor, Tensor)
    trace = mode.trace
    return array if trace is None or type(array) is not ndarray or not trace.open else trace.of_tensor(tensor, array)


def _set(tensor: Any, array: Any) -> None:
    trace = mode.trace
    if trace is not None:
        array = trace.to_tensor(tensor, array)
    elif type(array) is Traced:
        array = array.value.array
    slot.__set__(tensor, array)


def _get_gradient(tensor: Any) -> Any:
    gradient = gradient_slot.__get__(tensor, Tensor)
    if mode.trace is not None:
        mode.trace.see_gradient(tensor, gradient, True)
    return gradient


def _set_gradient(tensor: Any, gradient: Any) -> None:
    if mode.trace is not None:
        # A tensor that is just being made has none to see.
        with contextlib.suppress(AttributeError):
            mode.trace.see_gradient(tensor, gradient_slot.__get__(tensor, Tensor), False)
            mode.trace.note_assigned(tensor, gradient)
    gradient_slot.__set__(tensor, gradient)


def _get_requires_grad(tensor: Any) -> Any:
    trace = mode.trace
    if trace is not None and trace.open:
        # A tensor that is just being made has no array to see yet.
        with contextlib.suppress(AttributeError):
            trace.of_tensor(tensor, slot.__get__(tensor, Tensor))
    return requires_grad_slot.__get__(tensor, Tensor)


def begin(trace: Any) -> None:
    """Has this thread's tensors hand out what stands for their arrays."""
    trace.quiet = mode.run, mode.apart
    with _lock:
        _traces.add(id(trace))
        Tensor._array = property(_get, _set)
        Tensor._grad = property(_get_gradient, _set_gradient)  # type: ignore[assignment]
        Tensor._requires_grad = property(_get_requires_grad, requires_grad_slot.__set__)  # type: ignore[assignment]
    mode.trace = trace
    mode.run = mode.apart = trace.run


def end(trace: Any) -> None:
    """Ends what `begin` began; once more does no harm, since an interrupt may come between."""
    if mode.trace is trace:
        mode.trace = None
    if trace.quiet:
        mode.run, mode.apart = trace.quiet
    with _lock:
        _traces.discard(id(trace))
        if not _traces:
            Tensor._array = slot
            Tensor._grad = gradient_slot
            Tensor._requires_grad = requires_grad_slot


def version_of(tensor: Tensor) -> int:
    """How often a tensor's memory was written, 0 where nobody counts."""
    storage = tensor._storage
    return 0 if storage is None or storage is INFERENCE else storage.version
