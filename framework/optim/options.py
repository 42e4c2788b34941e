"""What optimizers ask of their options, in PyTorch's words: each function raises where an option makes no sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framework.autograd import Tensor

__all__ = ["FLAGS", "check_at_least_zero", "check_betas", "check_flags", "check_lr", "refuse_capturable"]

FLAGS = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}
"""Options that nearly every optimizer was given after its first years, and what they mean in a checkpoint without."""

_CAPTURING = ["cuda", "xpu", "hpu", "privateuseone", "xla"]


def check_lr(lr: float | Tensor, otherwise: str = "Invalid learning rate") -> None:
    """A rate is zero or more; as a tensor, one number."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check_at_least_zero(lr, otherwise)


def check_at_least_zero(value: Any, otherwise: str) -> None:
    """ValueError, beginning with `otherwise`, for a number below zero or nan."""
    if not 0.0 <= value:
        raise ValueError(f"{otherwise}: {value}")


def check_betas(betas: Sequence[Any]) -> None:
    """Each part that a running average keeps of what it was is at least 0 and less than 1."""
    for number in range(2):
        if not 0.0 <= betas[number] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {number}: {betas[number]}")


def check_flags(options: Mapping[str, Any]) -> None:
    """Refuses PyTorch's flags for implementations where they would change what a step means.

    `foreach` and `fused` choose among kernels that are one here.
    """
    fused = options.get("fused")
    if fused and options["differentiable"]:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and options["foreach"]:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if options["differentiable"]:
        raise NotImplementedError(
            "differentiable=True is not supported: a step writes into arrays, outside any "
            "graph. To differentiate through a step, call optimizer.update() on tensors; it is "
            "a formula that records like any other."
        )


def refuse_capturable(group: Mapping[str, Any]) -> None:
    """AssertionError for a step with capturable=True, of which only the fused kernel runs on a CPU."""
    if group.get("capturable") and not group.get("fused"):
        raise AssertionError(f"If capturable=True, params and state_steps must be on supported devices: {_CAPTURING}.")
