"""A function's keyword-only parameters as hyperparameters: name, type and default, and values checked against them."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from framework.errors import UserError, did_you_mean, listed

__all__ = ["REQUIRED", "Hyperparameter", "check_values", "flag", "hyperparameters_of", "json_value"]

TYPES = (bool, int, float, str, Path)
ACCEPTED: dict[type, tuple[type, ...]] = {float: (int, float), Path: (str, Path)}
"""What will do for a type, and is turned into it."""


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = _Required()
"""The default of a hyperparameter that has none."""

RESERVED = {
    "seed": "the framework seeds before it calls the recipe (--seed on the command line, build(…, seed=) here)",
}


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter. `type` is bool, int, float, str or Path; `optional` when None will do as well."""

    name: str
    type: type
    default: Any = REQUIRED
    choices: tuple[Any, ...] = ()
    optional: bool = False

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, or None."""
        if value is None and self.optional:
            return None
        if self.choices:
            if value in self.choices:
                return None
            return f"{self.name} must be one of {', '.join(map(repr, self.choices))}, not {value!r}."
        fits = isinstance(value, ACCEPTED.get(self.type, self.type))
        if fits and isinstance(value, bool) == (self.type is bool):
            if self.type is float and not _is_finite(value):
                return f"{self.name} must be a finite number, not {value}: JSON, in which a run keeps it, has no other."
            return None
        return f"{self.name} must be of type {self.type.__name__}, not {value!r}."


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def hyperparameters_of(function: Callable[..., Any]) -> dict[str, Hyperparameter]:
    """The keyword-only parameters of a recipe; UserError, with every problem of the signature at once."""
    try:
        parameters = inspect.signature(function, eval_str=True).parameters.values()
    except NameError as error:
        raise UserError(
            f"The annotations of {function.__name__}() name {error.name!r}, which is not imported."
        ) from error
    found, wrong = {}, []
    for parameter in parameters:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            wrong.append(f"{parameter} is not keyword-only: write the star first, {function.__name__}(*, {parameter}).")
        elif parameter.name in RESERVED:
            wrong.append(f"{parameter.name} cannot be a hyperparameter: {RESERVED[parameter.name]}.")
        else:
            made = _hyperparameter(parameter)
            if isinstance(made, str):
                wrong.append(made)
            else:
                found[parameter.name] = made
    if wrong:
        raise UserError(f"The parameters of {function.__name__}() cannot be hyperparameters:" + listed(wrong))
    return found


def _hyperparameter(parameter: inspect.Parameter) -> Hyperparameter | str:
    """The hyperparameter that a parameter is, or what is wrong with it."""
    name, annotation = parameter.name, parameter.annotation
    default = REQUIRED if parameter.default is parameter.empty else parameter.default
    if annotation is parameter.empty:
        if default is REQUIRED:
            return f"{name} has neither a type nor a default: write {name}: float = 0.1, say."
        annotation = type(default)
    kind, optional = annotation, False
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [each for each in typing.get_args(annotation) if each is not type(None)]
        optional = len(members) < len(typing.get_args(annotation))
        kind = members[0] if len(members) == 1 else annotation
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    kind = type(choices[0]) if choices else kind
    if kind not in TYPES:
        allowed = ", ".join(each.__name__ for each in TYPES)
        return f"{name} is of type {_type_name(annotation)}; it must be {allowed} or a Literal."
    made = Hyperparameter(name, kind, default, choices, optional)
    problem = None if default is REQUIRED else made.problem(default)
    return f"the default of {problem}" if problem else made


def check_values(function: str, known: Mapping[str, Hyperparameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """All hyperparameters of `function`, given or default; UserError, with every problem at once."""
    wrong = [f"there is no hyperparameter {name!r}.{did_you_mean(name, known)}" for name in given if name not in known]
    values = {}
    for name, hyperparameter in known.items():
        value = given.get(name, hyperparameter.default)
        problem = f"{name} is required." if value is REQUIRED else hyperparameter.problem(value)
        if problem:
            wrong.append(problem)
        elif hyperparameter.type in ACCEPTED and not hyperparameter.choices and value is not None:
            value = hyperparameter.type(value)
        values[name] = value
    if wrong:
        raise UserError(f"{function}() cannot be called so:" + listed(wrong))
    return values


def flag(name: str) -> str:
    """`batch_size` is `--batch-size` on the command line."""
    return "--" + name.replace("_", "-")


def json_value(value: Any) -> Any:
    """A value as JSON can hold it: a path as text."""
    return str(value) if isinstance(value, Path) else value


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
