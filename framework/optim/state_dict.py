"""An optimizer's options and state as a dict in PyTorch's format, and back."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from framework.autograd import Tensor
from framework.autograd.dtypes import float32
from framework.autograd.hooks import RemovableHandle

__all__ = ["StateDict"]

Hook = Callable[..., Any]


class StateDict:
    """The part of an Optimizer that gives and takes its state, parameters named by number."""

    state: defaultdict[Any, dict[str, Any]]
    param_groups: list[dict[str, Any]]
    __setstate__: Callable[[dict[str, Any]], None]

    def __init__(self) -> None:
        super().__init__()
        self._optimizer_state_dict_pre_hooks: dict[int, Hook] = {}
        self._optimizer_state_dict_post_hooks: dict[int, Hook] = {}
        self._optimizer_load_state_dict_pre_hooks: dict[int, Hook] = {}
        self._optimizer_load_state_dict_post_hooks: dict[int, Hook] = {}

    def state_dict(self) -> dict[str, Any]:
        """`{"state": {number: {name: tensor}}, "param_groups": [options and numbers]}`.

        The tensors are the optimizer's own, not copies.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for number, parameter in enumerate(group["params"], start):
                numbers.setdefault(id(parameter), number)
            start += len(group["params"])
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [numbers[id(parameter)] for parameter in group["params"]]
            groups.append(packed)
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state from another optimizer of the same groups; state is copied.

        Raises ValueError when the groups differ in number or in size.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        groups = self.param_groups
        saved = copy.deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(g["params"]) != len(s["params"]) for g, s in zip(groups, saved, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        numbers = chain.from_iterable(group["params"] for group in saved)
        parameters = chain.from_iterable(group["params"] for group in groups)
        parameter_of = dict(zip(numbers, parameters, strict=True))
        fused = {n for group in saved if group.get("fused") or group.get("capturable") for n in group["params"]}
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for number, values in state_dict["state"].items():
            if number in parameter_of:
                parameter = parameter_of[number]
                state[parameter] = {key: _cast(parameter, key, values[key]) for key in values}
                steps = state[parameter].get("step")
                if number in fused and isinstance(steps, Tensor):
                    state[parameter]["step"] = steps.to(float32)
            else:
                state[number] = values
        for group, new in zip(groups, saved, strict=True):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict`."""
        return RemovableHandle(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after it; what it returns, if not None, is taken."""
        return RemovableHandle(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another to load."""
        return RemovableHandle(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return RemovableHandle(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _cast(parameter: Tensor, key: Any, value: Any) -> Any:
    """A copy of a saved value, its tensors of the parameter's type; step counts keep theirs."""
    if isinstance(value, Tensor):
        if key != "step" and parameter.is_floating_point():
            return value.detach().clone().to(parameter.dtype)
        return value.detach().clone()
    if isinstance(value, dict):
        return {name: _cast(parameter, name, item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_cast(parameter, None, item) for item in value)  # type: ignore[call-arg]
    return value
