"""`operation`: a NumPy function and its derivatives become one function over arrays and Tensors.

    exp = operation(np.exp, input=lambda g, out: g * out)

Called with arrays, `exp` is the NumPy function; called with Tensors, it records. A derivative's parameter names say
what is kept for it: an input's name keeps that array, `<input>_shape` its shape alone, `out` the output, a residual's
name that residual, another argument's name its value. Nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import in_dtype
from framework.autograd.operation_node import Derivative, OperationNode, Plan

Promotion = Literal["common", "float", "same"] | None

registry: dict[str, Operation] = {}
"""Every operation by its name."""


class Operation:
    """A function over arrays and Tensors whose derivatives are known. `operation` makes it."""

    def __init__(
        self,
        forward: Callable[..., Any],
        name: str,
        parameters: tuple[str, ...],
        defaults: tuple[Any, ...],
        promote: Promotion,
        residuals: Mapping[str, Callable[..., Any] | None],
        outputs: int | Literal["list"] | None,
        view: bool,
        sequence: bool,
        backward_name: str | None,
        tensors: Sequence[str],
        materialize: bool,
    ) -> None:
        self.forward = forward
        self.name = self.__name__ = name
        self.__doc__ = forward.__doc__ if not isinstance(forward, np.ufunc) else None
        self.parameters = parameters
        self.defaults = defaults
        self.promote = promote
        self.outputs = outputs
        self.view = view
        self.sequence = sequence
        # PyTorch's name of the function, where it follows neither from the name nor from the node's.
        self.public_name = ""
        self.materialize = materialize
        self.tensors = tuple(parameters.index(each) for each in tensors)
        self.residuals = tuple(residuals)
        # Values of a call, in order: the arguments, the output, the residuals, then shapes that a formula asks for.
        self.values = [*parameters, "out", *self.residuals]
        self.shapes: list[int] = []
        self.recompute = [(self.values.index(key), f) for key, f in residuals.items() if f is not None]
        self.derivatives: list[Derivative] = []
        self.positions: dict[int, int] = {}
        self.promoted: tuple[int, ...] = tuple(range(len(parameters))) if isinstance(forward, np.ufunc) else ()
        self.plans: dict[int, Plan] = {}
        title = backward_name or "".join(part.title() for part in name.split("_")) + "Backward0"
        self.node_class: Any = type(title, (OperationNode,), {"__slots__": (), "operation": self})
        self.function: Callable[..., Any] = calls.general(self)

    def derivative(self, *inputs: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares the formula for the gradients of `inputs`: one gradient, or a tuple of them for several."""

        def declare(formula: Callable[..., Any]) -> Callable[..., Any]:
            self.add_derivative(formula, *inputs)
            return formula

        return declare

    def add_derivative(self, formula: Callable[..., Any], *inputs: str) -> None:
        """`derivative` as a plain call."""
        row = Derivative(formula, inputs)
        for each in inputs:
            if each not in self.parameters:
                raise TypeError(
                    f"operation {self.name!r} has no input {each!r} to differentiate by; "
                    f"its parameters are {', '.join(self.parameters)}"
                )
        numbers = {*self.positions, *(self.parameters.index(each) for each in inputs)}
        self.positions = {number: position for position, number in enumerate(sorted(numbers))}
        self.promoted = tuple(sorted({*self.promoted, *self.positions}))
        takes = []
        for each in row.names:
            if each not in self.values:
                base = each.removesuffix("_shape")
                if base == each or base not in self.values:
                    raise TypeError(
                        f"the derivative of operation {self.name!r} for {', '.join(inputs)} asks for {each!r}, which "
                        f"is none of: {', '.join(self.values)}, <input>_shape"
                    )
                self.shapes.append(self.values.index(base))
                self.values.append(each)
            takes.append(self.values.index(each))
        row.takes = tuple(takes)
        self.derivatives.append(row)
        self.plans.clear()
        self.function = calls.quickest(self)
        self.__class__ = Operation

    def plan(self, mask: int) -> Plan:
        """The plan for the inputs whose bits are set."""
        if mask not in self.plans:
            rows = []
            taken: set[int] = set()
            for row in self.derivatives:
                positions = tuple(self.positions[self.parameters.index(each)] for each in row.inputs)
                if any(mask >> each & 1 for each in positions):
                    rows.append((row, positions))
                    taken.update(row.takes)
            for number, recompute in self.recompute:
                if number in taken:
                    names = recompute.__code__.co_varnames[: recompute.__code__.co_argcount]
                    taken.update(self.values.index(each) for each in names)
            kept = tuple(number in taken for number in range(len(self.values)))
            guarded = sorted(
                [number for number in taken if number <= len(self.parameters)], key=self._checked_order(mask)
            )
            count = len(self.parameters) + 1
            numbers = self.promoted if self.promote is not None else ()
            values = any(kept[number] for number in (*numbers, *range(count, count + len(self.residuals))))
            plan = self.plans[mask] = Plan(mask, kept, tuple(guarded), values, tuple(rows))
            if not self.sequence and self.outputs != "list":
                plan.run = straight.formulas(self, plan)
        return self.plans[mask]

    def _checked_order(self, mask: int) -> Callable[[int], tuple[bool, str]]:
        """The order in which versions of what was kept are looked at: PyTorch's, by its names for the values."""
        count = len(self.parameters)
        names = {0: "self", count: "result"}
        sure = {0, count, *[number for number, position in self.positions.items() if mask >> position & 1]}
        return lambda number: (number not in sure, names.get(number, self.values[number]))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # From the next call on Python finds the function in the class itself, for a quarter of a microsecond less.
        own = {"__slots__": (), "__module__": __name__, "__call__": staticmethod(self.function)}
        self.__class__ = type("Operation", (Operation,), own)
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.parameters)})>"

    def raw(self, values: list[Any]) -> Any:
        """The call on arrays alone: plain NumPy, nothing recorded."""
        first = values[0]
        given = first if self.sequence else values
        if not hasattr(first, "dtype") and not any([hasattr(each, "dtype") for each in given]):
            own = getattr(first, "__torch_function__", None)
            if own is not None:
                return own(self, (type(first),), tuple(values), {})
            raise TypeError(
                f"{self.name}(): argument '{self.parameters[0]}' (position 1) must be Tensor, not {type(first).__name__}"
            )
        if self.promote == "float" and getattr(first, "dtype", None) is not None and first.dtype.kind != "f":
            self.promote_values(values)
        result = self.forward(*values)
        if self.residuals:
            return result[: self.outputs] if self.outputs else result[0]
        return result

    def promote_values(self, values: list[Any]) -> None:
        """Brings the inputs to one type by PyTorch's rules, in place in `values`."""
        if self.sequence:
            values[0] = self.promoted_together(values[0])
            return
        required = isinstance(self.forward, np.ufunc)
        numbers = [each for each in self.promoted if required or values[each] is not None]
        for number, each in zip(numbers, self.promoted_together([values[i] for i in numbers]), strict=True):
            values[number] = each

    def promoted_together(self, operands: list[Any]) -> list[Any]:
        """The operands as arrays of one type."""
        operands = [each.item() if isinstance(each, np.generic) else each for each in operands]
        for each in operands:
            if not isinstance(each, (bool, int, float)) and not hasattr(each, "dtype"):
                raise TypeError(
                    f"{self.name}(): argument '{self.parameters[1 if len(operands) > 1 else 0]}' must be Tensor or "
                    f"number, not {type(each).__name__}"
                )
        if self.promote == "same":
            target = _same_dtype(self.name, operands)
        else:
            target = dtypes.result_dtype(operands)
            if self.promote == "float" and target.kind != "f":
                target = dtypes.get_default_dtype().dtype
        return [cast(each, target) for each in operands]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position, defaults filled in; `axis` and `keepdims` stand for `dim` and `keepdim`."""
        parameters = self.parameters
        if len(args) > len(parameters):
            raise TypeError(f"{self.name}() takes {len(parameters)} positional arguments but {len(args)} were given")
        bound = list(args)
        for alias, name in (("axis", "dim"), ("keepdims", "keepdim")):
            if alias in kwargs and name in parameters:
                kwargs[name] = kwargs.pop(alias)
        first_default = len(parameters) - len(self.defaults)
        for number in range(len(args), len(parameters)):
            if parameters[number] in kwargs:
                bound.append(kwargs.pop(parameters[number]))
            elif number >= first_default:
                bound.append(self.defaults[number - first_default])
            else:
                raise TypeError(f'{self.name}() missing 1 required positional arguments: "{parameters[number]}"')
        if kwargs:
            raise TypeError(f"{self.name}() got an unexpected keyword argument '{next(iter(kwargs))}'")
        return tuple(bound)


@overload
def operation(forward: Callable[..., Any], /, **options: Any) -> Operation: ...


@overload
def operation(**options: Any) -> Callable[[Callable[..., Any]], Operation]: ...


def operation(
    forward: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    numpy: Mapping[Any, Callable[..., Any]] | None = None,
    promote: Promotion | Literal["auto"] = "auto",
    promoted: Sequence[str] = (),
    residuals: Mapping[str, Callable[..., Any] | None] | Sequence[str] = (),
    outputs: int | Literal["list"] | None = None,
    view: bool = False,
    sequence: bool = False,
    grad_fn: str | None = None,
    tensors: Sequence[str] = (),
    materialize: bool = True,
    **derivatives: Callable[..., Any],
) -> Any:
    """Makes an operation of a NumPy function; also a decorator.

    forward: a ufunc, or a function of arrays whose parameters are the operation's.
    derivatives: a formula `(g, …) -> gradient` for each differentiable input, under the input's name.
    name: the operation's name, if it is not the function's. grad_fn: the node's, if it does not follow from it.
    numpy: NumPy functions that mean this operation, each with an adapter from NumPy's arguments to ours.
    promote: "common" brings the inputs to one type by PyTorch's rules (what a ufunc does if nothing is said),
    "float" makes that a floating-point type, "same" demands one type, None leaves them alone.
    promoted: parameters without a derivative that meet the inputs in one type too.
    residuals: names of further results of `forward`, for formulas to ask for. One that depends differentiably on the
    inputs comes with the pure function (its parameters named as values of the call) that computes it.
    outputs: how many of `forward`'s results the caller gets, if more than one; "list" if their number varies.
    view: the output shares the memory of the first input. sequence: the first parameter is a list of inputs.
    tensors: parameters for which PyTorch takes no Python number, though NumPy does.
    materialize: of several outputs, those that no gradient arrives at have zeros for it; if not, None.
    """
    if forward is None:

        def decorate(function: Callable[..., Any]) -> Operation:
            made = operation(
                function,
                name=name,
                numpy=numpy,
                promote=promote,
                promoted=promoted,
                residuals=residuals,
                outputs=outputs,
                view=view,
                sequence=sequence,
                grad_fn=grad_fn,
                tensors=tensors,
                materialize=materialize,
                **derivatives,
            )
            assert isinstance(made, Operation)
            return made

        return decorate
    is_ufunc = isinstance(forward, np.ufunc)
    if isinstance(forward, np.ufunc):
        parameters: tuple[str, ...] = ("input", "other")[: forward.nin]
        defaults: tuple[Any, ...] = ()
    else:
        parameters = forward.__code__.co_varnames[: forward.__code__.co_argcount]
        defaults = forward.__defaults__ or ()
    made = Operation(
        forward,
        name or forward.__name__.strip("_"),
        parameters,
        defaults,
        ("common" if is_ufunc else None) if promote == "auto" else promote,
        residuals if isinstance(residuals, Mapping) else dict.fromkeys(residuals),
        outputs,
        view,
        sequence,
        grad_fn,
        tensors,
        materialize,
    )
    made.promoted = tuple(sorted({*made.promoted, *(parameters.index(each) for each in promoted)}))
    for each, formula in derivatives.items():
        made.add_derivative(formula, each)
    if isinstance(forward, np.ufunc):
        protocol.stands_for(forward, made)
    for function, adapter in (numpy or {}).items():
        protocol.register(function, adapter)
    made.function = calls.quickest(made)
    registry.setdefault(made.name, made)
    return made


def cast(value: Any, target: np.dtype[Any]) -> Any:
    """An array or a Python number as an array of a type. A number that does not fit wraps, as in PyTorch."""
    if isinstance(value, (bool, int, float)):
        try:
            return np.array(value, target)
        except OverflowError:
            return np.array(value).astype(target)
    return value if value.dtype == target else in_dtype(value, target)


def _same_dtype(name: str, operands: list[Any]) -> np.dtype[Any]:
    found = [each.dtype for each in operands]
    for each in found[1:]:
        if each != found[0]:
            raise RuntimeError(
                f"expected m1 and m2 to have the same dtype, but got: {dtypes.c_name(found[0])} != {dtypes.c_name(each)} (in {name}; "
                "convert one with .to(dtype))"
            )
    return found[0]


# Last, since they need what is above.
from framework.autograd import calls, protocol, straight  # noqa: E402

__all__ = ["Operation", "cast", "operation", "registry"]
