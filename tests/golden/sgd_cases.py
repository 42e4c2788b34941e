"""The options, starting values and gradients of the SGD trajectories in sgd.npz."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = 25
KEPT = (1, 2, 5, 25)


def _cases() -> dict[str, dict[str, Any]]:
    cases: dict[str, dict[str, Any]] = {}
    for momentum, dampening, weight_decay, nesterov, maximize in itertools.product(
        (0, 0.9), (0, 0.3), (0, 0.05), (False, True), (False, True)
    ):
        if nesterov and (not momentum or dampening):
            continue
        options = {
            "lr": 0.03,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        cases[",".join(str(value) for value in options.values())] = options
    cases["groups"] = {
        "defaults": {"lr": 0.02, "momentum": 0.5},
        "groups": [{"weight_decay": 0.1, "nesterov": True}, {"lr": 0.2, "momentum": 0}],
    }
    cases["groups that differ"] = {
        "defaults": {"lr": 0.02},
        "groups": [{"momentum": 0.8, "dampening": 0.5}, {"momentum": 0.8, "maximize": True}],
    }
    cases["foreach"] = {"lr": 0.03, "momentum": 0.9, "weight_decay": 0.05, "foreach": True}
    cases["fused"] = {"lr": 0.03, "momentum": 0.9, "weight_decay": 0.05, "fused": True}
    return cases


CASES = _cases()


def starts() -> list[np.ndarray]:
    """The parameters at the start, float64."""
    return [np.linspace(-1, 1, 6).reshape(2, 3), np.array([0.5, -0.25, 2.0, 1e-3])]


def gradients(step: int) -> list[np.ndarray | None]:
    """The gradients of one step; the second parameter has none in every fifth."""
    first = np.sin(step * np.arange(1, 7)).reshape(2, 3)
    second = np.cos(step * np.arange(1, 5)) * 0.5**step
    return [first, None if step % 5 == 3 else second]


def build(make: Callable[..., Any], parameters: list[Any], options: dict[str, Any]) -> Any:
    """The optimizer of a case."""
    if "groups" not in options:
        return make(parameters, **options)
    groups = [{"params": [parameter], **group} for parameter, group in zip(parameters, options["groups"], strict=True)]
    return make(groups, **options["defaults"])
