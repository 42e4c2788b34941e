"""What the names in PyTorch's files stand for here: a closed list. Whatever else a file names is refused, by name."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np

from framework.autograd import Size, Tensor, device, dtypes
from framework.autograd.size import channels_last, contiguous_format, preserve_format
from framework.nn.parameter import Buffer, Parameter
from framework.operations import tensor_types
from framework.operations.storage import TypedStorage
from framework.serialization import numpy_values
from framework.serialization.errors import LoadError, shown
from framework.serialization.pickle_reading import Call, Names
from framework.serialization.rebuilding import BFLOAT16, TENSOR_CALLS, empty_tensor, set_old_state
from framework.serialization.storages import STORAGE_TYPES, Memory, element_type
from framework.serialization.trust import trusted
from framework.serialization.values import (
    bytes_of,
    complex_of,
    defaultdict_of,
    device_of,
    encoded,
    hashed_of,
    layout_of,
    mapping_of,
    no_call,
    reconstructed_of,
    size_of,
)

__all__ = ["NAMES", "is_known"]


def find(module: str, name: str) -> Any:
    """What a name stands for: a `Call`, or a plain value such as a dtype. LoadError for all that is not known here."""
    full = _today(module, name)
    found = _KNOWN.get(full)
    if found is None and module.split(".")[0] == "torch" and name.endswith("Storage"):
        found = STORAGE_TYPES.get(name)
    if found is None:
        found = trusted().get(full)
        if full.split(".")[0] in _NEVER:
            found = None
    if found is None:
        kind = element_type(name) if module == "torch" else None
        raise LoadError(f"it holds {full}: {kind.refused}" if kind is not None else _refusal(full))
    return found


def is_known(module: str, name: str) -> bool:
    """Whether every file may use a name, or the person trusts it."""
    try:
        find(module, name)
    except LoadError:
        return False
    return True


def _today(module: str, name: str) -> str:
    """A full name as it is written now: Python 2 and older versions of PyTorch and NumPy had others."""
    full = f"{_RENAMED.get(module, module)}.{name}"
    return _RENAMED.get(full, full)


_RENAMED = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
    "torch.tensor": "torch._tensor",
    "builtins.long": "builtins.int",
    "builtins.unicode": "builtins.str",
}
# What no person's trust makes harmless.
_NEVER = ("nt", "os", "posix", "sys")


def _refusal(full: str) -> str:
    """Why a name is refused, and what to do about it."""
    name = shown(full)
    start = f"Unsupported global: GLOBAL {name} was not an allowed global by default. "
    top = full.partition(".")[0]
    if full.startswith(("torch.nn.modules.", "torchvision.models", "transformers.models")):
        return (
            f"{start}It holds a whole module, and loading that would run code. In PyTorch, load it and save its tensors, "
            "torch.save(module.state_dict(), ...); then module.load_state_dict(framework.load(...)) here"
        )
    if full.startswith(("torch.distributed", "torch.nested", "torch.sparse", "torch.ao", "torch.jit")):
        return f"{start}There is nothing like it here. Save plain tensors"
    if top in _NEVER or top in ("builtins", "subprocess", "runpy", "shutil", "socket", "webbrowser"):
        return f"{start}Loading it would run code of {top}, which no file of tensors needs: do not trust this file"
    return (
        f"{start}Loading it would run code. If you trust both the file and {name}, allow it: "
        f"framework.serialization.add_safe_globals([{name}]). Otherwise save tensors, numbers, texts and containers of "
        "these only, such as module.state_dict()"
    )


def build(target: Any, state: Any) -> Any:
    """Gives an object its state, and the object back."""
    kind = type(target)
    if kind is OrderedDict:
        if type(state) is not dict or any([type(key) is not str or hasattr(OrderedDict, key) for key in state]):
            raise LoadError("it is damaged: an OrderedDict in it has methods of its own")
        vars(target).update(state)
    elif kind is np.ndarray:
        numpy_values.build_array(target, state)
    elif isinstance(target, np.dtype):
        numpy_values.build_dtype(target, state)
    elif kind in (Tensor, Parameter):
        return set_old_state(target, state)
    elif kind in [each.value for each in trusted().values()]:
        _set_state(target, state)
    else:
        raise LoadError(f"it is damaged: its pickle gives a state to a {kind.__name__}")
    return target


def as_value(found: Any) -> Any:
    """What a result holds for something found: the class that could be called, the storage of a memory."""
    if isinstance(found, Call):
        if found.value is None:
            raise LoadError(f"it holds the function {found.name}, which would be code. Save values only")
        return found.value
    if isinstance(found, Memory):
        return TypedStorage(found.elements(found.kind))
    return found


def _set_state(target: Any, state: Any) -> None:
    """What `pickle` does for a class that the person trusts."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        vars(target).update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _calls(module: str, **functions: Any) -> dict[str, Call]:
    """Names of a module that may be called, and what they do."""
    return {f"{module}.{name}": Call(f"{module}.{name}", make) for name, make in functions.items()}


def _classes(module: str, **pairs: Any) -> dict[str, Call]:
    """Classes of a module: each with what a call of it does."""
    return {
        f"{module}.{name}": Call(f"{module}.{name}", make, value) for name, (value, make) in pairs.items()
    }  # fmt: skip


_KNOWN: dict[str, Any] = {
    **_classes(
        "builtins",
        set=(set, hashed_of(set)), frozenset=(frozenset, hashed_of(frozenset)), complex=(complex, complex_of),
        bytearray=(bytearray, lambda *given: bytearray(bytes_of(*given))), bytes=(bytes, bytes_of),
        object=(object, no_call), list=(list, no_call), dict=(dict, no_call), int=(int, no_call),
        float=(float, no_call), str=(str, no_call), bool=(bool, no_call), tuple=(tuple, no_call),
    ),
    **_classes(
        "collections",
        OrderedDict=(OrderedDict, mapping_of(OrderedDict)), Counter=(Counter, mapping_of(Counter)),
        defaultdict=(defaultdict, defaultdict_of),
    ),
    **_calls("_codecs", encode=encoded),
    **_calls("copyreg", _reconstructor=reconstructed_of),
    **_classes("numpy", ndarray=(np.ndarray, no_call), dtype=(np.dtype, numpy_values.numpy_dtype)),
    **_calls("numpy._core.multiarray", _reconstruct=numpy_values.empty_array, scalar=numpy_values.scalar),
    **_calls("numpy._core.numeric", _frombuffer=numpy_values.array_from_buffer),
    **_classes(
        "torch",
        Size=(Size, size_of), device=(device, device_of), Tensor=(Tensor, empty_tensor(dtypes.float32)),
        **{
            name: (getattr(tensor_types, name), empty_tensor(getattr(tensor_types, name).dtype))
            for name in tensor_types.__all__ if name != "tensortype"
        },
    ),
    **_classes("torch.nn.parameter", Parameter=(Parameter, lambda *given: Parameter(*given)), Buffer=(Buffer, no_call)),
    **_calls("torch.serialization", _get_layout=layout_of),
    **_calls("torch._tensor", **TENSOR_CALLS),
    **_calls("torch._utils", **TENSOR_CALLS),
    **{f"torch.{each.name}": each for each in dtypes.ALL},
    "torch.bfloat16": BFLOAT16,
    **{f"torch.{each}": value for each, value in {
        "contiguous_format": contiguous_format, "channels_last": channels_last, "preserve_format": preserve_format,
    }.items()},
}  # fmt: skip

NAMES = Names(find, build, as_value)
