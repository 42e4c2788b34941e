"""What every optimizer is: groups of parameters, a state for each, and a step in two parts."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np

from framework.autograd import Tensor, enable_grad
from framework.autograd.dtypes import get_default_dtype
from framework.autograd.float_errors import SILENCE, restore, silence
from framework.autograd.grad_mode import mode
from framework.optim.hooks import (
    StepHooks,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from framework.optim.options import refuse_capturable
from framework.optim.state_dict import StateDict
from framework.optim.together import Member, Together
from framework.optim.writing import can_be_parted, keep, update_in_blocks

__all__ = [
    "Optimizer",
    "ParamsT",
    "counter",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]


ParamsT: TypeAlias = Iterable[Any]
"""What an optimizer takes as parameters: tensors, (name, tensor) pairs, or dicts with "params" and options."""


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required: Any = _Required()


def counter(value: float, group: Mapping[str, Any]) -> np.ndarray:
    """A number that an optimizer keeps of a parameter, such as its steps, as the array in which PyTorch keeps it."""
    return np.array(value, dtype=np.float32 if group.get("fused") else get_default_dtype().dtype)


class Optimizer(StepHooks, StateDict):
    """Base of all optimizers: changes parameters by their gradients, group by group.

    A subclass defines `scalars` and `update`, and `initial_state` if it keeps any; or `step` alone.
    `params` are tensors, (name, tensor) pairs, or dicts with "params" and options of their own.
    """

    state: defaultdict[Any, dict[str, Any]]
    param_groups: list[dict[str, Any]]

    elementwise: ClassVar[bool] = False
    """Whether `update` works on every element for itself, by scalars that look at `counters` alone.

    It may then be given a part of a parameter, or several parameters in one array. A class with a formula or scalars
    of its own says so anew.
    """

    counters: ClassVar[tuple[str, ...]] = ()
    """What of a parameter's state is one number, made by `counter`: checkpoints of old have it as a Python number."""

    added_options: ClassVar[Mapping[str, Any]] = {}
    """Options that a group loaded from an old checkpoint may lack, and what it meant without them."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if ("update" in own or "scalars" in own) and "elementwise" not in own:
            cls.elementwise = False

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {params.type()}"
            )
        super().__init__()
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # The two parts of a step

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers of this step for one parameter: plain Python, run every step.

        Numbers may change from step to step; all else (a bool, None, a tuple) chooses a branch of `update`.
        """
        raise NotImplementedError(self._missing("scalars"))

    def update(
        self,
        parameter: np.ndarray,
        grad: np.ndarray,
        state: dict[str, Any],
        scalars: dict[str, Any],
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """The new parameter and state: a pure NumPy formula that writes into none of its arguments.

        `state` maps names to arrays. An entry left out of the new state stays as it was.
        """
        raise NotImplementedError(self._missing("update"))

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        """The arrays that `update` finds as `state` in a parameter's first step."""
        return {}

    @property
    def two_part(self) -> bool:
        """Whether the step is made of `scalars` and `update`, which can be compiled."""
        return type(self).step is Optimizer.step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, in place; gives what `closure` returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        trace = mode.trace
        if trace is not None:
            section = trace.enter_section("update")
        # A rate too large overflows in silence, as in PyTorch.
        audible = silence(SILENCE)
        try:
            for group in self.param_groups:
                self._step_group(group, trace)
        finally:
            restore(audible)
            if trace is not None:
                trace.enter_section(section)
        return loss

    def _step_group(self, group: dict[str, Any], trace: Any) -> None:
        refuse_capturable(group)
        states, update = self.state, self.update
        scalars = self.scalars if trace is None else partial(trace.numbers, self.scalars)
        starts_with_state = type(self).initial_state is not Optimizer.initial_state
        parted = self.elementwise and trace is None
        together = Together(self.counters) if parted else None
        for parameter in group["params"]:
            grad = parameter._grad
            if grad is None:
                continue
            array = parameter._array
            # Hashing a Tensor costs more than this look.
            kept = states.get(parameter) if states else None
            if kept:
                state = {name: value._array if isinstance(value, Tensor) else value for name, value in kept.items()}
                if together is not None and together.takes(Member(parameter, array, grad._array, kept, state)):
                    continue
            else:
                state = self.initial_state(array, group) if starts_with_state else {}
            self._step_one(parameter, array, grad._array, kept, state, scalars(group, state), parted)
        if together is not None:
            together.update(partial(scalars, group), update, self._step_one)

    def _step_one(
        self,
        parameter: Tensor,
        array: np.ndarray,
        grad: np.ndarray,
        kept: dict[str, Any] | None,
        state: dict[str, Any],
        numbers: dict[str, Any],
        parted: bool = False,
    ) -> None:
        if parted and can_be_parted(array, state):
            update_in_blocks(self.update, self.state[parameter], array, grad, state, numbers)
        else:
            new, after = self.update(array, grad, state, numbers)
            if after:
                new = keep(self.state[parameter] if kept is None else kept, state, after, array, new)
            array[...] = new
        parameter._bump()

    def _missing(self, name: str) -> str:
        kind = type(self).__name__
        return f"{kind} must define {name}(): an optimizer is either scalars() and update(), or a step() of its own"

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for parameter in group["params"]:
                grad = parameter._grad
                if grad is None:
                    continue
                if set_to_none:
                    parameter._grad = None
                elif grad.grad_fn is not None:
                    grad.detach_().zero_()
                else:
                    grad.requires_grad_(False).zero_()

    # Groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, with options of their own if given, to those optimized.

        Raises ValueError for a tensor that isn't a leaf or is in another group already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _named(param_group["params"])
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        self._check_new(param_group)
        self.param_groups.append(param_group)

    def _check_new(self, group: dict[str, Any]) -> None:
        params = set(group["params"])
        if len(params) < len(group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=4,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                kind = "with names" if "param_names" in group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {kind} to the optimizer"
                )
        if any(not params.isdisjoint(other["params"]) for other in self.param_groups):
            raise ValueError("some parameters appear in more than one parameter group")

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for name in sorted(group.keys() - {"params"}):
                text += f"    {name}: {group[name]}\n"
        return text + ")"

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            super().__init__()
        self.__dict__.update(state)
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for name, value in self.added_options.items():
                group.setdefault(name, value)
            for kept in filter(None, map(self.state.get, group["params"])):
                for name in self.counters:
                    if not isinstance(kept[name], Tensor):
                        kept[name] = Tensor._wrap(counter(kept[name], group))


def _named(params: Any) -> tuple[list[Any], list[str]]:
    """The tensors of a group, and their names where they come in pairs."""
    if isinstance(params, Tensor):
        return [params], []
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    entries = list(params)
    pairs = [entry for entry in entries if isinstance(entry, tuple)]
    if pairs and len(pairs) < len(entries):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    if pairs:
        return [tensor for _, tensor in pairs], [name for name, _ in pairs]
    return entries, []
