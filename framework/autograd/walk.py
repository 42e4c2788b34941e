"""Backward: from some tensors to the leaves, or to chosen tensors, along the recorded graph."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from threading import Lock
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.float_errors import SILENCE, restore, silence
from framework.autograd.grad_mode import mode, recording_on
from framework.autograd.gradients import added, as_gradient, as_tensor, fit
from framework.autograd.nodes import AccumulateGrad, Node, nodes_from, reach
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.walk_hooks import after_node, at_outputs, run_hooks, run_prehooks


def _references() -> tuple[int, int]:
    array = np.empty(1)
    view = np.empty(1)[None]
    return getrefcount(array), getrefcount(view.base)


# What getrefcount says of an array that one local variable alone holds, and of a base that one view alone holds: such
# a gradient may become a leaf's `.grad` as it is, any other is copied first.
_ALONE, _BASE_ALONE = _references()

# Held while a leaf's `.grad` is added to: several threads may walk to the same leaf.
_accumulating = Lock()


class Walk:
    """One backward pass, from the newest node to the oldest: every node runs once, after all that used it.

    `targets` are the edges whose gradients are asked for (None: every leaf accumulates into its `.grad`); `captured`
    then holds what arrived there. With `accumulate`, leaf targets fill their `.grad` instead.
    """

    captured: dict[Any, Any] | None = None
    # With targets: the nodes that lead to one, each with which of its edges do (None: all it has); and, by id, those
    # that made one.
    leading: dict[Node, list[bool] | None]
    makers: set[int]
    roots: Sequence[tuple[Any, Any]]
    # What multi-gradient hooks gather in this walk.
    gathered: dict[Any, Any] | None = None
    # Once a leaf with hooks was met: how many more gradients each leaf may get.
    waiting: dict[int, int] | None = None

    def __init__(
        self, retain_graph: bool, create_graph: bool, targets: Sequence[Any] | None = None, accumulate: bool = True
    ) -> None:
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.accumulate = accumulate
        # By number: the nodes to visit, each with what arrived for it. By id: leaves, their sums, and whether nobody
        # else holds those.
        self.heap: list[int] = []
        self.pending: dict[int, list[Any]] = {}
        self.sums: dict[int, tuple[Tensor, Any, bool]] = {}
        if targets is not None:
            self.captured = dict.fromkeys([key(edge) for edge in targets])

    def run(self, roots: Sequence[tuple[Any, Any]]) -> None:
        """Walks from the roots: pairs of an edge and the gradient that starts there."""
        captured = self.captured
        asked = captured is not None
        now = mode.__dict__
        trace = now["trace"]
        watched = now["anomaly"] or trace is not None or mode.observer is not None
        section = trace.enter_section("backward") if trace is not None else None
        if asked:
            self.find_leading([edge[0] for edge, _ in roots if edge.__class__ is tuple])
        self.roots = roots
        heap, pending, send = self.heap, self.pending, self.send
        create_graph, keep = self.create_graph, self.retain_graph
        before, partial = now["recording"], now["partial"]
        now["recording"] = recording_on() if create_graph else False
        now["partial"] = asked
        silenced = silence(SILENCE)
        try:
            for edge, gradient in roots:
                if edge.__class__ is tuple:
                    self.deliver(edge[0], edge[1], gradient)
                else:
                    self.add_to_sum(edge, gradient, False)
            while heap:
                node, gradient = pending.pop(heappop(heap))
                if watched or node.watched or (asked and (node not in self.leading or id(node) in self.makers)):
                    self.visit_watched(node, gradient)
                else:
                    gradients = node.backward(gradient, self.leading[node] if asked else None, create_graph)
                    if not keep:
                        node.release()
                    send(node, gradients)
            for leaf, gradient, alone in list(self.sums.values()):
                if captured is not None and leaf._hooks is None and leaf._view is None and not self.accumulate:
                    if id(leaf) in captured:
                        captured[id(leaf)] = gradient
                    continue
                simple = leaf._grad is None and leaf._hooks is None and not asked and gradient.__class__ is ndarray
                if simple and leaf._requires_grad and leaf._view is None:
                    # The common case, told quickly: nobody asked or listens, and there is no gradient yet.
                    first = wrap(gradient if alone and _owns(gradient) else gradient.copy())
                    # Nothing is called between the look and the step, so no other thread comes between them.
                    if leaf._grad is None:
                        leaf._grad = first
                        continue
                self.hand_over(leaf, gradient, False)
        finally:
            now["recording"], now["partial"] = before, partial
            restore(silenced)
            if trace is not None:
                trace.enter_section(section)

    def send(self, node: Node, gradients: list[Any]) -> None:
        """Sends a node's results along its edges, each brought to the form of the tensor it belongs to."""
        pending, sums = self.pending, self.sums
        quick = self.waiting is None
        position = -1
        for edge in node.edges:
            position += 1
            if edge is None:
                continue
            each = gradients[position]
            if edge.__class__ is not tuple:
                gradients[position] = None
                array = edge._array
                if each.__class__ is not ndarray or each.dtype is not array.dtype or each.shape != array.shape:
                    each = fit(each, array.shape, array.dtype, node, position)
                if quick and edge._hooks is None and each is not None and id(edge) not in sums:
                    # Not inside the tuple: what is put there first counts as one more reference.
                    alone = getrefcount(each) == _ALONE
                    sums[id(edge)] = (edge, each, alone)
                else:
                    self.reach_leaf(edge, each, node, position)
                    quick = self.waiting is None
            elif each is not None:
                target, index = edge
                if target.outputs is not None:
                    self.deliver(target, index, fit(each, target.shape[index], target.dtype[index], node, position))
                    continue
                if each.__class__ is not ndarray or each.dtype is not target.dtype or each.shape != target.shape:
                    each = fit(each, target.shape, target.dtype, node, position)
                number = target.sequence
                if number in pending:
                    entry = pending[number]
                    entry[1] = added(entry[1], each)
                else:
                    pending[number] = [target, each]
                    heappush(self.heap, number)

    def deliver(self, node: Node, index: int, gradient: Any) -> None:
        """Adds a gradient of the right form to what has arrived at a node's output."""
        number = node.sequence
        entry = self.pending.get(number)
        if entry is None:
            entry = self.pending[number] = [node, None if node.outputs is None else [None] * node.outputs]
            heappush(self.heap, number)
        if node.outputs is None:
            entry[1] = gradient if entry[1] is None else added(entry[1], gradient)
        else:
            present = entry[1][index]
            entry[1][index] = gradient if present is None else added(present, gradient)

    def add_to_sum(self, leaf: Tensor, gradient: Any, alone: bool) -> None:
        """Adds to what has arrived at a leaf. `alone`: nobody but the walk holds the array."""
        if id(leaf) in self.sums:
            gradient, alone = added(self.sums[id(leaf)][1], gradient), True
        self.sums[id(leaf)] = (leaf, gradient, alone)

    def reach_leaf(self, leaf: Tensor, gradient: Any, node: Node, position: int) -> None:
        """Adds a gradient, if there is one, to a leaf's sum; one with hooks gets its sum as soon as it is whole."""
        if gradient is not None:
            self.add_to_sum(leaf, gradient, False)
        if self.waiting is None:
            if leaf._hooks is None:
                return
            # From here on leaves are counted down: first by what is still to be sent.
            rest = node.edges[position + 1 :]
            later = [edge[0] for edge in rest if edge.__class__ is tuple]
            _, self.waiting = reach([*[entry[0] for entry in self.pending.values()], *later])
            for edge in rest:
                if edge is not None and edge.__class__ is not tuple:
                    self.waiting[id(edge)] = self.waiting.get(id(edge), 0) + 1
        else:
            self.waiting[id(leaf)] -= 1
        if leaf._hooks is not None and not self.waiting.get(id(leaf)) and id(leaf) in self.sums:
            self.hand_over(*self.sums.pop(id(leaf)))

    def hand_over(self, leaf: Tensor, gradient: Any, alone: bool) -> None:
        """Gives a leaf its whole gradient, through its hooks, or keeps it for who asked."""
        hooks = leaf._hooks
        captured = self.captured
        if leaf._base is not None and leaf._base._requires_grad:
            return  # a view made without recording: what it shows requires grad, it does not
        if captured is not None and id(leaf) not in captured:
            return
        if hooks is not None and hooks.tensor:
            gradient, alone = run_hooks(list(hooks.tensor.values()), gradient, self), False
        if captured is not None:
            captured[id(leaf)] = gradient
            alone = False
        if not (self.accumulate and leaf._requires_grad):
            return
        if hooks is not None and hooks.before:
            (gradient,), alone = run_prehooks(hooks.before, [gradient]), False
        with _accumulating:
            if leaf._grad is None and gradient.__class__ is ndarray:
                leaf._grad = wrap(gradient if alone and _owns(gradient) else gradient.copy())
            else:
                _add_to_grad(leaf, gradient, self.create_graph)
        if hooks is not None:
            for hook in list(hooks.accumulated.values()):
                hook(leaf)
            for hook in list(hooks.after.values()):
                hook((), (as_tensor(gradient),))

    def find_leading(self, roots: list[Node]) -> None:
        """Finds the nodes that lead to a target: the others need not run."""
        assert self.captured is not None
        self.leading = {}
        self.makers = {each[0] for each in self.captured if each.__class__ is tuple}
        for node in nodes_from(roots):
            wanted = []
            whole = True
            for edge in node.edges:
                wants = edge is not None and self.wants(edge)
                whole = whole and (wants or edge is None)
                wanted.append(wants)
            if True in wanted:
                self.leading[node] = None if whole else wanted

    def reaches(self, places: Iterable[Any]) -> int:
        """How many of some nodes and leaves this walk leads to."""
        nodes, leaves = reach([edge[0] for edge, _ in self.roots if edge.__class__ is tuple])
        known = {id(edge) for edge, _ in self.roots} | leaves.keys()
        if self.captured is not None:
            nodes = [node for node in nodes if node in self.leading]
            known &= self.captured.keys()
        executed = set(nodes)
        return sum(each in executed if isinstance(each, Node) else id(each) in known for each in places)

    def wants(self, edge: Any) -> bool:
        """Whether the gradient along an edge leads to a target."""
        assert self.captured is not None
        if edge.__class__ is tuple:
            return edge[0] in self.leading or (id(edge[0]), edge[1]) in self.captured
        return edge is not None and id(edge) in self.captured

    def visit_watched(self, node: Node, gradient: Any) -> None:
        """Runs a node that has hooks, where targets are asked for, or in anomaly mode."""
        wanted = None
        if self.captured is not None:
            leads = node in self.leading
            asked = [index for index in range(node.outputs or 1) if (id(node), index) in self.captured]
            if not (leads or asked):
                return
            gradient = at_outputs(node, gradient, self)
            for index in asked:
                self.captured[id(node), index] = gradient if node.outputs is None else gradient[index]
            if not leads and not self.accumulate:
                return
            wanted = self.leading.get(node)
            if wanted is None and (not leads or mode.trace is not None):
                wanted = [self.wants(edge) for edge in node.edges]
        else:
            if mode.trace is not None:
                wanted = [edge is not None for edge in node.edges]
            gradient = at_outputs(node, gradient, self)
        if node.prehooks:
            gradients = gradient if node.outputs is not None else [gradient]
            gradients = run_prehooks(node.prehooks, gradients)
            gradient = gradients if node.outputs is not None else gradients[0]
        try:
            if mode.observer is None or mode.trace is not None:
                gradients = list(node.backward(gradient, wanted, self.create_graph))
            else:
                gradients = mode.observer.backward(node, gradient, wanted, self.create_graph)
            if mode.anomaly and mode.check_nan:
                _refuse_nan(node, gradients)
        except Exception as error:
            if mode.anomaly or node.trace is not None:
                _name_forward(node, error)
            raise
        if node.hooks:
            gradients = after_node(node.hooks, gradients, gradient)
        if not self.retain_graph:
            node.release()
        self.send(node, gradients)


def key(edge: Any) -> Any:
    """What names an edge in `Walk.captured`."""
    return (id(edge[0]), edge[1]) if edge.__class__ is tuple else id(edge)


def _owns(array: ndarray) -> bool:
    """Whether an array's memory is its own, or of a base that it alone holds, and laid out as a fresh one's is."""
    return (
        array.__class__ is ndarray
        and array.flags.c_contiguous
        and array.flags.writeable
        and (array.base is None or (array.base.__class__ is ndarray and getrefcount(array.base) == _BASE_ALONE))
    )


def _add_to_grad(leaf: Tensor, gradient: Any, create_graph: bool) -> None:
    """Adds a gradient to a leaf's `.grad`."""
    present = leaf._grad
    if present is None:
        leaf._grad = _owned(gradient)
    elif create_graph:
        leaf._grad = present + gradient
    else:
        array = present._array
        np.add(array, gradient._array if isinstance(gradient, Tensor) else gradient, out=array)
        present._bump()


def _owned(gradient: Any) -> Tensor:
    """A gradient with memory of its own; a recorded one is copied in the graph."""
    if not isinstance(gradient, Tensor):
        return wrap(np.copy(gradient, order="C"))
    first: Tensor = wrap(np.empty_like(gradient._array))
    first.copy_(gradient)
    return first


def _name_forward(node: Node, error: Exception) -> None:
    """Says where the call was recorded whose gradient failed: with the error, and in anomaly mode as a warning too."""
    where = (
        "No forward pass information available. Enable detect anomaly during forward pass for more information."
        if node.trace is None
        else f"Traceback of forward call that caused the error:\n{node.trace}"
    )
    text = f"Error detected in {node.name()}. {where}"
    error.add_note(text)
    if mode.anomaly:
        warnings.warn(text, UserWarning, stacklevel=5)


def _refuse_nan(node: Node, gradients: Iterable[Any]) -> None:
    for index, each in enumerate(gradients):
        array = each._array if isinstance(each, Tensor) else each
        if array is not None and array.dtype.kind == "f" and np.isnan(array).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {index}th output.")


def call(node: Node, gradients: Sequence[Any]) -> Any:
    """The gradients of a node's inputs: several as a tuple. A leaf's accumulator adds to its `.grad`."""
    create_graph = bool(mode.recording)
    given = [as_gradient(each, each if create_graph else None) for each in gradients]
    if isinstance(node, AccumulateGrad):
        Walk(True, create_graph).hand_over(node.variable, given[0], False)
        return ()
    found = node.backward(given[0] if node.outputs is None else given, None, create_graph)
    results = tuple([as_tensor(each) for each in found])
    return results[0] if len(results) == 1 else results
