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


class Global:
    """The hooks of all modules, and what is told when the first of those that a call runs is added."""

    forward: OrderedDict[int, _Hook] = OrderedDict()
    forward_pre: OrderedDict[int, _Hook] = OrderedDict()
    backward: OrderedDict[int, _Hook] = OrderedDict()
    backward_pre: OrderedDict[int, _Hook] = OrderedDict()
    with_kwargs: set[int] = set()
    always_called: set[int] = set()
    # Whether `backward` holds hooks of the full kind; None while it never held any.
    full_backward: bool | None = None
    buffer: OrderedDict[int, _Hook] = OrderedDict()
    module: OrderedDict[int, _Hook] = OrderedDict()
    parameter: OrderedDict[int, _Hook] = OrderedDict()
    # The class whose `_hooked` says that calls have hooks to look at.
    called: Any = None

    @classmethod
    def any_call(cls) -> bool:
        """Whether a call has any of them to run."""
        return bool(cls.forward or cls.forward_pre or cls.backward or cls.backward_pre)


def registered(hooks: OrderedDict[int, _Hook], module: Any, name: str, value: Any) -> Any:
    """What a module is to hold under a name: the value, or what the last hook that gives something puts in its place."""
    for hook in hooks.values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def _added(hooks: OrderedDict[int, _Hook], hook: _Hook) -> RemovableHandle:
    Global.called._hooked = True
    return RemovableHandle(hooks, hook)


def register_module_forward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward, until the handle is removed."""
    return _added(Global.forward_pre, hook)


def register_module_forward_hook(
    hook: _Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward, until removed."""
    handle = _added(Global.forward, hook)
    if with_kwargs:
        Global.with_kwargs.add(handle.id)
    if always_call:
        Global.always_called.add(handle.id)
    return handle


def register_module_full_backward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` before every module's backward, until removed."""
    return _added(Global.backward_pre, hook)


def register_module_full_backward_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` in every module's backward, until removed."""
    return _added_backward(hook, full=True)


def register_module_backward_hook(hook: _Hook) -> RemovableHandle:
    """PyTorch's older kind of backward hook, which sees the gradients of the last recorded operation alone."""
    return _added_backward(hook, full=False)


def _added_backward(hook: _Hook, full: bool) -> RemovableHandle:
    if Global.full_backward is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only "
            "one of them."
        )
    Global.full_backward = full
    return _added(Global.backward, hook)


def register_module_buffer_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer)` when a module is given a buffer; what it returns, if not None, is held."""
    return RemovableHandle(Global.buffer, hook)


def register_module_module_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, submodule)` when a module is given a module; what it returns, if not None, is held."""
    return RemovableHandle(Global.module, hook)


def register_module_parameter_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call `hook(module, name, param)` when a module is given a parameter; what it returns, if not None, is held."""
    return RemovableHandle(Global.parameter, hook)
