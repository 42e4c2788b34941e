"""The place in the graph of what a compiled function returns: its gradient is the program's backward stage."""

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


class ReplayNode(Node):
    """One call of a compiled function, whose backward stage has not run yet.

    `run(*passed, *gradients)` gives the gradients for `edges`; it writes over what the forward stage left, so a second
    walk (`retain_graph`), and one that is recorded itself (`create_graph`), go through `again`: the function run anew.
    """

    __slots__ = ("again", "guards", "instance", "passed", "pool", "reaches", "run")

    run: Callable[..., Any]
    again: Callable[..., list[Any]]
    instance: Any
    pool: list[Any]
    passed: tuple[Any, ...]
    # For each leaf, which of the outputs lead to it.
    reaches: list[list[bool]]
    guards: tuple[tuple[Any, int, tuple[int, ...], Any], ...]

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        if self.saved is None:
            raise RuntimeError(FREED)
        for storage, version, shape, dtype in self.guards:
            if storage.version != version:
                raise _modified(storage.version, version, shape, dtype)
        gradients = gradient if self.outputs is not None else [gradient]
        if create_graph or self.instance is None:
            return self.again(gradients, create_graph)
        shapes, types = (self.shape, self.dtype) if self.outputs is not None else ([self.shape], [self.dtype])
        arrays = [
            np.zeros(shape, dtype) if each is None else np.ascontiguousarray(each).reshape(shape)
            for each, shape, dtype in zip(gradients, shapes, types, strict=True)
        ]
        results = list(self.run(*self.passed, *arrays))
        self.give_back()
        for number, reaches in enumerate(self.reaches):
            # What only results lead to that nobody asked for gets no gradient, not zeros.
            if not any([leads for leads, each in zip(reaches, gradients, strict=True) if each is not None]):
                results[number] = None
        return results

    def release(self) -> None:
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


def _modified(found: int, expected: int, shape: tuple[int, ...], dtype: Any) -> RuntimeError:
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{from_numpy(dtype).scalar_name}Tensor {list(shape)}] is at version {found}; expected version "
        f"{expected} instead. Hint: it was changed between the call of the compiled function and backward()."
    )
