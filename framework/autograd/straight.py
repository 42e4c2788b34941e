"""Writes the call of an operation as straight-line Python: no loop, no flag, only what this operation needs.

What `calls.general` does step by step for any operation is written out here for the plain ones, which are nearly all:
their first argument is a Tensor, or a list of them. `source(operation)` is the text; a call that it does not cover
(another type, an array, types that differ) goes the general way. Recording and the formulas of a backward are written
out for each combination of inputs that need a gradient, when that combination first comes up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from threading import RLock
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from numpy import array, asarray, generic, ndarray

from framework.autograd.errors import as_array, retried
from framework.autograd.float_errors import runs_anywhere
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import new, sequence
from framework.autograd.operation_node import FREED, guards_of, shape_of
from framework.autograd.storage import INFERENCE, Storage
from framework.autograd.tensor import Tensor, wrap
from framework.autograd.views import View, refresh

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
    "refresh": refresh,
    "retried": retried,
    "sequence": sequence,
    "shape_of": shape_of,
    "wrap": wrap,
}

# Names that the texts use besides those: a parameter of such a name has another in the texts.
_OWN_NAMES = {
    *_COMMON,
    "call",
    "each",
    "error",
    "found",
    "general",
    "guards",
    "node",
    "now",
    "number",
    "operation",
    "origin",
}
_OWN_NAMES |= {"forward", "node_class", "out", "outs", "parent", "plan", "record", "recorders", "recording", "result"}
_OWN_NAMES |= {"results", "storage", "version", "view"}
_NUMBERED = re.compile(r"(dtype|edge|guard|(other_)?kept|needs|x)[0-9]+")

WRITTEN = "<written by framework.autograd.straight>"
"""What stands in the place of a file's name in tracebacks."""

_compiled: dict[str, CodeType] = {}

# Held while a call is written, or views are made to be.
_writing = RLock()
# The calls of views that are written, and whether they are to be seen by who observes operations.
_views: list[FunctionType] = []
_views_observed = False


def is_plain(operation: Operation) -> bool:
    """Whether the operation's call can be written out."""
    if operation.sequence and (operation.residuals or operation.outputs or operation.view):
        return False
    return bool(operation.parameters)


def _in_text(operation: Operation) -> list[str]:
    """The parameters as the texts name them."""
    return [f"{each}_" if each in _OWN_NAMES or _NUMBERED.fullmatch(each) else each for each in operation.parameters]


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
        with _writing:
            made = code(source(operation))
            local = made.co_varnames[len(operation.parameters) :]
            call.__code__ = made.replace(co_varnames=(*operation.parameters, *local))
            if operation.view:
                _views.append(call)
        return call(*args, **kwargs)

    call = FunctionType(UNWRITTEN, _names(operation, general=general, recorders=recorders, first_call=first_call))
    return call


def write_views(observed: bool) -> None:
    """Has the calls of views written anew, at their next call, so that they go through `mode.run`, or no longer."""
    global _views_observed
    with _writing:
        if observed is not _views_observed:
            _views_observed = observed
            while _views:
                _views.pop().__code__ = UNWRITTEN


def code(text: str) -> CodeType:
    """Compiles a function's text, once for all operations that share it.

    Each gets a copy, since Python notes in the code itself where the names of one function's globals are.
    """
    if text not in _compiled:
        module = compile(text, WRITTEN, "exec")
        _compiled[text] = next(each for each in module.co_consts if isinstance(each, CodeType))
    return _compiled[text].replace()


UNWRITTEN = code("def call(*args, **kwargs): return first_call(args, kwargs)")
"""The code of a function until its first call, which writes it."""


def _names(operation: Operation, **names: Any) -> dict[str, Any]:
    """What the texts of an operation refer to."""
    own = {"operation": operation, "forward": operation.forward, "node_class": operation.node_class}
    return {**_COMMON, **own, **names}


def _function(operation: Operation, text: str, **names: Any) -> Callable[..., Any]:
    return FunctionType(code(text), _names(operation, **names))


def source(operation: Operation) -> str:
    """The text of the call."""
    if operation.sequence:
        return _source_of_sequence(operation)
    names = _in_text(operation)
    positions = operation.positions
    promoted = operation.promoted if operation.promote is not None else ()
    arguments = ", ".join(names)
    arrays = ", ".join(f"x{number}" for number in range(len(names)))
    general = f"return general({arguments})"
    lines = [
        f"def call({arguments}):",
        "now = mode.__dict__",
        "recording = now['recording']",
        f"if not isinstance({names[0]}, Tensor):",
        *_of_arrays(operation, arguments),
        f"    {general}",
    ]
    lines.append(f"x0 = {names[0]}._array")
    # The type in which operands meet is that of the first of them.
    for number in range(len(names)):
        if number:
            met = number in promoted[1:]
            numbers = met and number not in operation.tensors
            lines += _unwrapped(names[number], number, met, numbers, number in positions, general)
        if number in promoted[:1]:
            if number:
                lines.append(f"if x{number}.__class__ is not ndarray: {general}")
            lines.append(f"dtype0 = x{number}.dtype")
            if operation.promote == "float":
                lines.append(f"if dtype0.kind != 'f': {general}")
    lines += _computed(operation, arrays)
    lines.append(f"if {names[0]}._view is not None: refresh({names[0]})")
    if positions:
        if 0 in positions:
            lines.append(f"needs0 = {names[0]}._requires_grad")
        needs = [f"needs{number}" for number in positions]
        mask = " + ".join(
            f"({1 << position} if {need} else 0)" for need, position in zip(needs, positions.values(), strict=True)
        )
        given = ", ".join([arguments, arrays, *_results(operation)])
        lines += [
            f"if recording and ({' or '.join(needs)}):",
            f"    return recorders[{mask if len(needs) > 1 else 1}]({given}, recording)",
        ]
    # A view that is not recorded requires grad all the same, if what it shows does.
    requires_grad = f"out._requires_grad = {'needs0' if operation.view and 0 in positions else False}"
    if operation.outputs == "list":
        return _text([*lines, *_listed(operation, ["out._edge = None", requires_grad], recorded=False)])
    lines += ["out = new(Tensor)", "out._array = result", "out._edge = out._grad = out._hooks = None"]
    lines += [requires_grad, *_marked(operation, recorded=False)]
    others = _others(operation)
    return _text([*lines, f"return out, {', '.join(f'wrap({each})' for each in others)}" if others else "return out"])


def _of_arrays(operation: Operation, arguments: str) -> list[str]:
    """Calls the function alone, where arrays and numbers are all that it is given, as formulas do."""
    first, *rest = _in_text(operation)
    plain = [f"{first}.__class__ is ndarray", *[f"not isinstance({each}, Tensor)" for each in rest]]
    if operation.promote == "float":
        plain.append(f"{first}.dtype.kind == 'f'")
    taken = ""
    if operation.residuals:
        taken = f"[:{operation.outputs}]" if operation.outputs else "[0]"
    return [f"    if {' and '.join(plain)}: return forward({arguments}){taken}"]


def _source_of_sequence(operation: Operation) -> str:
    """The text of a call whose first argument is a list of Tensors; what is recorded goes the general way."""
    names = _in_text(operation)
    arguments = ", ".join(names)
    general = f"return general({arguments})"
    lines = [
        f"def call({arguments}):",
        "now = mode.__dict__",
        "recording = now['recording']",
        "results, dtype0 = [], None",
        f"for each in {names[0]}:",
        f"    if not isinstance(each, Tensor): {general}",
        "    x0 = each._array",
        "    if dtype0 is None: dtype0 = x0.dtype",
        f"    elif x0.dtype is not dtype0: {general}",
        f"    if recording and (each._requires_grad or each._view is not None): {general}",
        "    results.append(x0)",
        f"if dtype0 is None: {general}",
        *_computed(operation, ", ".join(["results", *names[1:]])),
        "out = new(Tensor)",
        "out._array = result",
        "out._edge = out._grad = out._hooks = None",
        "out._requires_grad = False",
        *_plain_marks(recorded=False),
        "return out",
    ]
    return _text(lines)


def _computed(operation: Operation, arrays: str) -> list[str]:
    """Calls the function, and takes its results apart."""
    if operation.view and runs_anywhere(operation.forward) and not _views_observed:
        # No view of ours computes anything that NumPy could complain of.
        call = f"forward({arrays})"
    else:
        call = f"now[{'run' if runs_anywhere(operation.forward) else 'apart'!r}](forward, {arrays})"
    first, *rest = _results(operation)
    found = "found" if rest else first
    lines = ["try:", f"    {found} = {call}", "except Exception as error:"]
    lines.append(f"    {found} = retried(error, operation, [{arrays}])")
    if rest:
        lines.append(f"{first}, {', '.join(rest)} = found")
    if operation.outputs == "list":
        return lines
    for each in (first, *_others(operation)):
        lines += _as_array(each)
    return lines


def _as_array(name: str) -> list[str]:
    return [
        f"if {name}.__class__ is not ndarray:",
        f"    {name} = asarray({name}) if isinstance({name}, generic) else as_array(operation, {name})",
    ]


def _results(operation: Operation) -> list[str]:
    """The names of what the function returns, in the texts."""
    if operation.outputs == "list":
        return ["results"]
    return ["result", *[f"kept{number}" for number in range(len(operation.residuals))]]


def _others(operation: Operation) -> list[str]:
    """The names of those residuals that the caller gets too."""
    return [] if operation.outputs in (None, "list") else _results(operation)[1 : int(operation.outputs)]


def _listed(operation: Operation, placed: Sequence[str], recorded: bool) -> list[str]:
    """Wraps a list of outputs; `placed` puts each in its place in the graph."""
    before, each = _view_marks(operation, recorded) if operation.view else ([], _plain_marks(recorded))
    body = [*_as_array("result"), "out = new(Tensor)", "out._array = result", "out._grad = out._hooks = None"]
    body += [*placed, *each, "outs.append(out)"]
    lines = [*before, "outs = []", "for number, result in enumerate(results):", *[f"    {line}" for line in body]]
    return lines if recorded else [*lines, "return tuple(outs)"]


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
            f"    try: x{number} = now['run'](array, {name}, dtype0)",
            f"    except Exception: {general}",
        ]
        tensor += [f"    needs{number} = False"] if differentiable else []
        return [*tensor, f"else: {general}"]
    tensor += ["else:", f"    x{number} = {name}"]
    return [*tensor, f"    needs{number} = False"] if differentiable else tensor


def _marked(operation: Operation, recorded: bool) -> list[str]:
    """Gives the output its storage, and a view the way it came about."""
    if not operation.view:
        return _plain_marks(recorded)
    before, each = _view_marks(operation, recorded)
    return [*before, *each]


def _plain_marks(recorded: bool) -> list[str]:
    storage = "None" if recorded else "None if recording else INFERENCE if now['inference'] else None"
    return [f"out._storage = {storage}", "out._view = None"]


def _view_marks(operation: Operation, recorded: bool) -> tuple[list[str], list[str]]:
    """What is the same for all views that a call makes, and what marks each."""
    first, *rest = _in_text(operation)
    several = operation.outputs == "list"
    ordinary = "'multiple'" if several else "''"
    before = [
        f"storage = {first}._storage",
        "if storage is None:",
        f"    storage = {first}._storage = Storage()",
        "    version = storage.version = 0",
        "else: version = 0 if storage is INFERENCE else storage.version",
        # Without recording nothing will be told again: a chain of views need not be kept.
        f"parent = {first}" + ("" if recorded else f" if recording or {first}._view is None else {first}._view.parent"),
        f"origin = {ordinary}"
        + ("" if recorded else " if recording else 'inference' if now['inference'] else 'no_grad'"),
    ]
    each = [
        "out._storage = storage",
        "view = out._view = View()",
        "view.parent = parent",
        "view.form = parent._array",
        "view.operation = operation",
        f"view.arguments = ({''.join(f'{name}, ' for name in rest)})",
        f"view.output = {'number' if several else None}",
        "view.origin = origin",
        "view.version = version",
    ]
    return before, each


def _recorder(operation: Operation, plan: Plan) -> str:
    """The text that records a call: node, edges, what the formulas ask for, and its versions."""
    names = _in_text(operation)
    needed = {number for number, position in operation.positions.items() if plan.mask >> position & 1}
    arrays = [f"x{number}" for number in range(len(names))]
    several = operation.outputs == "list"
    lines = [
        f"def record({', '.join([*names, *arrays, *_results(operation)])}, recording):",
        "node = node_class()",
    ]
    edges = []
    for number in operation.positions:
        if number in needed:
            lines.append(f"edge{number} = {names[number]}._edge")
            lines.append(f"if edge{number} is None: edge{number} = {names[number]}")
            edges.append(f"edge{number}, ")
        else:
            edges.append("None, ")
    lines.append(f"node.edges = ({''.join(edges)})")
    if several:
        lines += _listed(operation, ["out._edge = (node, number)", "out._requires_grad = True"], recorded=True)
        lines.append("results = [each._array for each in outs]")
    else:
        lines += ["out = new(Tensor)", "out._array = result", "out._grad = out._hooks = None"]
        lines += ["out._edge = (node, 0)", "out._requires_grad = True", *_marked(operation, recorded=True)]
        lines += [f"other_{each} = wrap({each})" for each in _others(operation)]
    lines += _guarded(operation, plan, needed)
    values = [*arrays, *_results(operation)]
    values += [f"{values[n]}.shape" if n == 0 else f"shape_of({values[n]})" for n in operation.shapes]
    saved = ", ".join(value if keep else "None" for value, keep in zip(values, plan.kept, strict=True))
    lines += [
        f"node.saved = ({saved},)",
        "node.plan = plan",
        f"node.outputs = {'len(outs)' if several else None}",
        f"node.shape = {'[each.shape for each in results]' if several else 'result.shape'}",
        f"node.dtype = {'[each.dtype for each in results]' if several else 'result.dtype'}",
        "node.sequence = next(sequence)",
        "if recording is not True: recording(node)",
    ]
    outputs = ["out", *[f"other_{each}" for each in _others(operation)]]
    lines.append("return tuple(outs)" if several else f"return {', '.join(outputs)}")
    return _text(lines)


def _guarded(operation: Operation, plan: Plan, needed: set[int]) -> list[str]:
    """The versions of what is kept, to notice writes to it before backward. The order is that of `plan.guarded`."""
    names = _in_text(operation)
    count = len(names)
    lines = ["guards = ()"]
    sure: list[int] = []

    def add_sure() -> None:
        if sure:
            lines.append(f"guards += ({''.join(f'guard{n}, guard{n}.version, {n}, ' for n in sure)})")
            sure.clear()

    for number in plan.guarded:
        if number == count and operation.outputs == "list":
            add_sure()
            lines.append(f"guards += guards_of(outs, {number})")
            continue
        tensor = "out" if number == count else names[number]
        make = [
            f"guard{number} = {tensor}._storage",
            f"if guard{number} is None:",
            f"    guard{number} = {tensor}._storage = Storage()",
            f"    guard{number}.version = 0",
        ]
        if number == count or number in needed or number == 0:
            lines += make
            sure.append(number)
            continue
        add_sure()
        lines.append(f"if isinstance({tensor}, Tensor):")
        lines += [f"    {line}" for line in make]
        lines.append(f"    guards += (guard{number}, guard{number}.version, {number})")
        lines.append(f"elif {tensor}.__class__ in SEQUENCES: guards += guards_of({tensor}, {number})")
    add_sure()
    # The caller may write into other outputs, which formulas may ask for as residuals.
    for number, each in enumerate(_others(operation), count + 1):
        if plan.kept[number]:
            lines.append(f"guards += guards_of(other_{each}, {number})")
    return [*lines, "node.guards = guards"]


def formulas(operation: Operation, plan: Plan) -> Callable[..., Any]:
    """The gradients of a plan from what its node kept: `run(node, gradient) -> list`."""
    lines = [
        "def run(node, gradient):",
        "saved = node.saved",
        "if saved is None: raise RuntimeError(FREED)",
        "guards = node.guards",
        "if guards:",
        "    for at in range(0, len(guards), 3):",
        "        if guards[at].version != guards[at + 1]: node.modified(*guards[at : at + 3])",
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
