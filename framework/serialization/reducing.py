"""What each type of value is in PyTorch's files: a function of PyTorch's, by name, and what it is called with."""

from __future__ import annotations

import copyreg
import warnings
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from framework.autograd import Size, Tensor, device, dtypes
from framework.autograd.size import layout
from framework.nn.parameter import Buffer, Parameter
from framework.operations.storage import TypedStorage, UntypedStorage
from framework.serialization.stored import Stored
from framework.serialization.trust import is_trusted

__all__ = ["Name", "Reduced", "StorageName", "reducer", "refusal"]


class Name(NamedTuple):
    """A function or a class by name."""

    module: str
    name: str


class StorageName(NamedTuple):
    """What a storage is called in the pickle."""

    parts: tuple[Any, ...]


class Reduced(NamedTuple):
    """A call that makes a value, or its class that does without `__init__`; then its items, then its state."""

    function: Name
    arguments: tuple[Any, ...]
    pairs: dict[Any, Any] | None = None
    state: Any = None
    new: bool = False


def reducer(stored: Stored, legacy: bool) -> Callable[[Any], Reduced | StorageName | None]:
    """A function that tells how a value is made, None where there is no form for its type; `stored` keeps the bytes."""
    # Storages before 1.6 could be parts of others, which this says of none.
    rest = (None,) if legacy else ()

    def storage(array: Any, untyped: bool = False) -> tuple[StorageName, int, tuple[int, ...]]:
        place = stored.place(array, untyped)
        count = place.nbytes // (1 if untyped else array.itemsize)
        kind = Name("torch.storage", "UntypedStorage") if untyped else Name("torch", _storage_type(array.dtype))
        return StorageName(("storage", kind, place.key, "cpu", count, *rest)), place.offset, place.strides

    def reduced(value: Any) -> Reduced | StorageName | None:
        kind = type(value)
        if kind in (Tensor, Parameter, Buffer):
            return _tensor(value, storage)
        if kind is TypedStorage:
            return storage(value._elements)[0]
        if kind is UntypedStorage:
            return storage(value._array, untyped=True)[0]
        form = _FORMS.get(kind)
        if form is not None:
            return form(value)
        return _trusted(value) if is_trusted(kind) else _numpy(value)

    return reduced


def _storage_type(dtype: np.dtype[Any]) -> str:
    return f"{dtypes.from_numpy(dtype).scalar_name}Storage"


# Types without a storage type of their own: the bytes are saved, and the dtype beside them.
_UNTYPED = ("uint16", "uint32", "uint64")


def _tensor(tensor: Tensor, storage: Any) -> Reduced:
    for hook in (tensor._backward_hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=2,
            )
    array = tensor._array
    untyped = array.dtype.name in _UNTYPED
    name, offset, strides = storage(array, untyped)
    if not array.size:
        strides = tensor.stride()
    parameter = type(tensor) is Parameter
    requires_grad = False if parameter else tensor.requires_grad
    arguments: tuple[Any, ...] = (name, offset, array.shape, strides, requires_grad, OrderedDict())
    made = Reduced(Name("torch._utils", "_rebuild_tensor_v2"), arguments)
    if untyped:
        made = Reduced(Name("torch._utils", "_rebuild_tensor_v3"), (*arguments, tensor.dtype))
    state = dict(tensor.__dict__)
    if parameter:
        arguments = (made, tensor.requires_grad, OrderedDict())
        if state:
            return Reduced(Name("torch._utils", "_rebuild_parameter_with_state"), (*arguments, state))
        return Reduced(Name("torch._utils", "_rebuild_parameter"), arguments)
    if type(tensor) is Buffer:
        state["_is_buffer"] = True
    if state:
        arguments = (made.function, Name("torch", "Tensor"), made.arguments, state)
        return Reduced(Name("torch._tensor", "_rebuild_from_type_v2"), arguments)
    return made


# Numbers, booleans, bytes and text.
_PLAIN_KINDS = "biufcSU"


def _trusted(value: Any) -> Reduced | None:
    """An object of a class that the person trusts: as `pickle` has it, unless it takes another function to make it."""
    function, arguments, *rest = value.__reduce_ex__(2)
    state = rest[0] if rest else None
    if any([each is not None for each in rest[1:]]):
        return None
    name = Name(type(value).__module__, type(value).__qualname__)
    if function is copyreg.__newobj__ and arguments[0] is type(value):  # type: ignore[attr-defined]
        return Reduced(name, arguments[1:], None, state, new=True)
    return Reduced(name, arguments, None, state) if function is type(value) else None


def _bytes(value: bytes) -> Reduced:
    return Reduced(Name("_codecs", "encode"), (value.decode("latin1"), "latin1"))


def _defaultdict(value: defaultdict[Any, Any]) -> Reduced | None:
    factory = value.default_factory
    if factory is None:
        return Reduced(Name("collections", "defaultdict"), (), dict(value))
    if factory not in (list, dict, set, int, float, str, bool, tuple):
        return None
    arguments = (Name("__builtin__", factory.__name__),)
    return Reduced(Name("collections", "defaultdict"), arguments, dict(value))


def _numpy(value: Any) -> Reduced | None:
    """NumPy's values, as they pickle themselves, where they hold no objects."""
    if isinstance(value, np.dtype):
        reduced: Any = value.__reduce__()
        return Reduced(Name("numpy", "dtype"), reduced[1], None, reduced[2]) if value.kind in _PLAIN_KINDS else None
    if type(value) is not np.ndarray and not isinstance(value, np.generic):
        return None
    if value.dtype.kind not in _PLAIN_KINDS:
        return None
    if isinstance(value, np.generic):
        return Reduced(Name("numpy._core.multiarray", "scalar"), (value.dtype, value.tobytes()))
    start = (Name("numpy", "ndarray"), (0,), b"b")
    fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    state = (1, value.shape, value.dtype, fortran, value.tobytes("F" if fortran else "C"))
    return Reduced(Name("numpy._core.multiarray", "_reconstruct"), start, None, state)


_FORMS: dict[type, Callable[[Any], Reduced | None]] = {
    OrderedDict: lambda each: Reduced(Name("collections", "OrderedDict"), (), dict(each), vars(each) or None),
    Counter: lambda each: Reduced(Name("collections", "Counter"), (dict(each),)),
    defaultdict: _defaultdict,
    set: lambda each: Reduced(Name("__builtin__", "set"), (list(each),)),
    frozenset: lambda each: Reduced(Name("__builtin__", "frozenset"), (list(each),)),
    complex: lambda each: Reduced(Name("__builtin__", "complex"), (each.real, each.imag)),
    bytes: _bytes,
    bytearray: lambda each: Reduced(Name("__builtin__", "bytearray"), (bytes(each),)),
    Size: lambda each: Reduced(Name("torch", "Size"), (tuple(each),)),
    device: lambda each: Reduced(Name("torch", "device"), (each.type, *([] if each.index is None else [each.index]))),
    layout: lambda each: Reduced(Name("torch.serialization", "_get_layout"), (repr(each),)),
}


def refusal(value: Any, place: str) -> str:
    """Why a value can't be saved, and what can be instead."""
    kind = type(value)
    what = f"save() has no form for a value of type {kind.__module__}.{kind.__qualname__}"
    where = f", which is at obj{place}" if place else ""
    instead = "Files hold tensors, numbers, texts, bytes, None, and lists, tuples, sets and dicts of these"
    if kind.__module__ not in ("builtins", "types"):
        instead += (
            ". Save such a part of it, vars(x) perhaps; or trust the class, here and where it is loaded: "
            f"framework.serialization.add_safe_globals([{kind.__name__}])"
        )
    if hasattr(kind, "state_dict"):
        instead = (
            "It would have to be pickled, and run code when loaded. Save its state: framework.save(x.state_dict(), ...)"
        )
    for base in (Tensor, dict, list, tuple, str, int, float, np.ndarray):
        if isinstance(value, base) and kind is not np.ndarray:
            plain = {Tensor: "x.as_subclass(framework.Tensor)", np.ndarray: "numpy.asarray(x)"}
            instead = f"Save it as a plain one: {plain.get(base, f'{base.__name__}(x)')}"
            break
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind not in _PLAIN_KINDS:
        instead = f"Its elements are of type {value.dtype}. Save numbers, or a list"
    return f"{what}{where}. {instead}"
