"""Runs small programs and gives what they print, with torch or with the framework as `torch`.

`make_transcripts.py` runs them with torch and keeps the texts; the tests run them again here.
"""

import contextlib
import importlib
import io
import types
import warnings
from typing import Any


def namespace(torch: types.ModuleType) -> dict[str, Any]:
    """What every program finds defined."""
    return {
        "__name__": "program",
        "torch": torch,
        "nn": torch.nn,
        "F": torch.nn.functional,
        "optim": torch.optim,
        "data": torch.utils.data,
        "attempt": attempt,
        "refused": refused,
        "values": values,
        "room": lambda *names: _room(torch, names),
    }


def run(program: str, torch: types.ModuleType) -> str:
    """The text that a program prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(program, "<program>", "exec"), namespace(torch))
        for warning in caught:
            # Where in PyTorch's source it arose says nothing here.
            text = str(warning.message).partition(" (Triggered internally at")[0]
            print(f"{warning.category.__name__}: {text}")
    return out.getvalue()


def _room(torch: types.ModuleType, names: tuple[str, ...]) -> types.ModuleType:
    """The first of some submodules that is there: PyTorch hides one, and calls another otherwise."""
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(f"{torch.__name__}.{name}")
    raise ModuleNotFoundError(names)


def attempt(function: Any, *args: Any, **kwargs: Any) -> None:
    """Print a result, or the exception in its place."""
    try:
        print(function(*args, **kwargs))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


def refused(function: Any, *args: Any, **kwargs: Any) -> None:
    """Print an exception's type alone, where its text names a module's path."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        print(type(error).__name__)
    else:
        print("not refused")


def values(tensor: Any) -> None:
    """Print every digit of a tensor."""
    print(str(tensor.dtype), list(tensor.shape), tensor.detach().numpy().ravel().tolist())
