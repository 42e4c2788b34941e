"""Functions of yours that run at every module's call, in its backward, or when it is given something to hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from framework.autograd.hooks import RemovableHandle

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_Hook = Callable[..., Any]


# Named as PyTorch's, and found by the compiler among the names of `framework.nn.hooks`.
_global_forward_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_forward_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_forward_hooks_with_kwargs: set[int] = set()
_global_forward_hooks_always_called: set[int] = set()
_global_backward_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_backward_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_buffer_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_module_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()
_global_parameter_registration_hooks: OrderedDict[int, _Hook] = OrderedDict()


class Kind:
    """What is known of all hooks together."""

    # Whether the backward hooks are of the full kind; None while there never were any.
    full_backward: bool | None = None
    # The class whose `_hooked` says that calls have hooks to look at.
    called: Any = None


def registered(hooks: OrderedDict[int, _Hook], module: Any, name: str, value: Any) -> Any:
    """What a module is to hold under a name: the value, or what the last hook that gives something puts in its place."""
    for hook in hooks.values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def _added(hooks: OrderedDict[int, _Hook], hook: _Hook) -> RemovableHandle:
    Kind.called._hooked = True
    return RemovableHandle(hooks, hook)


def register_module_forward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward, until the handle is removed."""
    return _added(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: _Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward, until removed."""
    handle = _added(_global_forward_hooks, hook)
    if with_kwargs:
        _global_forward_hooks_with_kwargs.add(handle.id)
    if always_call:
        _global_forward_hooks_always_called.add(handle.id)
    return handle


def register_module_full_backward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` before every module's backward, until removed."""
    return _added(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` in every module's backward, until removed."""
    return _added_backward(hook, full=True)


def register_module_backward_hook(hook: _Hook) -> RemovableHandle:
    """PyTorch's older kind of backward hook, which sees the gradients of the last recorded operation alone."""
    return _added_backward(hook, full=False)


def _added_backward(hook: _Hook, full: bool) -> RemovableHandle:
    if Kind.full_backward is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only "
            "one of them."
        )
    Kind.full_backward = full
    return _added(_global_backward_hooks, hook)


def register_module_buffer_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer)` when a module is given a buffer; what it returns, if not None, is held."""
    return RemovableHandle(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, submodule)` when a module is given a module; what it returns, if not None, is held."""
    return RemovableHandle(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, param)` when a module is given a parameter; what it returns, if not None, is held."""
    return RemovableHandle(_global_parameter_registration_hooks, hook)
