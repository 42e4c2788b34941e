"""Every optimizer goes PyTorch's way: its parameters and all that it keeps, in both types, whole and in parts."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import framework
from framework import optim
from framework.autograd import Tensor
from framework.nn import Parameter
from framework.optim import together, writing
from tests.golden.optim_cases import CASES, KEPT, STEPS, build, gradients, starts

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
TOLERANCE = {"float64": 1e-7, "float32": 1e-4}


@pytest.fixture(scope="module")
def names() -> dict[str, list[list[str]]]:
    return json.loads((GOLDEN / "optim.json").read_text())


@pytest.fixture(scope="module")
def golden(names: dict[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """By type and case: the parameters after each kept step, then the state after the last."""
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(GOLDEN / "optim.npz", allow_pickle=False) as file:
        for kind in STEPS:
            values, found[kind] = file[kind], {}
            for case, (name, _) in CASES.items():
                sizes = [int(np.prod(json.loads(entry.split(" ", 2)[2]))) for row in names[case] for entry in row]
                size = sum(sizes) + len(KEPT[kind]) * sum(each.size for each in starts(name))
                found[kind][case], values = values[:size], values[size:]
            assert not len(values)
    return found


def nothing(step: int, parameters: list[Any], optimizer: Any) -> None:
    pass


def train(case: str, kind: str, after: Any = nothing) -> tuple[list[Any], Any]:
    name, options = CASES[case]
    parameters = [Parameter(Tensor._wrap(start.astype(kind))) for start in starts(name)]
    optimizer = build(getattr(optim, name), parameters, options)
    for step in range(1, STEPS[kind] + 1):
        found = gradients([parameter._array for parameter in parameters], step)
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = None if gradient is None else Tensor._wrap(gradient)
        optimizer.step()
        after(step, parameters, optimizer)
    return parameters, optimizer


def flat(tensors: Any) -> list[float]:
    return [value for each in tensors for value in each._array.ravel()]


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("case", CASES)
def test_trajectory_is_pytorchs(
    case: str, kind: str, golden: dict[str, dict[str, np.ndarray]], names: dict[str, list[list[str]]]
) -> None:
    kept: list[float] = []

    def after(step: int, parameters: list[Any], optimizer: Any) -> None:
        if step in KEPT[kind]:
            kept.extend(flat(parameters))

    parameters, optimizer = train(case, kind, after)
    states = [optimizer.state[parameter] for parameter in parameters]
    kept += [value for state in states for value in flat(state.values())]
    tolerance = TOLERANCE[kind]
    np.testing.assert_allclose(kept, golden[kind][case], rtol=tolerance, atol=tolerance)
    if kind == "float32":
        layout = [[f"{key} {each.dtype} {list(each.shape)}" for key, each in state.items()] for state in states]
        assert layout == names[case]


def test_every_option_changes_the_trajectory(golden: dict[str, dict[str, np.ndarray]]) -> None:
    known = {name: {tuple(golden["float64"][case]) for case in CASES if CASES[case][0] == name} for name in dir(optim)}
    alike = {name: sum(CASES[case][0] == name for case in CASES) - len(found) for name, found in known.items()}
    # foreach and fused change nothing; Adam with decoupled decay is counted with Adam's.
    assert {name: count for name, count in alike.items() if count} == {"Adam": 1, "AdamW": 1}


ELEMENTWISE = [case for case, (name, _) in CASES.items() if getattr(optim, name).elementwise]


@pytest.mark.parametrize("case", ELEMENTWISE)
def test_together_and_in_parts_it_is_the_same_to_the_bit(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for small, block in ((together.SMALL, writing.BLOCK), (0, writing.BLOCK), (0, 5)):
        monkeypatch.setattr(together, "SMALL", small)
        monkeypatch.setattr(writing, "BLOCK", block)
        parameters, optimizer = train(case, "float32")
        states = [optimizer.state[parameter] for parameter in parameters]
        found.append((flat(parameters), [(list(state), flat(state.values())) for state in states]))
        # The third has no gradient in every fifth step.
        assert [each._version for each in parameters] == [30, 30, 24, 30]
        assert all(each._version >= 1 for state in states for each in state.values())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("case", CASES)
def test_the_formula_writes_into_nothing_and_keeps_float32(case: str) -> None:
    name, options = CASES[case]
    parameters = [Parameter(Tensor._wrap(start.astype(np.float32))) for start in starts(name)]
    optimizer = build(getattr(optim, name), parameters, options)
    group = optimizer.param_groups[0]
    for parameter in parameters:
        array, grad = parameter._array.copy(), np.full_like(parameter._array, 0.5)
        state = optimizer.initial_state(array, group)
        kinds = {key: (each.dtype, each.shape) for key, each in state.items()}
        for _ in range(7):
            for each in (array, grad, *state.values()):
                each.flags.writeable = False
            array, state = optimizer.update(array, grad, dict(state), optimizer.scalars(group, state))
            array, *values = [np.array(each) for each in (array, *state.values())]
            state = dict(zip(state, values, strict=True))
            assert array.dtype == np.float32
            assert {key: (each.dtype, each.shape) for key, each in state.items()} == kinds


@pytest.mark.parametrize("case", [f"{name} in groups" for name in dir(optim) if f"{name} in groups" in CASES])
def test_update_on_tensors_is_differentiable(case: str) -> None:
    name, options = CASES[case]
    parameters = [Parameter(Tensor._wrap(start)) for start in starts(name)]
    optimizer = build(getattr(optim, name), parameters, options)
    group = optimizer.param_groups[0]
    start = parameters[0].detach().clone().requires_grad_()
    grad = framework.linspace(-1, 2, 12, dtype=framework.float64).reshape(4, 3).requires_grad_()
    arrays = optimizer.initial_state(start._array, group)
    numbers = optimizer.scalars(group, arrays)
    new, _ = optimizer.update(start, grad, {key: Tensor._wrap(each) for key, each in arrays.items()}, numbers)
    plain, _ = optimizer.update(start._array, grad._array, arrays, numbers)
    assert new.requires_grad and new._array.tolist() == plain.tolist()
    new.sum().backward()
    assert start.grad is not None and start.grad.isfinite().all()
