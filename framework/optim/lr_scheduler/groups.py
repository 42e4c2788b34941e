"""Reads and writes one option of all of an optimizer's groups; an option may be a number or a tensor."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer

__all__ = ["Number", "of_groups", "one_a_group", "owned", "set_in_group"]

Number = Any  # float or Tensor: formulas are the same for both


def owned(value: Any) -> Any:
    """A value that nobody else changes: tensors are copied."""
    return value.clone() if isinstance(value, Tensor) else value


def of_groups(optimizer: Optimizer, name: str) -> list[Number]:
    """One option of each group."""
    return [owned(group[name]) for group in optimizer.param_groups]


def one_a_group(name: str, optimizer: Optimizer, values: Any) -> list[Any]:
    """A list of an argument's values, one a group: those given, or one for all. ValueError for another number."""
    groups = optimizer.param_groups
    if not isinstance(values, list | tuple):
        return [owned(values) for _ in groups]
    if len(values) != len(groups):
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(values)} values, param_groups has {len(groups)}."
        )
    return [owned(value) for value in values]


def set_in_group(group: dict[str, Any], name: str, value: Number) -> None:
    """Change an option; one that is a tensor stays the same tensor."""
    held = group[name]
    if isinstance(held, Tensor):
        held.fill_(value.squeeze() if isinstance(value, Tensor) and value.dim() else value)
    else:
        group[name] = value
