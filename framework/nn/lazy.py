"""Modules that take the sizes they were not given from their first input."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from framework.autograd import Tensor, no_grad
from framework.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]

if TYPE_CHECKING:
    # Stands before a layer's class.
    from framework.nn.module import Module as _Beside
else:
    _Beside = object


class LazyModuleMixin(_Beside):
    """Stands before a layer's class, whose parameters are uninitialized at first.

    The subclass defines `initialize_parameters`, called with the arguments of the first forward, which materializes
    them. Then the module is of the class `cls_to_become`.
    """

    cls_to_become: type[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, tensor in self._persistent():
            destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()

    def _lazy_load_hook(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Give what waits for its sizes those of the state dict."""
        for name, tensor in self._tensors():
            value = state_dict.get(prefix + name)
            if value is not None and is_lazy(tensor) and not is_lazy(value):
                with no_grad():
                    tensor.materialize(value.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize what is uninitialized, by the arguments of forward; every lazy module defines it."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this module itself still waits for its sizes."""
        return any([is_lazy(tensor) for _, tensor in self._tensors()])

    def _tensors(self) -> Any:
        return ((name, each) for name, each in chain(self._parameters.items(), self._buffers.items()))

    def _infer_parameters(self, module: Any, args: tuple[Tensor, ...], kwargs: Any = None) -> None:
        """Runs before the first forward, and never again."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become
