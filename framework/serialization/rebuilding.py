"""Rebuilds the tensors of PyTorch's files, by the names of the functions that PyTorch would call."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes
from framework.autograd.tensor import wrap
from framework.nn.parameter import Buffer, Parameter
from framework.operations import from_numpy
from framework.serialization.errors import LoadError, shown
from framework.serialization.pickle_reading import Call
from framework.serialization.storages import ElementType, Memory, element_type

__all__ = ["BFLOAT16", "TENSOR_CALLS", "empty_tensor", "set_old_state"]

# A file that names the type itself means it; one that keeps it as a value gets what stands for it here.
BFLOAT16 = Call("torch.bfloat16", lambda *given: None, dtypes.float32)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, kind: ElementType | None = None) -> Any:
    if not isinstance(storage, Memory):
        raise LoadError("it is damaged: a tensor has no memory")
    return storage.tensor(storage.kind if kind is None else kind, offset, size, stride)


def _with_flags(tensor: Any, requires_grad: Any, metadata: Any) -> Any:
    if type(requires_grad) is not bool or (requires_grad and not tensor.is_floating_point()):
        raise LoadError("it is damaged: a tensor says that it requires grad, and is no floating-point one")
    if metadata and (type(metadata) is not dict or any(metadata.values())):
        raise LoadError("it holds a tensor that PyTorch negates when it is read. Save tensor.resolve_neg()")
    return tensor.requires_grad_(requires_grad)


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> Any:
    return _tensor(storage, offset, size, stride)


def _rebuild_tensor_v2(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, metadata: Any = None
) -> Any:
    return _with_flags(_tensor(storage, offset, size, stride), requires_grad, metadata)


def _rebuild_tensor_v3(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, dtype: Any, metadata: Any = None
) -> Any:
    return _with_flags(_tensor(storage, offset, size, stride, _kind(dtype)), requires_grad, metadata)


def _kind(dtype: Any) -> ElementType:
    kind = (
        element_type(dtype.name.removeprefix("torch."))
        if dtype is BFLOAT16 or isinstance(dtype, dtypes.dtype)
        else None
    )
    if kind is None:
        raise LoadError("it is damaged: the type of a tensor is none")
    return kind


def _rebuild_parameter(data: Any, requires_grad: Any, hooks: Any = None, state: Any = None) -> Any:
    if not isinstance(data, Tensor):
        raise LoadError("it is damaged: a parameter is no tensor")
    _with_flags(data, requires_grad, None)
    parameter = Parameter(data.detach(), requires_grad)
    return _with_attributes(parameter, state)


def _rebuild_from_type(rebuild: Any, kind: Any, arguments: Any, state: Any) -> Any:
    cls = getattr(kind, "value", None)
    if not isinstance(rebuild, Call) or not isinstance(cls, type) or not issubclass(cls, Tensor):
        raise LoadError("it is damaged: it makes a tensor of a class that is none")
    made = rebuild.make(*arguments)
    if not isinstance(made, Tensor):
        raise LoadError("it is damaged: it makes a tensor in a way that makes none")
    if isinstance(state, dict) and state.get("_is_buffer") is True:
        cls = Buffer
    if cls is not Tensor and type(made) is not cls:
        made = wrap(made._array, cls).requires_grad_(made.requires_grad)
    return _with_attributes(made, state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    """Gives a tensor attributes of its person's; those that Tensor has itself are not for a file to set."""
    if isinstance(state, tuple) and len(state) == 2 and not state[1]:
        state = state[0]  # where the class has slots
    if state:
        if type(state) is not dict or not all([type(key) is str for key in state]):
            raise LoadError("it is damaged: the attributes of a tensor are no dict")
        taken = [key for key in state if hasattr(type(tensor), key) and key != "persistent"]
        if taken:
            raise LoadError(f"it is damaged: it replaces {shown(taken[0])} of a tensor")
        tensor.__dict__.update({key: value for key, value in state.items() if key != "_is_buffer"})
    return tensor


def _rebuild_from_values(data: Any, dtype: Any, place: Any, requires_grad: Any) -> Any:
    """A tensor of a device without storages, whose values were saved as an array or a CPU tensor."""
    tensor = from_numpy(data) if type(data) is np.ndarray else data
    if not isinstance(tensor, Tensor) or tensor.dtype is not _kind(dtype).required():
        raise LoadError("it is damaged: the values of a tensor are of another type")
    return _with_flags(tensor.detach(), requires_grad, None)


def _out_of_scope(what: str, instead: str) -> Any:
    def refused(*arguments: Any) -> Any:
        raise LoadError(f"it holds {what} tensors, which are out of scope. Save {instead}")

    return refused


def empty_tensor(dtype: dtypes.dtype) -> Any:
    """How files of PyTorch before 0.4 begin a tensor: an empty one, whose memory is its state."""

    def made(*arguments: Any) -> Any:
        if arguments:
            raise LoadError("it holds a tensor in a form that only PyTorch before 0.2 wrote. Save it with a newer one")
        return wrap(np.empty(0, dtype.dtype))

    return made


def set_old_state(tensor: Any, state: Any) -> Any:
    """Gives a tensor what PyTorch before 0.4 kept beside it: its memory, its data, or whether it requires grad."""
    size = len(state) if type(state) is tuple else 0
    requires_grad = tensor.requires_grad
    if size == 4:
        made = _tensor(*state)
        if made.dtype is not tensor.dtype:
            raise LoadError("it is damaged: a tensor's memory is of another type")
        tensor._array = made._array
    elif size == 5 and isinstance(state[0], Tensor):
        tensor._array, requires_grad = state[0]._array, state[3]
    elif size == 3:
        requires_grad = state[0]
    else:
        raise LoadError("it is damaged: the state of a tensor is none")
    return _with_flags(tensor, requires_grad, None)


TENSOR_CALLS = {
    "_rebuild_tensor": _rebuild_tensor,
    "_rebuild_tensor_v2": _rebuild_tensor_v2,
    "_rebuild_tensor_v3": _rebuild_tensor_v3,
    "_rebuild_parameter": _rebuild_parameter,
    "_rebuild_parameter_with_state": _rebuild_parameter,
    "_rebuild_from_type": _rebuild_from_type,
    "_rebuild_from_type_v2": _rebuild_from_type,
    "_rebuild_device_tensor_from_numpy": _rebuild_from_values,
    "_rebuild_device_tensor_from_cpu_tensor": _rebuild_from_values,
    "_rebuild_xla_tensor": _rebuild_from_values,
    "_rebuild_sparse_tensor": _out_of_scope("sparse", "tensor.to_dense()"),
    "_rebuild_qtensor": _out_of_scope("quantized", "tensor.dequantize()"),
    "_rebuild_nested_tensor": _out_of_scope("nested", "their parts as a list"),
    "_rebuild_meta_tensor_no_storage": _out_of_scope("meta", "tensors that have values"),
    "_rebuild_wrapper_subclass": _out_of_scope("wrapped", "the plain tensor inside"),
}
