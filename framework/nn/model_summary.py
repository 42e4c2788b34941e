"""`summary(model, input_shape)`: a model's layers with the shapes they give, their parameters and the memory for them.

>>> print(framework.summary(nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 1)), (32, 30)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from framework.autograd import Tensor, dtype, no_grad
from framework.nn.module import Module
from framework.nn.parameter import Parameter, is_lazy
from framework.operations import ones
from framework.random import get_rng_state, set_rng_state

__all__ = ["Row", "Summary", "summary", "summary_of"]


@dataclass(frozen=True)
class Row:
    """One module: its dotted name ("" for the model), its class, and what is its own alone.

    `shapes` are those of the tensors that it gave when it was first called; None if it never was. A parameter counts
    in the first row that has it.
    """

    name: str
    kind: str
    shapes: tuple[tuple[int, ...], ...] | None
    parameters: int
    trainable: int
    output_bytes: int


@dataclass(frozen=True)
class Summary:
    """A model's rows, in the order of its modules, and what they sum up to. Prints as a table."""

    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    parameter_bytes: int
    buffer_bytes: int
    output_bytes: int

    def __repr__(self) -> str:
        table = [("Layer", "Output shape", "Parameters"), *map(_cells, self.rows)]
        widths = [max(len(cells[column]) for cells in table) for column in range(3)]
        lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in table]
        rule = "-" * max(map(len, lines))
        fixed = self.parameters - self.trainable
        return "\n".join(
            [
                lines[0],
                rule,
                *lines[1:],
                rule,
                f"Parameters: {self.parameters:,}" + (f", of which {fixed:,} are not trainable" if fixed else ""),
                f"Memory: parameters {_megabytes(self.parameter_bytes)}, buffers {_megabytes(self.buffer_bytes)}, "
                f"outputs {_megabytes(self.output_bytes)}",
            ]
        )


def summary(model: Module, input_shape: Any, *, dtype: dtype | None = None) -> Summary:
    """What the layers of a model are, for inputs of a shape, the batch's size included.

    Several inputs are given as a list of shapes; a tensor stands for itself. Inputs made here are ones, of the type
    of the model's first parameter unless `dtype` is given. One forward pass runs, in the model's present mode and
    without gradients; it leaves the model and the random numbers as they were. Raises RuntimeError for a model with
    lazy modules, which would not stay as they are.
    """
    tensors = [*model.parameters(), *model.buffers()]
    if any([is_lazy(tensor) for tensor in tensors]):
        raise RuntimeError(
            "summary leaves a model as it is, and the first input changes lazy modules: call the model once, then ask "
            "for its summary."
        )
    if dtype is None:
        dtype = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None)
    inputs = [each if isinstance(each, Tensor) else ones(each, dtype=dtype) for each in _several(input_shape)]
    return summary_of(model, lambda: model(*inputs))


def summary_of(model: Module, call: Callable[[], object]) -> Summary:
    """The same from `call`, which runs the model in whatever way; what it does not call has no shapes."""
    with _as_it_was(model), _watched(model) as outputs, no_grad():
        call()
    rows = tuple(_rows(model, outputs))
    unique = list(model.parameters())
    return Summary(
        rows,
        parameters=sum(row.parameters for row in rows),
        trainable=sum(row.trainable for row in rows),
        parameter_bytes=sum(parameter.nbytes for parameter in unique),
        buffer_bytes=sum(buffer.nbytes for buffer in model.buffers()),
        output_bytes=sum(row.output_bytes for row in rows),
    )


def _several(given: Any) -> list[Any]:
    """The inputs: one shape or tensor is one of them."""
    if isinstance(given, Tensor) or all([isinstance(each, int) for each in given]):
        return [given]
    return list(given)


@contextmanager
def _as_it_was(model: Module) -> Iterator[None]:
    """Has a forward pass write to copies of the model's tensors, and puts its attributes and random numbers back."""
    state = get_rng_state()
    copies: dict[Tensor, Tensor] = {}
    held: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for module in model.modules():
        held.append((module.__dict__, dict(module.__dict__)))
        # A program would not call hooks that came after it.
        module.__dict__.pop("_compiled_call_impl", None)
        for tensors in (module.__dict__["_parameters"], module.__dict__["_buffers"]):
            held.append((tensors, dict(tensors)))
            for name, tensor in tensors.items():
                if tensor is not None:
                    tensors[name] = copies.setdefault(tensor, _copy(tensor))
    try:
        yield
    finally:
        for tensors, before in held:
            tensors.clear()
            tensors.update(before)
        set_rng_state(state)


def _copy(tensor: Tensor) -> Tensor:
    copied = tensor.detach().clone()
    return Parameter(copied, tensor.requires_grad) if isinstance(tensor, Parameter) else copied


@contextmanager
def _watched(model: Module) -> Iterator[dict[Module, Any]]:
    """Collects what each module gives at its first call."""
    outputs: dict[Module, Any] = {}

    def collect(module: Module, args: Any, output: Any) -> None:
        outputs.setdefault(module, [(tuple(each.shape), each.nbytes) for each in _tensors(output)])

    handles = [module.register_forward_hook(collect) for module in model.modules()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict):
        yield from _tensors(list(output.values()))
    elif isinstance(output, list | tuple):
        for each in output:
            yield from _tensors(each)


def _rows(model: Module, outputs: dict[Module, Any]) -> Iterator[Row]:
    counted: set[Tensor] = set()
    for name, module in model.named_modules():
        own = [each for each in module._parameters.values() if each is not None and each not in counted]
        counted.update(own)
        given = outputs.get(module)
        # What a module made of others gives is what one of them gave.
        leaf = next(module.children(), None) is None
        yield Row(
            name,
            type(module).__name__,
            None if given is None else tuple(shape for shape, _ in given),
            sum(parameter.numel() for parameter in set(own)),
            sum(parameter.numel() for parameter in set(own) if parameter.requires_grad),
            sum(size for _, size in given or ()) if leaf else 0,
        )


def _cells(row: Row) -> tuple[str, str, str]:
    depth = row.name.count(".") + 1 if row.name else 0
    title = f"{row.name.rpartition('.')[2]}: {row.kind}" if row.name else row.kind
    shapes = "" if row.shapes is None else ", ".join(map(str, row.shapes))
    return "  " * depth + title, shapes, f"{row.parameters:,}" if row.parameters else ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e4 else f"{size} bytes"
