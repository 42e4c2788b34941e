"""What a recorded call of an operation keeps, and how its formulas are run backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import Node
from framework.autograd.storage import storage_of
from framework.autograd.tensor import Tensor, wrap

if TYPE_CHECKING:
    from framework.autograd.operation import Operation

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class Derivative:
    """A formula for the gradients of some inputs, and where its arguments stand among the values of a call."""

    __slots__ = ("formula", "inputs", "joint", "names", "needs", "takes")

    def __init__(self, formula: Callable[..., Any], inputs: tuple[str, ...]) -> None:
        self.formula = formula
        self.inputs = inputs
        self.joint = len(inputs) > 1
        code = formula.__code__
        self.names: tuple[str, ...] = code.co_varnames[1 : code.co_argcount]
        # A joint formula that asks for `needs` is told which of its gradients are needed.
        self.needs = self.names[-1:] == ("needs",)
        if self.needs:
            self.names = self.names[:-1]
        self.takes: tuple[int, ...] = ()


class Plan:
    """What one combination of inputs that require grad keeps and computes."""

    __slots__ = ("derivatives", "dropped", "guarded", "keeps_values", "kept", "mask", "run")

    # Written by `straight.formulas`; None where one formula serves a list of inputs or outputs.
    run: Callable[[OperationNode, Any], list[Any]] | None

    def __init__(
        self,
        mask: int,
        kept: tuple[bool, ...],
        guarded: tuple[int, ...],
        keeps_values: bool,
        derivatives: tuple[tuple[Derivative, tuple[int, ...]], ...],
    ) -> None:
        self.mask = mask
        self.run = None
        self.kept = kept
        # Whether numbers or residuals are among what is kept, which have no version to guard.
        self.keeps_values = keeps_values
        self.dropped = tuple(number for number, keep in enumerate(kept) if not keep)
        # Numbers of kept values that are arguments or the output: Tensors among them may be written to later.
        self.guarded = guarded
        self.derivatives = derivatives


class OperationNode(Node):
    """The node of an `Operation`. `guards` are the versions of what is kept: storage, version, value number, ….."""

    __slots__ = ("guards", "plan")

    # Where saved-tensor hooks are on: for the number of a value, what gives back what was packed.
    unpack: dict[int, Callable[[Any], Any]] | None = None
    operation: Operation
    guards: tuple[Any, ...]
    plan: Plan

    def __getattr__(self, name: str) -> Any:
        """What was kept, by PyTorch's name: `_saved_self`, `_saved_result`, `_saved_dim`; `_raw_saved_…` around it."""
        asked = name.startswith(("_saved_", "_raw_saved_"))
        number = self._kept_values().get(name.removeprefix("_raw")) if asked else None
        if number is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return SavedValue(self, number) if name.startswith("_raw") else self.kept(number)

    def __dir__(self) -> list[str]:
        kept = self._kept_values()
        return [*super().__dir__(), *kept, *[f"_raw{name}" for name in kept]]

    def _kept_values(self) -> dict[str, int]:
        """The numbers of the values that any formula of the operation asks for, by PyTorch's names for them."""
        operation = self.operation
        first = operation.parameters[0] if operation.parameters else ""
        names = {first: "self", "out": "result", f"{first}_shape": "self_sym_sizes"}
        asked = {number for derivative in operation.derivatives for number in derivative.takes}
        if not {"other"}.isdisjoint(operation.parameters) and operation.name in ("mm", "bmm"):
            names["other"] = "mat2"
        return {
            f"_saved_{names.get(operation.values[number], operation.values[number])}": number
            for number in sorted(asked)
        }

    def kept(self, number: int) -> Any:
        """A kept value as the user knows it: a tensor in its place in the graph, or a plain value."""
        saved = self.saved
        if saved is None:
            raise RuntimeError(FREED)
        for at in range(0, len(self.guards), 3):
            if self.guards[at + 2] == number and self.guards[at].version != self.guards[at + 1]:
                self.modified(*self.guards[at : at + 3])
        value = self._unpacked(number)
        operation = self.operation
        if not hasattr(value, "__array_function__"):
            return value
        if number == len(operation.parameters):
            return placed(value, (self, 0))
        edge = self.edges[operation.positions[number]] if number in operation.positions else None
        if isinstance(edge, Tensor) and edge._array is value:
            return edge
        return wrap(value) if edge is None else placed(value, edge)

    def pack(self, numbers: Sequence[int], pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None:
        """Keeps what `pack` makes of some values in their place; `unpack` gives them back."""
        saved = list(self.saved)
        for number in numbers:
            # The node's own output is packed outside the graph: a node that held it would hold itself.
            saved[number] = pack(wrap(saved[number]) if number >= len(self.operation.parameters) else self.kept(number))
        self.saved = saved
        guards = self.guards
        self.guards = tuple(
            [each for at in range(0, len(guards), 3) if guards[at + 2] not in numbers for each in guards[at : at + 3]]
        )
        self.unpack = {**(self.unpack or {}), **dict.fromkeys(numbers, unpack)}

    def _unpacked(self, number: int) -> Any:
        """A kept value, unpacked if it was packed."""
        value = self.saved[number]
        if self.unpack is None or number not in self.unpack:
            return value
        tensor = self.unpack[number](value)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor._array

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        run = self.plan.run
        if run is not None and wanted is None and not create_graph and self.unpack is None:
            try:
                return run(self, gradient)
            except Exception as error:
                if not hasattr(error, "again"):
                    raise
        saved = self.saved
        if saved is None:
            raise RuntimeError(FREED)
        guards = self.guards
        for at in range(0, len(guards), 3):
            if guards[at].version != guards[at + 1]:
                self.modified(guards[at], guards[at + 1], guards[at + 2])
        if self.unpack is not None:
            saved = [self._unpacked(number) for number in range(len(saved))]
        if create_graph:
            saved = self._recorded(saved)
        if self.outputs is not None:
            gradient = self._all(gradient, create_graph)
        if self.operation.sequence:
            ((derivative, _),) = self.plan.derivatives
            return list(applied(derivative.formula, gradient, *[saved[i] for i in derivative.takes]))
        results: list[Any] = [None] * len(self.edges)
        trace = None if create_graph else mode.trace
        for derivative, positions in self.plan.derivatives:
            takes = derivative.takes
            if wanted is not None and not any([wanted[each] for each in positions]):
                continue
            if derivative.joint or trace is not None:
                self._run_joint(derivative, positions, gradient, saved, wanted, results, trace)
            elif len(takes) == 1:
                results[positions[0]] = applied(derivative.formula, gradient, saved[takes[0]])
            else:
                results[positions[0]] = applied(derivative.formula, gradient, *[saved[number] for number in takes])
        return results

    def _run_joint(
        self,
        derivative: Derivative,
        positions: tuple[int, ...],
        gradient: Any,
        saved: Sequence[Any],
        wanted: Sequence[bool] | None,
        results: list[Any],
        trace: Any,
    ) -> None:
        """Runs a formula for several gradients, telling it which are needed; any formula where a trace records it."""
        arguments = [saved[number] for number in derivative.takes]
        if derivative.needs:
            needed = [edge is not None for edge in self.edges] if wanted is None else wanted
            arguments.append(tuple([needed[each] for each in positions]))
        run = partial(applied, derivative.formula) if trace is None else partial(trace.run, derivative.formula)
        gradients = run(gradient, *arguments)
        for position, each in zip(positions, gradients if derivative.joint else (gradients,), strict=True):
            results[position] = each

    def release(self) -> None:
        # A node that kept no tensor's values can be walked again, as in PyTorch.
        if self.guards or self.plan.keeps_values or self.unpack is not None:
            self.saved = None
            self.guards = ()

    def modified(self, storage: Any, expected: int, value: int) -> None:
        operation = self.operation
        array = self.saved[value]
        output = 0
        if isinstance(array, (list, tuple)):
            tensors = [each for each in array if isinstance(each, Tensor)]
            if tensors:
                array = next((each._array for each in tensors if each._storage is storage), tensors[0]._array)
            else:
                watched = [self.guards[at] for at in range(0, len(self.guards), 3) if self.guards[at + 2] == value]
                output = next(number for number, each in enumerate(watched) if each is storage)
                array = array[output]
        made_by = self.title() if value == len(operation.parameters) else None
        edge = self.edges[operation.positions[value]] if value in operation.positions else None
        if edge.__class__ is tuple:
            made_by, output = written_by(storage, array) or edge[0].title(), edge[1]
        elif value < len(operation.parameters):
            made_by = written_by(storage, array)
        raise modified_error(storage, expected, array, made_by, output)

    def _all(self, gradients: list[Any], create_graph: bool) -> tuple[Any, ...]:
        """The gradients of several outputs, zeros where none arrived, unless the operation's formulas see to that."""
        if not self.operation.materialize:
            return tuple([wrap(g) if create_graph and not isinstance(g, Tensor | None) else g for g in gradients])
        full = [
            np.zeros(shape, dtype) if each is None else each
            for each, shape, dtype in zip(gradients, self.shape, self.dtype, strict=True)
        ]
        return tuple(wrap(each) if create_graph and not isinstance(each, Tensor) else each for each in full)

    def _recorded(self, saved: Sequence[Any]) -> list[Any]:
        """What was kept, as Tensors in their places in the graph, so that the formula is recorded."""
        operation = self.operation
        result = list(saved)
        if operation.sequence:
            if result[0] is not None:
                result[0] = [placed(a, edge) for a, edge in zip(result[0], self.edges, strict=True)]
        else:
            for value, position in operation.positions.items():
                if result[value] is not None:
                    result[value] = placed(result[value], self.edges[position])
        out = len(operation.parameters)
        if isinstance(result[out], list):
            result[out] = [placed(each, (self, number)) for number, each in enumerate(result[out])]
        elif result[out] is not None:
            result[out] = placed(result[out], (self, 0))
        for number, recompute in operation.recompute:
            if result[number] is not None:
                names = recompute.__code__.co_varnames[: recompute.__code__.co_argcount]
                result[number] = recompute(*[result[operation.values.index(name)] for name in names])
        return result


class SavedValue:
    """One value that a node keeps, before it is unpacked (`grad_fn._raw_saved_self`)."""

    def __init__(self, node: OperationNode, number: int) -> None:
        self._node = node
        self._number = number

    def register_hooks(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        """Packs the value at once with `pack_hook`; backward unpacks it with `unpack_hook`."""
        if self._node.saved is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the "
                "graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need "
                "to backward through the graph a second time or if you need to access saved variables after calling "
                "backward."
            )
        if self._number in (self._node.unpack or {}):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set is not allowed."
            )
        self._node.pack([self._number], pack_hook, unpack_hook)


def modified_error(storage: Any, expected: int, array: Any, made_by: str | None, output: int) -> RuntimeError:
    """What PyTorch says of a kept tensor, an output of the node titled `made_by`, that was written to since."""
    source = f", which is output {output} of {made_by}," if made_by is not None else ""
    kind = "CPUBoolType" if array.dtype.kind == "b" else f"torch.{dtypes.from_numpy(array.dtype).scalar_name}Tensor"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{kind} {list(array.shape)}]{source} is at version {storage.version}; expected version {expected} instead. "
        "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def written_by(storage: Any, array: Any) -> str | None:
    """The title of the node that a recorded write since has given a kept tensor, if there was one."""
    writer = getattr(storage, "writer", None)
    if writer is None:
        return None
    return str(writer[1]) if writer[0] == id(array) else "AsStrided"


def applied(formula: Callable[..., Any], *arguments: Any) -> Any:
    """What a formula gives; arrays that refuse it may know another way to run it (`again` of their exception)."""
    try:
        return formula(*arguments)
    except Exception as error:
        if not hasattr(error, "again"):
            raise
        return error.again(formula, arguments)


def placed(array: Any, edge: Any) -> Any:
    """A Tensor of a kept array whose gradient goes along `edge`."""
    if edge is None:
        return array
    tensor = wrap(array)
    tensor._edge = edge
    tensor._requires_grad = True
    return tensor


def guards_of(value: Any, number: int) -> tuple[Any, ...]:
    """The storages and versions of an argument's tensors, as `OperationNode.guards` holds them."""
    guards: tuple[Any, ...] = ()
    for each in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(each, Tensor):
            storage = storage_of(each)
            guards += (storage, storage.version, number)
    return guards


def shape_of(value: Any) -> Any:
    """The shape of an argument, of each where it is a list; () for what has none."""
    return [each.shape for each in value] if isinstance(value, list) else getattr(value, "shape", ())
