"""Functions of yours that run before or after a module's forward, or in its backward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from framework.autograd.hooks import RemovableHandle
from framework.nn.backward_hooks import WatchedCall, watch_last_node
from framework.nn.global_hooks import (
    Kind,
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
)

__all__ = ["Hooks"]

_Hook = Callable[..., Any]


class Hooks:
    """The part of a Module that holds its hooks and runs them."""

    # Read by every call. Set on an instance by its first hook, and on this class by the first
    # global one; a call that finds it set looks at the hooks, and clears it when all are gone.
    _hooked = False

    forward: _Hook
    _compiled_call_impl: _Hook | None = None
    _forward_hooks: OrderedDict[int, _Hook]
    _forward_hooks_with_kwargs: set[int]
    _forward_hooks_always_called: set[int]
    _forward_pre_hooks: OrderedDict[int, _Hook]
    _forward_pre_hooks_with_kwargs: set[int]
    _backward_hooks: OrderedDict[int, _Hook]
    _backward_pre_hooks: OrderedDict[int, _Hook]
    # Whether `_backward_hooks` are of the full kind; None before the first.
    _is_full_backward_hook: bool | None

    def register_forward_pre_hook(
        self, hook: _Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns, if not None, replaces args.

        With `with_kwargs` it is `hook(module, args, kwargs)`, and gives both or None.
        """
        handle = self._hook(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs.add(handle.id)
        return handle

    def register_forward_hook(
        self,
        hook: _Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; a result that isn't None replaces it.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`. With `always_call` it also
        runs when forward raises.
        """
        handle = self._hook(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs.add(handle.id)
        if always_call:
            self._forward_hooks_always_called.add(handle.id)
        return handle

    def register_full_backward_pre_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` before backward; what it returns, if not None, replaces grad_output."""
        return self._hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward; what it returns, if not None, replaces grad_input.

        Both are tuples, with None where there is no gradient. The module may not write into its inputs.
        """
        self._of_one_kind(full=True)
        return self._hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: _Hook) -> RemovableHandle:
        """PyTorch's older kind of backward hook: it sees the gradients of the last recorded operation alone."""
        self._of_one_kind(full=False)
        return self._hook(self._backward_hooks, hook)

    def _hook(self, hooks: OrderedDict[int, _Hook], hook: _Hook, prepend: bool = False) -> RemovableHandle:
        self.__dict__["_hooked"] = True
        return RemovableHandle(hooks, hook, prepend)

    def _of_one_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
                "one of them."
            )
        self._is_full_backward_hook = full

    # A call

    def _call_hooked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._compiled_call_impl is not None:
            return self._compiled_call_impl(*args, **kwargs)
        return self._call_impl(*args, **kwargs)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """Forward, with whatever hooks there are around it."""
        if not self._any_hook():
            return self.forward(*args, **kwargs)
        called: set[int] = set()
        result = None
        try:
            for key, hook in (*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()):
                args, kwargs = self._call_pre_hook(key, hook, args, kwargs)
            watched = self._watched()
            args = args if watched is None else watched.watch_inputs(args)
            result = self.forward(*args, **kwargs)
            for key, hook in (*_global_forward_hooks.items(), *self._forward_hooks.items()):
                called.add(key)
                result = self._call_hook(key, hook, args, kwargs, result)
            result = result if watched is None else watched.watch_outputs(result)
            if older := self._backward_hooks_of_kind(full=False):
                watch_last_node(self, older, args, result)
            return result
        except Exception:
            self._call_remaining(called, args, kwargs, result)
            raise

    def _any_hook(self) -> bool:
        """Whether there are hooks to run. Without any, the next call will not ask."""
        if _global_forward_hooks or _global_forward_pre_hooks or _global_backward_hooks or _global_backward_pre_hooks:
            return True
        Hooks._hooked = False
        if self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks:
            return True
        if self._compiled_call_impl is None:
            self.__dict__.pop("_hooked", None)
        return False

    def _watched(self) -> WatchedCall | None:
        hooks = self._backward_hooks_of_kind(full=True)
        before = [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]
        return WatchedCall(self, hooks, before) if hooks or before else None

    def _backward_hooks_of_kind(self, full: bool) -> list[_Hook]:
        hooks = list(_global_backward_hooks.values()) if Kind.full_backward is full else []
        return [*hooks, *self._backward_hooks.values()] if self._is_full_backward_hook is full else hooks

    def _call_pre_hook(
        self, key: int, hook: _Hook, args: tuple[Any, ...], kwargs: dict[str, Any]
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
        hook: _Hook,
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

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Have calls of this module run as programs: `framework.compile` of it, in place. Takes its arguments."""
        from framework import compile

        self._compiled_call_impl = compile(self._call_impl, *args, **kwargs)
        self.__dict__["_hooked"] = True


Kind.called = Hooks
