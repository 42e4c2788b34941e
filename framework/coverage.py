"""Knows PyTorch's public names: which of them are here, and what to say of one that is not.

The names stand in `coverage.txt`, a namespace a line, as PyTorch 2.13 has them; that of `torch` itself is "". A line
with the namespace in brackets has what else can be reached there, which is not counted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from framework.errors import did_you_mean, nearest

__all__ = [
    "Coverage",
    "MissingName",
    "coverage",
    "describe_missing",
    "explain_missing_names",
    "getter",
    "names",
    "namespaces",
    "out_of_scope",
]

_OUT_OF_SCOPE = {
    "complex tensors are out of scope": r"complex|cfloat|cdouble|chalf|^stft$"
    r"|^istft$|^eig$|^eigvals$|^geqrf$|^symeig$",
    "sparse tensors are out of scope": r"sparse|coalesce|crow_|ccol_|^(col|row)_indices|^indices|^values|^to_dense$"
    r"|hspmm|spmm|^smm$|saddmm|sspaddmm|hsmm|dsmm|dense_dim|Sparse|sparse_dim|to_padded_tensor",
    "quantized tensors are out of scope": r"quanti[sz]|fake_quant|^q_|^qscheme$|int_repr|fbgemm|^per_(channel|tensor)|^int[1-7]$"
    r"|^uint[1-7]$|^q?u?int\dx|^bits|^bit$|^float[48]_|grouped_mm|scaled_mm|ScalingType|SwizzleType",
    "there is no TorchScript or other graph of PyTorch's own: framework.compile is the compiler": r"^jit|Script|script"
    r"|^sym_|^Sym|CompilationUnit|import_ir|parse_|_ir$|JITException|^(onnx|package|library|ops|classes|overrides)$|^export$|^fork$|^wait$|^cond$|while_loop"
    r"|unify_type|merge_type|functionalize",
    "tensors live on the CPU": r"cuda|cudnn|miopen|mkldnn|xpu|mps|mtia|ipu|hpu|maia|vulkan|^has_|xla|stream|Stream"
    r"|accelerator|pin_memory|is_pinned|get_device_module|register_package",
    "there is no autocast: call .half() or .float() where you want another precision": r"autocast|GradScaler|custom_[fb]wd",
    "bfloat16 does not exist in NumPy: use float32, or float16 for storage": r"bfloat16|BFloat16",
    "nested and named tensors are out of scope": r"nested|Nested|names|rename|align_|refine_",
    "it is a part of PyTorch's inside, not of its API": r"(?<!narrow)_copy$|^_|DataPipe|datapipe|_notes$|batch_norm_(back|elemt|gather"
    r"|stats|update)|handle_torch_function|has_torch_function|boolean_dispatch|BroadcastingList|TYPE_CHECKING|validation"
    r"|GRID_SAMPLE|hash_tensor|profiler|thread_safe|reproducib|set_override|set_warn|region_activation|resize_as_sparse"
    r"|StorageType|storage_type|storage_to_tensor_type|check_module_version|^mkdtemp$|^skip_data$",
}


class Coverage(NamedTuple):
    """A namespace's names, by whether they are here; `elsewhere` gives the reason for each that will not come."""

    namespace: str
    here: list[str]
    missing: list[str]
    elsewhere: dict[str, str]


def names(namespace: str) -> list[str]:
    """PyTorch's names in a namespace."""
    return _names()[namespace]


@cache
def _names() -> dict[str, list[str]]:
    with open(__file__.removesuffix(".py") + ".txt", encoding="utf-8") as file:
        lines = [line.partition(":") for line in file]
    return {namespace: names.split() for namespace, _, names in lines}


def namespaces() -> list[str]:
    """The namespaces whose names are known: `nn.functional`, `Tensor`, and so on."""
    return [each for each in _names() if not each.startswith("(")]


def coverage(namespace: str) -> Coverage:
    """Which of PyTorch's names in a namespace are here."""
    from framework.autograd.dtypes import Unavailable

    found = Coverage(namespace, [], [], {})
    place = _place(namespace)
    for name in _names()[namespace]:
        if place is not None and hasattr(place, name) and not isinstance(getattr(place, name), Unavailable):
            found.here.append(name)
        elif (reason := out_of_scope(name)) is not None:
            found.elsewhere[name] = reason
        else:
            found.missing.append(name)
    return found


def _place(namespace: str) -> Any:
    """What stands for PyTorch's namespace here, if anything does."""
    if namespace == "Tensor":
        return import_module("framework").Tensor
    try:
        return import_module(f"framework.{namespace}".rstrip("."))
    except ModuleNotFoundError:
        return None


def out_of_scope(name: str) -> str | None:
    """Why one of PyTorch's names will not come; None where nothing speaks against it."""
    return next((reason for reason, pattern in _OUT_OF_SCOPE.items() if re.search(pattern, name)), None)


def describe_missing(namespace: str, name: str) -> str:
    """What to say of a name that a namespace has not: whether PyTorch has it, why it is not here, what is nearest."""
    title = f"torch.{namespace}".rstrip(".")
    place = _place(namespace)
    here = [each for each in dir(place) if each[0] != "_" and _meant(place, each)]
    hint = did_you_mean(name, here) if nearest(name, here) else ""
    if any(name in _names().get(each, ()) for each in (namespace, f"({namespace})")):
        reason = out_of_scope(name)
        return f"PyTorch has {title}.{name}, framework does not{f': {reason}' if reason else ' yet'}.{hint}"
    elsewhere = [each for each in namespaces() if name in _names()[each] and hasattr(_place(each), name)]
    where = f" It is {f'framework.{elsewhere[0]}'.rstrip('.')}.{name}." if elsewhere else ""
    return f"PyTorch's {title} has no such name either.{where or hint}"


def _meant(place: Any, name: str) -> bool:
    """Whether a name may be offered for another: not a module's own submodules, nor a method that is not here."""
    return hasattr(place, name) if isinstance(place, type) else not isinstance(vars(place).get(name), ModuleType)


class MissingName(AttributeError):
    """A name that is not here. What there is to say of it is looked up when somebody reads it: `hasattr` does not."""

    def __init__(self, owner: str, namespace: str, name: str) -> None:
        super().__init__(f"{owner} has no attribute {name!r}")
        self.where = namespace, name

    def __str__(self) -> str:
        return f"{self.args[0]}: {describe_missing(*self.where)}"


def explain_missing_names(module: str) -> None:
    """Makes a module that stands for one of PyTorch's namespaces say what it knows of a name that it has not."""
    vars(sys.modules[module])["__getattr__"] = getter(module.removeprefix("framework."))


def getter(namespace: str) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module that stands for one of PyTorch's namespaces."""
    module = f"framework.{namespace}".rstrip(".")

    def missing(name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise MissingName(f"module {module!r}", namespace, name)

    return missing
