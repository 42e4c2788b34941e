"""What a call gave, kept to be compared with what another way to it gives: to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy import ndarray

from framework.autograd.float_errors import quietly
from framework.autograd.tensor import Tensor
from framework.compiler import nest
from framework.compiler.replay import ReplayNode
from framework.compiler.tracing.recording import Recording
from framework.compiler.tracing.tensors import slot
from framework.compiler.tracing.traced import Traced
from framework.compiler.tracing.transaction import same_bits


def arrays_of(result: Any) -> list[ndarray]:
    """Copies of the arrays in a call's result."""
    found = []
    for _, each in nest.paths(result, ""):
        if isinstance(each, Tensor):
            found.append(slot.__get__(each, Tensor).copy())
        elif nest.is_array(each):
            found.append((each.value.array if type(each) is Traced else each).copy())
    return found


def difference(one: Sequence[ndarray], other: Sequence[ndarray]) -> str | None:
    """Which result is not the same."""
    for number, (a, b) in enumerate(zip(one, other, strict=True)):
        if not same_bits(a, b):
            return f"result {number}, of shape {a.shape}"
    return None


class TracedOutcome:
    """What a traced call returned and changed. Made before that is undone."""

    def __init__(self, recording: Recording) -> None:
        trace = recording.trace
        self.results = arrays_of(recording.result)
        written = [each.tensor for each in trace.captured.values() if each.value.memory.written]
        written += [leaf for _, leaf, value in recording.arguments if value.memory.written and isinstance(leaf, Tensor)]
        self.written = [(tensor, slot.__get__(tensor, Tensor).copy()) for tensor in written]
        self.gradients = [(each.tensor, _copy(each.tensor._grad)) for each in trace.gradients.values()]
        self.seeds = [each.array for each in recording.seeds]
        self.walks = [
            (walk.graphs, [each.array.copy() for each in walk.gradients if each is not None])
            for walk in recording.walks
        ]

    def differs_from(self, result: Any) -> str | None:
        """What a program's run, which has just changed the same things, gave otherwise."""
        wrong = difference(self.results, arrays_of(result))
        for tensor, array in self.written:
            if wrong is None and not same_bits(array, tensor._array):
                wrong = f"a tensor of shape {array.shape} that it writes"
        for tensor, gradient in self.gradients:
            now = _copy(tensor._grad)
            if wrong is None and (
                (now is None) != (gradient is None) or (now is not None and not same_bits(now, gradient))
            ):
                wrong = f"the gradient of a tensor of shape {tuple(tensor.shape)}"
        return wrong

    def walk_differs(self, number: int, result: Any) -> str | None:
        """What one of the backward passes from a program's result, which it uses up, gives otherwise."""
        graphs, expected = self.walks[number]
        nodes = [each.grad_fn for _, each in nest.paths(result, "") if isinstance(each, Tensor)]
        node = next(each for each in nodes if isinstance(each, ReplayNode))
        found = quietly(node.instance[number + 1], *node.passed, *[self.seeds[each] for each in graphs])
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            if not same_bits(one, other):
                return f"gradient {place}, of shape {one.shape}"
        return None


def _copy(gradient: Tensor | None) -> ndarray | None:
    return None if gradient is None else slot.__get__(gradient, Tensor).copy()
