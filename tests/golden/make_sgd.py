"""Writes SGD's trajectories with torch: python tests/golden/make_sgd.py (torch 2.13).

For every valid combination of options and both types, two parameters over 25 steps of the gradients
in `sgd_cases`; the values after steps 1, 2, 5 and 25, and the last momentum buffers.
"""

import pathlib
from typing import Any

import numpy as np
import torch
from sgd_cases import CASES, KEPT, STEPS, build, gradients, starts


def trajectory(options: dict[str, Any], dtype: torch.dtype) -> tuple[list[float], list[float]]:
    """All values of both parameters after each kept step, and the momentum buffers (NaN: none)."""
    parameters = [torch.nn.Parameter(torch.tensor(start, dtype=dtype)) for start in starts()]
    optimizer = build(torch.optim.SGD, parameters, options)
    kept: list[float] = []
    for step in range(1, STEPS + 1):
        for parameter, gradient in zip(parameters, gradients(step), strict=True):
            parameter.grad = None if gradient is None else torch.tensor(gradient, dtype=dtype)
        optimizer.step()
        if step in KEPT:
            kept += [value for parameter in parameters for value in parameter.flatten().tolist()]
    buffers: list[float] = []
    for parameter in parameters:
        buffer = optimizer.state[parameter].get("momentum_buffer")
        missing = torch.full_like(parameter, torch.nan)
        buffers += (missing if buffer is None else buffer).flatten().tolist()
    return kept, buffers


results = {}
for dtype in (torch.float32, torch.float64):
    pairs = [trajectory(options, dtype) for options in CASES.values()]
    name = str(dtype).removeprefix("torch.")
    kind = np.dtype(name)
    results[f"{name} parameters"] = np.array([kept for kept, _ in pairs], dtype=kind)
    results[f"{name} buffers"] = np.array([buffers for _, buffers in pairs], dtype=kind)
path = pathlib.Path(__file__).with_name("sgd.npz")
np.savez_compressed(path, **results)
print(path.name, len(CASES), "cases", {name: array.shape for name, array in results.items()})
