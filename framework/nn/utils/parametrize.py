"""Parameters computed from others: `register_parametrization(module, "weight", function_as_a_module)`.

`module.weight` is then what the function gives for `module.parametrizations.weight.original`, computed each time it is
read; assigning to it sets the original, by the function's `right_inverse`.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from framework.autograd import Tensor, no_grad
from framework.nn.container import ModuleDict, ModuleList
from framework.nn.module import Module
from framework.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """What parametrized tensors gave since `cached()` was entered, by their module and name."""

    depth = 0
    values: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Within it, each parametrized tensor is computed once, when it is first read."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _register(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _check_kept(unless: str, before: tuple[Any, ...], made: tuple[Any, ...]) -> None:
    """Raises where a parametrization gives another type or shape than the tensor has: each a label, shape and type."""
    for what, place in (("dtype", 2), ("shape", 1)):
        if before[place] != made[place]:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, {unless} is enabled.\n"
                f"{before[0]}{what}: {before[place]}\n{made[0]}{what}: {made[place]}"
            )


class ParametrizationList(ModuleList):
    """The functions that a parametrized tensor goes through, one after the other, and its original or originals."""

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new: Any = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass
        self.is_tensor = isinstance(new, Tensor)
        if not self.is_tensor and not isinstance(new, Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(new).__name__}"
            )
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
                )
            with no_grad():
                original.set_(new)
            _register(self, "original", original)
        else:
            self._register_several(new, original)
        if not self.unsafe:
            made = self()
            if not isinstance(made, Tensor):
                raise ValueError(f"A parametrization must return a tensor. Got {type(made).__name__}.")
            _check_kept(
                "unless `unsafe` flag", ("unparametrized ", shape, dtype), ("parametrized ", made.shape, made.dtype)
            )

    def _register_several(self, originals: Sequence[Any], original: Tensor) -> None:
        for number, each in enumerate(originals):
            if not isinstance(each, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                    f"{number} of the sequence with type {type(each).__name__}."
                )
            if isinstance(original, Parameter):
                each = Parameter(each, original.requires_grad)
            each.requires_grad_(original.requires_grad)
            _register(self, f"original{number}", each)

    def right_inverse(self, value: Any) -> None:
        """Sets the originals to what gives `value`."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
                if value.dtype != self.original.dtype:
                    raise ValueError(
                        f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                        f"{self.original.dtype}"
                    )
                self.original.set_(value)
            else:
                self._set_several(value)

    def _set_several(self, values: Any) -> None:
        if not isinstance(values, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}.")
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of length "
                f"{len(values)}."
            )
        for number, each in enumerate(values):
            original = getattr(self, f"original{number}")
            if not isinstance(each, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got element "
                    f"{number} of type {type(each).__name__}."
                )
            if original.dtype != each.dtype:
                raise ValueError(
                    f"Tensor {number} returned by `right_inverse` has dtype {each.dtype} while `original{number}` has "
                    f"dtype {original.dtype}"
                )
            original.set_(each)

    def forward(self) -> Any:
        originals = [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]
        first, *rest = self
        value = first(*originals)
        for module in rest:
            value = module(value)
        return value


def _parametrized_copy(self: Any, memo: dict[int, Any]) -> Any:
    """`deepcopy` of a module whose class is its own."""
    if id(self) in memo:
        return memo[id(self)]
    replica = memo[id(self)] = self.__new__(self.__class__)
    replica.__dict__ = deepcopy(self.__dict__, memo)
    for slot in copyreg._slotnames(self.__class__):  # type: ignore[attr-defined]
        if hasattr(self, slot):
            setattr(replica, slot, deepcopy(getattr(self, slot), memo))
    return replica


def _refuse_pickle(self: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _give_own_class(module: Module) -> None:
    """Makes the module the only one of a class derived from its own, so that the class can have properties."""
    kind = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickle}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = _parametrized_copy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def _add_property(module: Module, name: str) -> None:
    def read(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _Cache.depth:
            return parametrization()
        key = (id(module), name)
        if _Cache.values.get(key) is None:
            _Cache.values[key] = parametrization()
        return _Cache.values[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def _check_added(module: Module, name: str, parametrization: Module) -> None:
    """Raises where a further parametrization gives something else than a tensor like the one it is given."""
    before = getattr(module, name)
    made = parametrization(before)
    if not isinstance(made, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(made).__name__}.")
    labels = f"module.{name}.", f"parametrization(module.{name})."
    kept = [(label, each.shape, each.dtype) for label, each in zip(labels, (before, made), strict=True)]
    _check_kept("unless the `unsafe` flag", *kept)
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(made)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    for what in ("dtype", "shape"):
        if getattr(back, what) != getattr(before, what):
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, "
                f"unless the `unsafe` flag is enabled.\nmodule.{name}.{what}: {getattr(before, what)}\n"
                f"returned {what}: {getattr(back, what)}"
            )


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Makes a parameter or buffer the result of a module, which is given the original.

    The module may have a `right_inverse`, which gives the original for a result. Several may follow one another. Unless
    `unsafe`, ValueError for one that changes shape or type.
    """
    parametrization.train(module.training)
    lists: Any
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_added(module, tensor_name, parametrization)
        lists = module.parametrizations
        lists[tensor_name].append(parametrization)
        lists[tensor_name].unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        lists = module.parametrizations
        lists[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has a parametrized tensor, or one of this name."""
    lists = getattr(module, "parametrizations", None)
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Makes a parametrized tensor an ordinary one again: with its value now, or, if not `leave_parametrized`, its
    original's. ValueError where it is not parametrized, or has several originals to be left."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    lists: Any = module.parametrizations
    made = lists[tensor_name]
    if made.is_tensor:
        original = made.original
        if leave_parametrized:
            with no_grad():
                original.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del lists[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class as it was before any of its tensors was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Gives another module the parametrizations of all tensors, or of one, and their originals."""
    if not is_parametrized(from_module):
        return to_module
    ours: Any = from_module.parametrizations
    for name in list(ours) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for function in ours[name]:
            register_parametrization(to_module, name, function)
        theirs: Any = to_module.parametrizations
        originals = ["original"] if ours[name].is_tensor else [f"original{i}" for i in range(ours[name].ntensors)]
        for each in originals:
            setattr(theirs[name], each, getattr(ours[name], each))
    return to_module
