"""Functions of yours that run before or after a module's forward, or in its backward."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from framework.autograd.hooks import RemovableHandle
from framework.nn.backward_hooks import WatchedCall

__all__ = ["Hooks", "register_module_forward_hook", "register_module_forward_pre_hook"]

_global_forward_hooks: dict[int, Callable[..., Any]] = {}
_global_forward_hooks_with_kwargs: set[int] = set()
_global_forward_hooks_always_called: set[int] = set()
_global_forward_pre_hooks: dict[int, Callable[..., Any]] = {}


class Hooks:
    """The part of a Module that holds its hooks and runs them."""

    # Read by every call. Set on an instance by its first hook, and on this class by the first
    # global one; a call that finds it set looks at the hooks, and clears it when all are gone.
    _hooked = False

    forward: Callable[..., Any]
    _forward_hooks: dict[int, Callable[..., Any]]
    _forward_hooks_with_kwargs: set[int]
    _forward_hooks_always_called: set[int]
    _forward_pre_hooks: dict[int, Callable[..., Any]]
    _forward_pre_hooks_with_kwargs: set[int]
    _backward_hooks: dict[int, Callable[..., Any]]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns, if not None, replaces args.

        With `with_kwargs` it is `hook(module, args, kwargs)`, and gives both or None.
        """
        handle = RemovableHandle(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs.add(handle.id)
        self.__dict__["_hooked"] = True
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; a result that isn't None replaces it.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`. With `always_call` it also
        runs when forward raises.
        """
        handle = RemovableHandle(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs.add(handle.id)
        if always_call:
            self._forward_hooks_always_called.add(handle.id)
        self.__dict__["_hooked"] = True
        return handle

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward; what it returns, if not None, replaces grad_input.

        Both are tuples, with None where there is no gradient. The module may not write into its inputs.
        """
        handle = RemovableHandle(self._backward_hooks, hook, prepend)
        self.__dict__["_hooked"] = True
        return handle

    def _call_hooked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not _global_forward_hooks and not _global_forward_pre_hooks:
            Hooks._hooked = False
            if not self._forward_hooks and not self._forward_pre_hooks and not self._backward_hooks:
                self.__dict__.pop("_hooked", None)
                return self.forward(*args, **kwargs)
        called: set[int] = set()
        result = None
        try:
            for key, hook in (*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()):
                args, kwargs = self._call_pre_hook(key, hook, args, kwargs)
            watched = WatchedCall(self, self._backward_hooks.values()) if self._backward_hooks else None
            args = args if watched is None else watched.watch_inputs(args)
            result = self.forward(*args, **kwargs)
            for key, hook in (*_global_forward_hooks.items(), *self._forward_hooks.items()):
                called.add(key)
                result = self._call_hook(key, hook, args, kwargs, result)
        except Exception:
            self._call_remaining(called, args, kwargs, result)
            raise
        return result if watched is None else watched.watch_outputs(result)

    def _call_pre_hook(
        self, key: int, hook: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if key not in self._forward_pre_hooks_with_kwargs:
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
            return args, kwargs
        changed = hook(self, args, kwargs)
        if changed is None:
            return args, kwargs
        if not isinstance(changed, tuple) or len(changed) != 2:
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
            )
        return changed

    def _call_hook(
        self,
        key: int,
        hook: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> Any:
        if key in self._forward_hooks_with_kwargs or key in _global_forward_hooks_with_kwargs:
            changed = hook(self, args, kwargs, result)
        else:
            changed = hook(self, args, result)
        return result if changed is None else changed

    def _call_remaining(self, called: set[int], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """After an exception, the hooks that asked to be called always and weren't yet."""
        always = _global_forward_hooks_always_called | self._forward_hooks_always_called
        for key, hook in (*_global_forward_hooks.items(), *self._forward_hooks.items()):
            if key not in always or key in called:
                continue
            try:
                result = self._call_hook(key, hook, args, kwargs, result)
            except Exception as error:
                kind = "global module" if key in _global_forward_hooks else "module"
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was "
                    f"silenced as another error was raised in forward: {error}",
                    stacklevel=4,
                )


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, args)` before every module's forward, until the handle is removed."""
    handle = RemovableHandle(_global_forward_pre_hooks, hook, False)
    Hooks._hooked = True
    return handle


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after every module's forward, until removed."""
    handle = RemovableHandle(_global_forward_hooks, hook, False)
    if with_kwargs:
        _global_forward_hooks_with_kwargs.add(handle.id)
    if always_call:
        _global_forward_hooks_always_called.add(handle.id)
    Hooks._hooked = True
    return handle
