"""PyTorch's `torch.jit` for code that mentions it: its marks do nothing, nor does `script`, since what it gives computes
the same as the Python it was made of; what needs a graph of PyTorch's own says what to use instead."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, Final, NoReturn

__all__ = [
    "Final",
    "ScriptFunction",
    "ScriptModule",
    "annotate",
    "export",
    "ignore",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "load",
    "save",
    "script",
    "script_if_tracing",
    "trace",
    "trace_module",
    "unused",
]


def _refused(name: str) -> NoReturn:
    raise NotImplementedError(
        f"torch.jit.{name}: there is no TorchScript here. Leave it out: the function runs as Python, with the same "
        "results; framework.compile(function) makes a program of it that runs faster"
    )


def script(obj: Any, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None, example_inputs: Any = None) -> Any:
    """The function, class or module itself: it runs as Python, with the same results."""
    return obj


def trace(func: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is no TorchScript."""
    _refused("trace")


def trace_module(mod: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is no TorchScript."""
    _refused("trace_module")


def save(m: Any, f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is no TorchScript."""
    _refused("save")


def load(f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is no TorchScript."""
    _refused("load")


class ScriptModule:
    """What no module here is an instance of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refused("ScriptModule")


class ScriptFunction:
    """What no function here is an instance of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refused("ScriptFunction")


def script_if_tracing(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: nothing is traced for TorchScript."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Marks a function for TorchScript to leave alone; the function itself."""
    return drop if callable(drop) else lambda function: function


def unused(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a function for TorchScript to refuse; the function itself."""
    return fn


def export(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a method for TorchScript to compile; the method itself."""
    return fn


def _overload_method(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Marks one of several signatures of a method; the method itself. Public code uses the name."""
    return fn


_overload = _overload_method


_script_if_tracing = script_if_tracing


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether an object is of a type, of the inside of which (`List[int]`) the container alone is looked at."""
    kinds: Any = target_type if type(target_type) is tuple else (target_type,)
    origins: list[Any] = [typing.get_origin(each) for each in kinds]
    return any(issubclass(type(obj), a or b) for a, b in zip(origins, kinds, strict=True))
