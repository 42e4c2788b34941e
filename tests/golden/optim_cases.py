"""The optimizers, options, network and gradients of the trajectories in optim.npz."""

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = {"float64": 100, "float32": 30}
KEPT = {"float64": (1, 5, 100), "float32": (30,)}

_DECAYED = {"weight_decay": 0.1}
_ADAM: list[dict[str, Any]] = [
    {},
    {"amsgrad": True},
    _DECAYED,
    {"maximize": True, "amsgrad": True, "weight_decay": 0.02},
    {"betas": (0.5, 0.9), "eps": 1e-3},
    {"betas": (0.0, 0.0)},
    {"foreach": True},
    {"fused": True, "amsgrad": True, "weight_decay": 0.1},
]
_AVERAGING: list[dict[str, Any]] = [
    {},
    _DECAYED,
    {"weight_decay": 0.1, "decoupled_weight_decay": True},
    {"maximize": True, "betas": (0.7, 0.95), "eps": 1e-2, "foreach": True},
]
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "Adam": [{"lr": 0.02, **options} for options in [*_ADAM, {"decoupled_weight_decay": True, **_DECAYED}]],
    "AdamW": [{"lr": 0.02, **options} for options in [*_ADAM, {"weight_decay": 0}]],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2},
        {"lr": 0.1, "eps": 1e-2, **_DECAYED},
        {"maximize": True, "foreach": True},
        {"fused": True, **_DECAYED},
    ],
    "RMSprop": [
        {"lr": 0.005, **options}
        for options in (
            {},
            {"momentum": 0.8},
            {"centered": True},
            {"centered": True, "momentum": 0.5, "eps": 1e-3, "alpha": 0.9},
            {"maximize": True},
            {"eps": 1e-2, "foreach": True, **_DECAYED},
        )
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.8, "eps": 1e-4}, _DECAYED, {"maximize": True, "foreach": True}],
    "Adamax": [{"lr": 0.01, **options} for options in _AVERAGING if "decoupled_weight_decay" not in options],
    "NAdam": [{"lr": 0.01, **options} for options in [*_AVERAGING, {"momentum_decay": 0.1}]],
    "RAdam": [{"lr": 0.05, **options} for options in [*_AVERAGING, {"betas": (0.9, 0.5)}]],
    "Rprop": [{}, {"lr": 1e-3, "etas": (0.3, 1.5)}, {"step_sizes": (1e-3, 0.02)}, {"maximize": True, "foreach": True}],
    "ASGD": [
        {"lr": 0.05, **options}
        for options in ({}, {"t0": 20}, {"lambd": 0.05, "alpha": 0.5, **_DECAYED}, {"maximize": True, "foreach": True})
    ],
    "Adafactor": [
        {},
        {"lr": 0.05, "beta2_decay": -0.5, "d": 2.0},
        {"eps": (1e-3, 0.05), "foreach": True},
        {"maximize": True, **_DECAYED},
    ],
    "Muon": [
        {"lr": 0.02},
        {"lr": 0.02, "nesterov": False, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw"},
        {"weight_decay": 0, "ns_steps": 3, "ns_coefficients": (1.5, -0.5, 0.0), "adjust_lr_fn": "original"},
    ],
}


def _cases() -> dict[str, tuple[str, dict[str, Any]]]:
    cases = {f"{name} {options}": (name, options) for name, all_ in _OPTIONS.items() for options in all_}
    for name in _OPTIONS:
        groups = [{"lr": 0.03}, {"weight_decay": 0.2} if name not in ("Rprop",) else {"etas": (0.2, 1.1)}]
        cases[f"{name} in groups"] = (name, {"groups": groups, "lr": 0.01})
    return cases


CASES = _cases()


def starts(name: str) -> list[np.ndarray]:
    """The parameters at the start, float64; Muon takes matrices alone."""
    found = [
        np.sin(np.arange(12.0)).reshape(4, 3),
        np.cos(np.arange(8.0)).reshape(2, 4),
        np.array([0.3, -0.2, 0.1, 1e-3]),
        np.array(0.7),
    ]
    return found[:2] if name == "Muon" else found


INPUTS = np.cos(np.arange(24.0) ** 1.5).reshape(8, 3)
TARGETS = np.sin(np.arange(16.0) ** 1.3).reshape(8, 2)


def gradients(parameters: list[np.ndarray], step: int) -> list[np.ndarray | None]:
    """Those of a network's mean squared error; the third parameter has none in every fifth step."""
    first, second, *others = parameters
    shift, scale = others or (0.0, 1.0)
    inputs, targets = INPUTS.astype(first.dtype), TARGETS.astype(first.dtype)
    hidden = np.tanh(inputs @ first.T + shift)
    mixed = hidden @ second.T
    output = np.tanh(scale * mixed)
    error = (output - targets) * (1 - output * output) / 8
    back = scale * (error @ second) * (1 - hidden * hidden)
    found = [back.T @ inputs, scale * (error.T @ hidden)]
    if others:
        found += [None if step % 5 == 3 else back.sum(0), np.asarray((error * mixed).sum())]
    return found


def build(make: Callable[..., Any], parameters: list[Any], options: dict[str, Any]) -> Any:
    """The optimizer of a case."""
    if "groups" not in options:
        return make(parameters, **options)
    options = dict(options)
    parts = (parameters[::2], parameters[1::2])
    groups = [{"params": part, **group} for part, group in zip(parts, options.pop("groups"), strict=True)]
    return make(groups, **options)
