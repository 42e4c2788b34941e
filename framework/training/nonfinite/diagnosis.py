"""Says where nan or infinity came from: which operation, in which module, called on which line, given what.

diagnosis = diagnose(model, lambda: loss(model(x), y), batch=(x, y))
print(diagnosis.text)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.autograd import Tensor, enable_grad
from framework.training.nonfinite.causes import cause
from framework.training.nonfinite.culprit import Call, Watch

__all__ = ["Diagnosis", "diagnose"]


@dataclass
class Diagnosis:
    """What is known of a batch whose loss, or whose gradients, are not finite."""

    loss: float
    parameter: str | None = None
    """The first parameter whose gradient is not finite, where the loss is."""
    gradient: float = 0.0
    call: Call | None = None
    """The operation that is to blame, if one is."""
    causes: tuple[str, ...] = ()
    """Sentences; the first says what it is."""

    @property
    def found(self) -> bool:
        """Whether the loss or a gradient was not finite."""
        return not np.isfinite(self.loss) or self.parameter is not None

    @property
    def operation(self) -> str | None:
        """The name of the operation that is to blame."""
        return None if self.call is None else self.call.name

    @property
    def subject(self) -> str:
        """What is not finite: the loss, or the gradient of a parameter."""
        if self.parameter is None:
            return f"The loss is {self.loss:g}"
        return f"The gradient of {self.parameter!r} is {self.gradient:g}"

    def message(self, place: str) -> str:
        """All of it; `place` says when it happened."""
        aside = "" if self.parameter is None else f" The loss is {self.loss:g}."
        apart = "\n  " if self.call is not None else " "
        return apart.join([f"{self.subject} {place}.{aside}", *[each.replace("\n", "\n  ") for each in self.causes]])

    @property
    def text(self) -> str:
        """All of it, without when it happened."""
        return self.message("in this batch") if self.found else "All is finite: the loss, and every gradient."


def diagnose(
    model: Any,
    compute: Callable[[], Any],
    *,
    batch: Any = (),
    backward: bool = True,
    names: Sequence[str] | None = None,
    loss: Any = None,
) -> Diagnosis:
    """Runs a batch as it is written, forward and backward, and finds the first thing that is not finite.

    `compute()` gives the loss, or a dict that has it as "loss". `names` are those of the input's columns, `loss` the
    loss function, if it is a module. The gradients of the model's parameters are dropped; what else the run changes
    (random numbers drawn, running statistics) is for the caller to put back: see `Rewind`.
    """
    parameters = dict(model.named_parameters())
    for each in parameters.values():
        each._grad = None
    watch = Watch(model, loss)
    given = [*_given(batch, names), *_parts_of(model)]
    with watch, enable_grad():
        outputs = compute()
        value = outputs["loss"] if isinstance(outputs, dict) or hasattr(outputs, "keys") else outputs
        number = value.item()
        if np.isfinite(number) and backward and (not isinstance(value, Tensor) or value.requires_grad):
            value.backward()
    if not np.isfinite(number) and not isinstance(value, Tensor):
        return Diagnosis(number, causes=("It is no tensor: what it comes from cannot be seen.",))
    if not np.isfinite(number):
        call, causes = _of_loss(watch, value._array, given, _samples(batch))
        return Diagnosis(number, call=call, causes=tuple(causes))
    wrong = [(name, each._grad._array) for name, each in parameters.items() if each._grad is not None]
    wrong = [(name, array) for name, array in wrong if not np.isfinite(array).all()]
    for each in parameters.values():
        each._grad = None
    if not wrong:
        return Diagnosis(number)
    name, array = wrong[0]
    first = float(array[~np.isfinite(array)][0])
    call, causes = _of_gradient(watch, _samples(batch), [each for each, _ in wrong[1:]])
    return Diagnosis(number, name, first, call, tuple(causes))


@dataclass
class _Given:
    """Something that was there before the batch ran, and is not finite."""

    array: Any
    what: str
    mask: bool = False


def _of_loss(watch: Watch, loss: Any, given: list[_Given], samples: int) -> tuple[Call | None, list[str]]:
    call, start = watch.forward_culprit(loss), watch.start(loss)
    held = [each for each in given if start is not None and _shares(each.array, start)]
    # An infinity in a buffer may be meant, as in a mask; a nan that was made of it then has its own place.
    if held and (call is None or not held[0].mask):
        return None, [held[0].what]
    if call is not None:
        return call, [each for each in (_told(call, samples), cause(call)) if each]
    last = watch.last_call(loss)
    if last is not None:
        return last, [_was_given(last)]
    if given:
        return None, [given[0].what]
    return None, ["No operation was seen to make it: the loss is a plain number, or comes from a compiled part."]


def _of_gradient(watch: Watch, samples: int, others: list[str]) -> tuple[Call | None, list[str]]:
    more = [f"So {'is that' if len(others) == 1 else 'are those'} of {_listed(others)}."] if others else []
    call = watch.backward_culprit()
    if call is None:
        return None, [*more, "It becomes so large where gradients are added up, or brought to a smaller type."]
    return call, [*more, *[each for each in (_told(call, samples), cause(call)) if each]]


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _told(call: Call, samples: int) -> str:
    what = f"{call.name}()" if call.phase == "forward" else f"the backward of {call.name}()"
    rows = _rows([each for each in call.outputs if each is not None], samples)
    return f"It comes from {what}{rows}{_at(call)}"


def _at(call: Call) -> str:
    """Where an operation was called, to end a sentence with: the line of code stands on a line of its own."""
    place = call.place
    module = f", in {place.module}" if place.module else ""
    return f"{module}, at {place.where}:\n    {place.text}" if place.where else f"{module}."


def _rows(outputs: Sequence[Any], samples: int) -> str:
    """Which rows of the batch are touched, where the first dimension is the batch's."""
    for each in outputs:
        array = np.asarray(each)
        if array.dtype.kind == "f" and array.ndim and len(array) == samples > 1 and not np.isfinite(array).all():
            rows = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))
            if len(rows) == samples:
                return ", in all rows of the batch"
            return f", in row {rows[0]} (from 0) of the batch" + (f" and {len(rows) - 1} more" if len(rows) > 1 else "")
    return ""


def _was_given(call: Call) -> str:
    array = call.spoiled[0] if call.spoiled else None
    if array is None:
        return f"{call.name}() is told to make it{_at(call)}"
    value = array[~np.isfinite(array)].flat[0]
    return (
        f"A tensor of shape {tuple(array.shape)} that is neither the batch's nor the model's, and that no operation made, "
        f"holds {value:g}. It is given to {call.name}(){_at(call)}"
    )


def _shares(one: Any, other: Any) -> bool:
    return (
        one is other
        or np.may_share_memory(one, other)
        or (one.shape == other.shape and np.array_equal(one, other, equal_nan=True))
    )


def _samples(batch: Any) -> int:
    """How many samples a batch has: the length of its first tensor."""
    while isinstance(batch, list | tuple | dict):
        if not batch:
            return 0
        batch = next(iter(batch.values() if isinstance(batch, dict) else batch))
    return len(batch) if isinstance(batch, Tensor) and batch.ndim else 0


def _given(batch: Any, names: Sequence[str] | None) -> Iterator[_Given]:
    for what, part in _tensors(batch):
        values = part.detach().numpy()
        if values.dtype.kind != "f":
            continue
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong) == 0:
            continue
        first = wrong[0]
        column = ""
        if what == "input" and values.ndim == 2:
            column = f" {names[first[1]]!r}" if names and len(names) == values.shape[1] else f" {first[1]} (from 0)"
            column = f", column{column}"
        row = f" in row {first[0]} (from 0)" if len(first) else ""
        yield _Given(values, f"The batch's {what} holds {values[tuple(first)]}{row}{column}: {len(wrong):,} in all.")


def _tensors(batch: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a batch, and what each is called."""
    if isinstance(batch, dict):
        yield from [(repr(name), part) for name, part in batch.items() if isinstance(part, Tensor)]
        return
    parts = list(batch) if isinstance(batch, list | tuple) else [batch]
    for position, part in enumerate(parts):
        what = "target" if position == len(parts) - 1 and position > 0 else "input"
        if isinstance(part, Tensor):
            yield what, part
        elif isinstance(part, list | tuple | dict):
            yield from [(what, each) for _, each in _tensors(part)]


def _parts_of(model: Any) -> Iterator[_Given]:
    for what, named in (("parameter", model.named_parameters()), ("buffer", model.named_buffers())):
        for name, value in named:
            array = value.detach().numpy()
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                mask = what == "buffer" and bool((np.isfinite(array) | np.isneginf(array)).all())
                yield _Given(array, f"The {what} {name!r} is not finite.", mask)
