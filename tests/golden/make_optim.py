"""Writes the optimizers' trajectories with torch: python tests/golden/make_optim.py (torch 2.13).

For every case and both types, the parameters of a network after some of the steps on `gradients`, and all that the
optimizer keeps after the last: its values in optim.npz, its names in optim.json (those of float32).
"""

import json
import pathlib
from typing import Any

import numpy as np
import torch
from optim_cases import CASES, KEPT, STEPS, build, gradients, starts

HERE = pathlib.Path(__file__).parent


def trajectory(name: str, options: dict[str, Any], kind: str) -> tuple[list[float], list[float], list[list[str]]]:
    """The parameters after each kept step, the state at the end, and its names with their types."""
    parameters = [torch.nn.Parameter(torch.tensor(start, dtype=getattr(torch, kind))) for start in starts(name)]
    optimizer = build(getattr(torch.optim, name), parameters, options)
    kept: list[float] = []
    for step in range(1, STEPS[kind] + 1):
        found = gradients([parameter.detach().numpy() for parameter in parameters], step)
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = None if gradient is None else torch.tensor(gradient)
        optimizer.step()
        if step in KEPT[kind]:
            kept += [value for parameter in parameters for value in parameter.flatten().tolist()]
    states = [optimizer.state[parameter] for parameter in parameters]
    values = [value for state in states for each in state.values() for value in each.flatten().tolist()]
    return kept, values, [[f"{key} {each.dtype} {list(each.shape)}" for key, each in state.items()] for state in states]


results: dict[str, np.ndarray] = {}
names: dict[str, list[list[str]]] = {}
for number, (case, (name, options)) in enumerate(CASES.items()):
    for kind in STEPS:
        kept, values, names[case] = trajectory(name, options, kind)
        results[f"{kind} {number}"] = np.array([*kept, *values], dtype=kind)
by_kind = {kind: np.concatenate([results[f"{kind} {n}"] for n in range(len(CASES))]) for kind in STEPS}
np.savez_compressed(HERE / "optim.npz", **by_kind)
(HERE / "optim.json").write_text(json.dumps(names, indent=0) + "\n")
print(len(CASES), "cases", {kind: array.shape for kind, array in by_kind.items()})
