"""Writes the call of an operation as straight-line Python: no loop, no flag, only what this operation needs.

What `calls.general` does step by step for any operation is written out here for the plain ones, which are nearly all:
their first argument is a Tensor, and they have one output. `source(operation)` is the text; a call that it does not
cover (another type, an array, a list) goes the general way. Recording and the formulas of a backward are written out
for each combination of inputs that need a gradient, when that combination first comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from numpy import array, asarray, generic, ndarray

from framework.autograd.errors import as_array, retried
from framework.autograd.float_errors import quiet, runs_anywhere
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import new, sequence
from framework.autograd.operation_node import FREED, guards_of, shape_of
from framework.autograd.storage import INFERENCE, Storage
from framework.autograd.tensor import Tensor
from framework.autograd.views import View, refresh, view_origin

if TYPE_CHECKING:
    from framework.autograd.operation import Operation
    from framework.autograd.operation_node import Plan

_COMMON = {
    "FREED": FREED,
    "INFERENCE": INFERENCE,
    "NUMBERS": frozenset((int, float)),
    "SEQUENCES": frozenset((list, tuple)),
    "Storage": Storage,
    "Tensor": Tensor,
    "View": View,
    "array": array,
    "as_array": as_array,
    "asarray": asarray,
    "generic": generic,
    "guards_of": guards_of,
    "mode": mode,
    "ndarray": ndarray,
    "new": new,
    "quiet": quiet,
    "refresh": refresh,
    "retried": retried,
    "sequence": sequence,
    "shape_of": shape_of,
    "view_origin": view_origin,
}

# Names that the texts use besides those: an operation with such a parameter takes the general way.
_OWN_NAMES = {*_COMMON, "call", "error", "general", "guards", "node", "operation", "out", "plan", "record", "recorders"}
_OWN_NAMES |= {"forward", "node_class", "recording", "result", "storage", "view"}

_compiled: dict[str, CodeType] = {}


def is_plain(operation: Operation) -> bool:
    """Whether the operation's call can be written out: one output, and a first argument that is a Tensor."""
    return (
        not (operation.residuals or operation.outputs or operation.sequence)
        and (0 in operation.positions or 0 in operation.promoted)
        and _OWN_NAMES.isdisjoint(operation.parameters)
    )


def written(operation: Operation, general: Callable[..., Any]) -> Callable[..., Any]:
    """The call of a plain operation. Its text is written at the first call, which most operations of a run never see."""
    recorders: list[Any] = []

    def recorder_of(mask: int) -> Callable[..., Any]:
        def first(*args: Any) -> Any:
            plan = operation.plan(mask)
            recorders[mask] = _function(operation, _recorder(operation, plan), plan=plan)
            return recorders[mask](*args)

        return first

    def first_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not recorders:
            recorders.extend(recorder_of(mask) for mask in range(1 << len(operation.positions)))
        call.__defaults__ = operation.defaults or None
        call.__code__ = code(source(operation))
        return call(*args, **kwargs)

    call = FunctionType(_UNWRITTEN, _names(operation, general=general, recorders=recorders, first_call=first_call))
    return call


def code(text: str) -> CodeType:
    """Compiles a function's text, once for all operations that share it."""
    if text not in _compiled:
        module = compile(text, "<written by framework.autograd.straight>", "exec")
        _compiled[text] = next(each for each in module.co_consts if isinstance(each, CodeType))
    return _compiled[text]


_UNWRITTEN = code("def call(*args, **kwargs): return first_call(args, kwargs)")


def _names(operation: Operation, **names: Any) -> dict[str, Any]:
    """What the texts of an operation refer to."""
    own = {"operation": operation, "forward": operation.forward, "node_class": operation.node_class}
    return {**_COMMON, **own, **names}


def _function(operation: Operation, text: str, **names: Any) -> Callable[..., Any]:
    return FunctionType(code(text), _names(operation, **names))


def source(operation: Operation) -> str:
    """The text of the call."""
    names = operation.parameters
    positions = operation.positions
    promoted = operation.promoted if operation.promote is not None else ()
    arguments = ", ".join(names)
    arrays = ", ".join(f"x{number}" for number in range(len(names)))
    general = f"return general({arguments})"
    lines = [
        f"def call({arguments}):",
        "recording = mode.recording",
        f"if not isinstance({names[0]}, Tensor): {general}",
    ]
    lines.append(f"x0 = {names[0]}._array")
    if promoted:
        lines.append("dtype0 = x0.dtype")
        if operation.promote == "float":
            lines.append(f"if dtype0.kind != 'f': {general}")
    for number in range(1, len(names)):
        numbers = number in promoted and number not in operation.tensors
        lines += _unwrapped(names[number], number, number in promoted, numbers, number in positions, general)
    quick = runs_anywhere(operation.forward)
    lines += [
        "try:",
        f"    result = {'quiet.run' if quick else 'quiet.apart'}(forward, {arrays})",
        "except Exception as error:",
        f"    result = retried(error, operation, [{arrays}])",
        "if result.__class__ is not ndarray:",
        "    result = asarray(result) if isinstance(result, generic) else as_array(operation, result)",
        f"if {names[0]}._view is not None: refresh({names[0]})",
    ]
    if positions:
        if 0 in positions:
            lines.append(f"needs0 = {names[0]}._requires_grad")
        needs = [f"needs{number}" for number in positions]
        mask = " + ".join(
            f"{need} * {1 << position}" if position else need
            for need, position in zip(needs, positions.values(), strict=True)
        )
        lines += [
            f"if recording and ({' or '.join(needs)}):",
            f"    return recorders[{mask}]({arguments}, {arrays}, result, recording)",
        ]
    lines += ["out = new(Tensor)", "out._array = result", "out._edge = out._grad = out._hooks = None"]
    # A view that is not recorded requires grad all the same, if what it shows does.
    lines.append(f"out._requires_grad = {'needs0' if operation.view and 0 in positions else False}")
    lines += [*_marked(operation, "INFERENCE if mode.inference else None"), "return out"]
    return _text(lines)


def _unwrapped(name: str, number: int, promoted: bool, numbers: bool, differentiable: bool, general: str) -> list[str]:
    """Takes the array out of an argument; numbers that meet a floating-point Tensor become arrays of its type."""
    tensor = [f"if isinstance({name}, Tensor):", f"    x{number} = {name}._array"]
    if promoted:
        tensor.append(f"    if x{number}.dtype is not dtype0: {general}")
    if differentiable:
        tensor += [f"    if {name}._view is not None: refresh({name})", f"    needs{number} = {name}._requires_grad"]
    if promoted and not numbers:
        return [*tensor, f"else: {general}"]
    if promoted:
        tensor += [
            f"elif {name}.__class__ in NUMBERS and dtype0.kind == 'f':",
            f"    try: x{number} = quiet.run(array, {name}, dtype0)",
            f"    except Exception: {general}",
        ]
        tensor += [f"    needs{number} = False"] if differentiable else []
        return [*tensor, f"else: {general}"]
    tensor += ["else:", f"    x{number} = {name}"]
    return [*tensor, f"    needs{number} = False"] if differentiable else tensor


def _marked(operation: Operation, storage: str) -> list[str]:
    """Gives the output its storage, and a view the way it came about."""
    if not operation.view:
        return [f"out._storage = {storage}", "out._view = None"]
    first, *rest = operation.parameters
    arguments = "".join(f"{name}, " for name in rest)
    return [
        f"storage = {first}._storage",
        "if storage is None:",
        f"    storage = {first}._storage = new(Storage)",
        "    storage.version = 0",
        "out._storage = storage",
        "view = out._view = new(View)",
        # Without recording nothing will be told again: a chain of views need not be kept.
        f"view.parent = {first} if recording or {first}._view is None else {first}._view.parent",
        "view.form = view.parent._array",
        "view.operation = operation",
        f"view.arguments = ({arguments})",
        "view.output = None",
        "view.origin = view_origin()",
        "view.version = 0 if storage is INFERENCE else storage.version",
    ]


def _recorder(operation: Operation, plan: Plan) -> str:
    """The text that records a call: node, edges, what the formulas ask for, and its versions."""
    names = operation.parameters
    count = len(names)
    needed = {number for number, position in operation.positions.items() if plan.mask >> position & 1}
    arrays = ", ".join(f"x{number}" for number in range(count))
    lines = [
        f"def record({', '.join(names)}, {arrays}, result, recording):",
        "node = new(node_class)",
        "out = new(Tensor)",
    ]
    edges = []
    for number in operation.positions:
        if number in needed:
            lines.append(f"edge{number} = {names[number]}._edge")
            lines.append(f"if edge{number} is None: edge{number} = {names[number]}")
            edges.append(f"edge{number}, ")
        else:
            edges.append("None, ")
    lines += [
        f"node.edges = ({''.join(edges)})",
        "out._array = result",
        "out._grad = out._hooks = None",
        *_marked(operation, "None"),
        *_guarded(names, plan, needed, count),
    ]
    values = (
        [f"x{number}" for number in range(count)]
        + ["result"]
        + [f"x{n}.shape" if n == 0 else f"shape_of(x{n})" for n in operation.shapes]
    )
    saved = ", ".join(value if keep else "None" for value, keep in zip(values, plan.kept, strict=True))
    lines += [
        f"node.saved = ({saved},)",
        "node.plan = plan",
        "node.outputs = None",
        "node.shape = result.shape",
        "node.dtype = result.dtype",
        "node.sequence = next(sequence)",
        "out._edge = (node, 0)",
        "out._requires_grad = True",
        "if recording is not True: recording(node)",
        "return out",
    ]
    return _text(lines)


def _guarded(names: Sequence[str], plan: Plan, needed: set[int], count: int) -> list[str]:
    """The versions of what is kept, to notice writes to it before backward."""
    lines = []
    sure, maybe = [], []
    for number in plan.guarded:
        if number == count:
            lines += ["storage = out._storage", "if storage is None:", "    storage = out._storage = new(Storage)"]
            lines += ["    storage.version = 0", f"guard{number} = storage"]
            sure.append(number)
            continue
        make = [
            f"guard{number} = {names[number]}._storage",
            f"if guard{number} is None:",
            f"    guard{number} = {names[number]}._storage = new(Storage)",
            f"    guard{number}.version = 0",
        ]
        if number in needed or number == 0:
            lines += make
            sure.append(number)
        else:
            maybe.append((number, make))
    lines.append(f"guards = ({''.join(f'guard{n}, guard{n}.version, {n}, ' for n in sure)})")
    for number, make in maybe:
        lines.append(f"if isinstance({names[number]}, Tensor):")
        lines += [f"    {line}" for line in make]
        lines.append(f"    guards += (guard{number}, guard{number}.version, {number})")
        lines.append(f"elif {names[number]}.__class__ in SEQUENCES: guards += guards_of({names[number]}, {number})")
    return [*lines, "node.guards = guards"]


def formulas(operation: Operation, plan: Plan) -> Callable[..., Any]:
    """The gradients of a plan from what its node kept: `run(node, gradient) -> list`."""
    lines = [
        "def run(node, gradient):",
        "saved = node.saved",
        "if saved is None: raise RuntimeError(FREED)",
        "guards = node.guards",
        "for at in range(0, len(guards), 3):",
        "    if guards[at].version != guards[at + 1]: node.modified(*guards[at : at + 3])",
    ]
    results = ["None"] * len(operation.positions)
    names = {}
    for number, (derivative, positions) in enumerate(plan.derivatives):
        names[f"formula{number}"] = derivative.formula
        arguments = ["gradient", *[f"saved[{take}]" for take in derivative.takes]]
        if derivative.needs:
            arguments.append(str(tuple(bool(plan.mask >> position & 1) for position in positions)))
        call = f"formula{number}({', '.join(arguments)})"
        if derivative.joint:
            lines.append(f"{''.join(f'result{position}, ' for position in positions)} = {call}")
        else:
            lines.append(f"result{positions[0]} = {call}")
        for position in positions:
            results[position] = f"result{position}"
    lines.append(f"return [{', '.join(results)}]")
    return _function(operation, _text(lines), **names)


def _text(lines: list[str]) -> str:
    return "\n".join([lines[0], *[f"    {line}" for line in lines[1:]], ""])
