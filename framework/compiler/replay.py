"""The place in the graph of what a compiled function returns: its gradient is a backward stage of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd.dtypes import from_numpy
from framework.autograd.nodes import Node
from framework.autograd.operation_node import FREED


class FinishedNode(Node):
    """Stands for a graph that the function itself walked back through: nothing is left of it but its name."""

    __slots__ = ()

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        raise RuntimeError(FREED)


class SpoiledNode(Node):
    """Stands for a graph whose values were written over before the function returned."""

    __slots__ = ()

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        raise RuntimeError(self.saved)


class ReplayNode(Node):
    """One call of a compiled function, whose backward stages have not run yet.

    A stage writes over what the forward stage left. So a second walk from the same results (`retain_graph`), one that
    is recorded itself (`create_graph`), and one from a choice of results that no stage is for, go through `again`: the
    function run anew. `used` are the results that were walked back from, with those that share their graph; `freed`
    those that may not be once more.
    """

    __slots__ = ("again", "asked", "freed", "graph", "guards", "instance", "passed", "pool", "used")

    again: Callable[..., list[Any]]
    asked: tuple[int, ...]
    freed: set[int]
    graph: Any
    guards: tuple[tuple[Any, int, tuple[int, ...], Any], ...]
    instance: Any
    passed: tuple[Any, ...]
    pool: list[Any]
    used: set[int]

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        gradients = gradient if self.outputs is not None else [gradient]
        asked = tuple([number for number, each in enumerate(gradients) if each is not None])
        if self.freed.intersection(asked):
            raise RuntimeError(FREED)
        for storage, version, shape, dtype in self.guards:
            if storage.version != version:
                raise _modified(storage.version, version, shape, dtype)
        self.asked = asked
        used, self.used = self.used, self.used.union(*[self.graph.shares[each] for each in asked])
        stage = self.graph.stages.get(asked)
        if stage is None or create_graph or used.intersection(asked):
            return self.again(gradients, create_graph)
        number, places = stage
        results = self.instance[number](*self.passed, *[_even(gradients[each]) for each in asked])
        if len(self.used) == len(self.graph.shares):
            self.give_back()
        # What only other results lead to gets no gradient, not zeros.
        found: list[Any] = [None] * len(self.edges)
        for place, each in zip(places, results, strict=True):
            found[place] = each
        return found

    def release(self) -> None:
        self.freed = self.freed.union(*[self.graph.frees[each] for each in self.asked])
        if len(self.freed) == len(self.graph.shares):
            self.saved = None
            self.give_back()

    def give_back(self) -> None:
        """Lets the next call have this one's memory."""
        if self.instance is not None:
            self.pool.append(self.instance)
            self.instance, self.passed = None, ()

    def __del__(self) -> None:
        if getattr(self, "instance", None) is not None:
            self.give_back()


def named(kind: type[Node], name: str) -> type[Node]:
    """A kind of node that prints under the name of the one it stands for."""
    return type(name, (kind,), {"__slots__": ()})


def _even(gradient: Any) -> Any:
    """A gradient as it lies in memory where the program was written for it."""
    return np.ascontiguousarray(gradient).reshape(gradient.shape)


def _modified(found: int, expected: int, shape: tuple[int, ...], dtype: Any) -> RuntimeError:
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{from_numpy(dtype).scalar_name}Tensor {list(shape)}] is at version {found}; expected version "
        f"{expected} instead. Hint: it was changed between the call of the compiled function and backward()."
    )
