"""Functions of yours that run before or after an optimizer's step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from framework.autograd.hooks import RemovableHandle

__all__ = [
    "StepHooks",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

Hook = Callable[..., Any]

_global_pre_hooks: dict[int, Hook] = {}
_global_post_hooks: dict[int, Hook] = {}


class StepHooks:
    """The part of an Optimizer that runs hooks around its step, whichever class defines it."""

    # Read by every step. Set on an instance by its first hook, and on this class by the first
    # global one.
    _hooked = False

    _optimizer_step_pre_hooks: dict[int, Hook]
    _optimizer_step_post_hooks: dict[int, Hook]

    def __init__(self) -> None:
        super().__init__()
        self._optimizer_step_pre_hooks = {}
        self._optimizer_step_post_hooks = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[attr-defined]

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return both, changed."""
        self._hooked = True
        return RemovableHandle(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        self._hooked = True
        return RemovableHandle(self._optimizer_step_post_hooks, hook)


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before each step of every optimizer."""
    StepHooks._hooked = True
    return RemovableHandle(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    StepHooks._hooked = True
    return RemovableHandle(_global_post_hooks, hook)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def hooked_step(self: StepHooks, *args: Any, **kwargs: Any) -> Any:
        if not self._hooked:
            return step(self, *args, **kwargs)
        if not _global_pre_hooks and not _global_post_hooks:
            StepHooks._hooked = False
        # A step that calls super().step() is one step, not two.
        self._hooked = False
        try:
            return _run(step, self, args, kwargs)
        finally:
            if self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks:
                self._hooked = True
            else:
                del self._hooked

    return hooked_step


def _run(step: Callable[..., Any], self: StepHooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    # PyTorch's hooks find the optimizer first among the arguments.
    args = (self, *args)
    for hook in (*_global_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
        changed = hook(self, args, kwargs)
        if changed is None:
            continue
        if not isinstance(changed, tuple) or len(changed) != 2:
            raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
        args, kwargs = changed
    result = step(*args, **kwargs)
    for hook in (*self._optimizer_step_post_hooks.values(), *_global_post_hooks.values()):
        hook(self, args, kwargs)
    return result
