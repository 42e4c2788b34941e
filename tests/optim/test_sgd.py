"""SGD gives PyTorch's numbers, and its formula is pure."""

import pathlib

import numpy as np
import pytest

from framework.autograd import Tensor
from framework.nn import Parameter
from framework.optim import SGD
from tests.golden.sgd_cases import CASES, KEPT, STEPS, build, gradients, starts

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "sgd.npz"
TOLERANCE = {"float32": 3e-6, "float64": 1e-13}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN, allow_pickle=False) as file:
        return dict(file)


def run(options: dict, dtype: str) -> tuple[list[float], list[float]]:
    parameters = [Parameter(Tensor._wrap(start.astype(dtype))) for start in starts()]
    optimizer = build(SGD, parameters, options)
    kept: list[float] = []
    for step in range(1, STEPS + 1):
        for parameter, gradient in zip(parameters, gradients(step), strict=True):
            parameter.grad = None if gradient is None else Tensor._wrap(gradient.astype(dtype))
        optimizer.step()
        if step in KEPT:
            kept += [value for parameter in parameters for value in parameter._array.ravel()]
    buffers: list[float] = []
    for parameter in parameters:
        assert parameter._array.dtype == dtype
        buffer = optimizer.state[parameter].get("momentum_buffer")
        if buffer is None:
            buffers += [np.nan] * parameter._array.size
        else:
            assert buffer._array.dtype == dtype
            buffers += list(buffer._array.ravel())
    return kept, buffers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_trajectory_is_pytorchs(case: str, dtype: str, golden: dict[str, np.ndarray]) -> None:
    kept, buffers = run(CASES[case], dtype)
    row = list(CASES).index(case)
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(kept, golden[f"{dtype} parameters"][row], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(buffers, golden[f"{dtype} buffers"][row], rtol=tolerance, atol=tolerance)


def test_every_option_changes_the_trajectory(golden: dict[str, np.ndarray]) -> None:
    rows = golden["float64 parameters"]
    apart = [name for name in CASES if name not in ("foreach", "fused")]
    ends = {name: tuple(rows[list(CASES).index(name)]) for name in apart}
    # Without momentum, dampening means nothing.
    same = {name for name in apart if name.startswith("0.03,0,0.3")}
    assert len(set(ends.values())) == len(apart) - len(same)


@pytest.mark.parametrize("case", CASES)
def test_the_formula_writes_into_nothing_and_keeps_float32(case: str) -> None:
    options = CASES[case]
    parameter = Parameter(Tensor._wrap(np.ones((2, 3), dtype=np.float32)))
    other = Parameter(Tensor._wrap(np.ones(1, dtype=np.float32)))
    optimizer = build(SGD, [parameter, other], options)
    group = optimizer.param_groups[0]
    array, grad = parameter._array.copy(), np.full((2, 3), 0.5, dtype=np.float32)
    state: dict[str, np.ndarray] = {}
    for step in range(3):
        for each in (array, grad, *state.values()):
            each.flags.writeable = False
        scalars = optimizer.scalars(group, state)
        assert {type(value) for value in scalars.values()} <= {float, bool, type(None)}
        array, state = optimizer.update(array, grad, dict(state), scalars)
        assert array.dtype == np.float32, step
        assert all(value.dtype == np.float32 for value in state.values())


def test_the_first_buffer_is_not_the_gradient_itself() -> None:
    parameter = Parameter(Tensor._wrap(np.ones(2)))
    optimizer = SGD([parameter], lr=0.1, momentum=0.9)
    parameter.grad = Tensor._wrap(np.ones(2))
    optimizer.step()
    parameter.grad._array[...] = 7
    assert optimizer.state[parameter]["momentum_buffer"]._array.tolist() == [1, 1]


def test_a_step_writes_in_place_and_counts_a_version() -> None:
    parameter = Parameter(Tensor._wrap(np.ones(2)))
    array = parameter._array
    optimizer = SGD([parameter], lr=0.5, momentum=0.5)
    for step in range(1, 4):
        parameter.grad = Tensor._wrap(np.ones(2))
        optimizer.step()
        assert parameter._array is array
        assert parameter._version == step
    buffer = optimizer.state[parameter]["momentum_buffer"]
    kept = buffer._array
    optimizer.step()
    assert optimizer.state[parameter]["momentum_buffer"] is buffer
    assert buffer._array is kept


def test_differentiable_is_refused_with_the_reason() -> None:
    parameter = Parameter(Tensor._wrap(np.ones(2)))
    with pytest.raises(NotImplementedError, match=r"optimizer\.update\(\) on tensors"):
        SGD([parameter], lr=0.1, differentiable=True)


def test_a_step_that_overflows_is_silent() -> None:
    parameter = Parameter(Tensor([1.0, 1.0]))
    parameter.grad = Tensor([3e38, 3e38])
    SGD([parameter], lr=1e3).step()
    assert parameter.tolist() == [float("-inf")] * 2
