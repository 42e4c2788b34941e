"""The base class: an optimizer in two parts, or with a step of its own."""

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest

import framework
from framework.autograd import Tensor
from framework.nn import Parameter
from framework.optim import SGD, Optimizer


class Adam(Optimizer):
    """State from the start, a step count, numbers that change from step to step."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "betas": (0.9, 0.999)})

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        zeros = np.zeros_like(parameter)
        return {"step": np.zeros((), dtype=np.float32), "mean": zeros, "square": zeros}

    def scalars(self, group: dict[str, Any], state: Any) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        step = float(state["step"]) + 1
        return {
            "beta1": beta1,
            "beta2": beta2,
            "size": group["lr"] / (1 - beta1**step),
            "scale": math.sqrt(1 - beta2**step),
        }

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        mean = scalars["beta1"] * state["mean"] + (1 - scalars["beta1"]) * grad
        square = scalars["beta2"] * state["square"] + (1 - scalars["beta2"]) * grad * grad
        change = mean / (np.sqrt(square) / scalars["scale"] + 1e-8)
        after = {"step": state["step"] + 1, "mean": mean, "square": square}
        return parameter - scalars["size"] * change, after


def parameter(*values: float, dtype: str = "float32") -> Any:
    return Parameter(Tensor._wrap(np.array(values, dtype=dtype)))


def gradient(*values: float, dtype: str = "float32") -> Any:
    return Tensor._wrap(np.array(values, dtype=dtype))


def test_an_optimizer_in_two_parts_keeps_its_state_in_tensors() -> None:
    p = parameter(1.0, 2.0)
    optimizer = Adam([p])
    for _ in range(3):
        p.grad = gradient(0.5, -0.25)
        optimizer.step()
    # Adam moves by lr against a constant gradient, whatever its size.
    np.testing.assert_allclose(p._array, [0.7, 2.3], rtol=1e-6)
    state = optimizer.state[p]
    assert list(state) == ["step", "mean", "square"]
    assert all(type(value) is Tensor for value in state.values())
    assert state["step"].item() == 3 and state["step"].shape == ()
    assert state["mean"]._array is not state["square"]._array
    assert {value.dtype for value in state.values()} == {framework.float32}


def test_state_goes_through_a_state_dict() -> None:
    p, q = parameter(1.0, 2.0), parameter(1.0, 2.0)
    first, second = Adam([p]), Adam([q])
    for turn in range(4):
        if turn == 2:
            q.data = p.detach().clone()
            second.load_state_dict(first.state_dict())
        for tensor, optimizer in ((p, first), (q, second)):
            tensor.grad = gradient(math.sin(turn), math.cos(turn))
            if tensor is p or turn >= 2:
                optimizer.step()
    assert p._array.tolist() == q._array.tolist()
    assert second.state[q]["mean"]._array.tolist() == first.state[p]["mean"]._array.tolist()
    assert not np.shares_memory(second.state[q]["mean"]._array, first.state[p]["mean"]._array)


class Mixed(Optimizer):
    """Hands its arguments on under other names, in the order most easily spoilt."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {})

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"a": parameter * 0 + 10, "b": parameter * 0 + 20, "last": parameter, "turned": parameter}

    def scalars(self, group: dict[str, Any], state: Any) -> dict[str, Any]:
        return {}

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        after = {"a": state["b"], "b": state["a"], "last": parameter, "turned": state["b"][::-1]}
        return state["a"], after


def test_arguments_handed_on_are_not_spoilt_by_the_writing() -> None:
    p = parameter(1.0, 2.0)
    p.grad = gradient(1.0, 1.0)
    optimizer = Mixed([p])
    optimizer.step()
    names = ("a", "b", "last", "turned")
    assert [optimizer.state[p][name].tolist() for name in names] == [[20, 20], [10, 10], [1, 2], [20, 20]]
    assert p.tolist() == [10, 10]
    optimizer.state[p]["b"]._array[...] = [3, 4]
    optimizer.step()
    assert [optimizer.state[p][name].tolist() for name in names] == [[3, 4], [20, 20], [10, 10], [4, 3]]
    assert p.tolist() == [20, 20]
    arrays = [p._array, *(value._array for value in optimizer.state[p].values())]
    assert not any(np.shares_memory(one, other) for one in arrays for other in arrays if one is not other)


def test_loaded_state_takes_the_parameters_type_but_for_step_counts() -> None:
    p, q = parameter(1.0), parameter(1.0, dtype="float64")
    first, second = Adam([p]), Adam([q])
    p.grad = gradient(1.0)
    first.step()
    second.load_state_dict(first.state_dict())
    kinds = {name: str(value.dtype) for name, value in second.state[q].items()}
    assert kinds == {"step": "torch.float32", "mean": "torch.float64", "square": "torch.float64"}


def test_two_part_tells_which_steps_can_be_compiled() -> None:
    class Own(SGD):
        def step(self, closure: Any = None) -> None:
            super().step(closure)

    p = parameter(1.0)
    assert SGD([p], lr=0.1).two_part and Adam([p]).two_part
    assert not Own([p], lr=0.1).two_part


def test_a_step_that_calls_the_base_step_runs_its_hooks_once() -> None:
    class Own(SGD):
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    p = parameter(1.0)
    optimizer = Own([p], lr=0.1)
    calls = []
    handle = optimizer.register_step_post_hook(lambda *args: calls.append(1))
    optimizer.step()
    optimizer.step()
    assert len(calls) == 2
    handle.remove()
    optimizer.step()
    assert len(calls) == 2
    assert not optimizer._hooked


def test_global_hooks_run_around_every_step_until_removed() -> None:
    from framework.optim import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

    optimizer = SGD([parameter(1.0)], lr=0.1)
    for register in (register_optimizer_step_pre_hook, register_optimizer_step_post_hook):
        assert not optimizer._hooked
        calls = []
        handle = register(lambda *args, calls=calls: calls.append(1))
        optimizer.step()
        SGD([parameter(1.0)], lr=0.1).step()
        handle.remove()
        optimizer.step()
        assert len(calls) == 2


def test_hooks_go_on_after_a_step_that_raised() -> None:
    optimizer = SGD([parameter(1.0)], lr=0.1)
    calls = []
    optimizer.register_step_pre_hook(lambda *args: calls.append(1))

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        optimizer.step(fails)
    optimizer.step()
    assert len(calls) == 2


def test_a_hook_may_change_the_arguments() -> None:
    optimizer = SGD([parameter(1.0)], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o,), {"closure": lambda: 7}))
    assert optimizer.step() == 7


@pytest.mark.parametrize("missing", ["scalars", "update"])
def test_a_subclass_without_its_parts_says_what_to_define(missing: str) -> None:
    class Half(Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

    if missing == "update":
        Half.scalars = lambda self, group, state: {}
    p = parameter(1.0)
    p.grad = gradient(1.0)
    with pytest.raises(NotImplementedError, match=rf"Half must define {missing}\(\)"):
        Half([p]).step()


def test_the_closure_is_recorded_inside_no_grad() -> None:
    p = parameter(1.0)
    recording = []
    with framework.no_grad():
        SGD([p], lr=0.1).step(lambda: recording.append(framework.is_grad_enabled()))
    assert recording == [True]


def test_entries_that_update_does_not_name_stay() -> None:
    p = parameter(1.0)
    p.grad = gradient(1.0)
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    optimizer.state[p]["note"] = gradient(3.0)
    optimizer.step()
    assert sorted(optimizer.state[p]) == ["momentum_buffer", "note"]


def test_update_on_tensors_is_differentiable() -> None:
    start = framework.tensor([1.0, -2.0], dtype=framework.float64, requires_grad=True)
    grad = framework.tensor([0.5, 0.25], dtype=framework.float64, requires_grad=True)
    optimizer = SGD([parameter(1.0)], lr=0.5, weight_decay=0.1, momentum=0.9, nesterov=True)
    group = optimizer.param_groups[0]
    new, state = optimizer.update(start, grad, {}, optimizer.scalars(group, {}))
    new, _ = optimizer.update(new, grad, state, optimizer.scalars(group, state))
    new.sum().backward()
    assert start.grad is not None and grad.grad is not None
    # One step: p' = p − 0.5·1.9·(g + 0.1p); two: the buffer keeps 0.9 of the first direction.
    first = 1 - 0.5 * 1.9 * 0.1
    buffer = 0.9 * 0.1 + 0.1 * first
    second = first - 0.5 * (0.1 * first + 0.9 * buffer)
    np.testing.assert_allclose(start.grad.numpy(), [second, second], rtol=1e-12)


def test_an_optimizer_is_freed_with_its_last_reference() -> None:
    optimizer = SGD([parameter(1.0)], lr=0.1, momentum=0.9)
    gone = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert gone() is None
    finally:
        gc.enable()


class Counting(Optimizer):
    """Adds one to what it is given, and counts how often its formula is called."""

    elementwise = True
    counters = ("step",)

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"rate": 1.0})
        self.sizes: list[int] = []

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": np.zeros(()), "sum": np.zeros_like(parameter)}

    def scalars(self, group: dict[str, Any], state: Any) -> dict[str, Any]:
        return {"step": float(state["step"])}

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        self.sizes.append(parameter.size)
        return parameter + grad, {"step": state["step"] + 1, "sum": state["sum"] + scalars["step"] * grad}


def test_small_parameters_at_the_same_step_are_updated_together() -> None:
    parameters = [parameter(1.0, 2.0), parameter(3.0), Parameter(framework.ones(2, 3)), parameter(5.0, dtype="float64")]
    optimizer = Counting(parameters)
    for turn in range(4):
        for p in parameters:
            p.grad = framework.ones_like(p)
        if turn == 1:
            parameters[1].grad = None
        optimizer.sizes = []
        optimizer.step()
        # The first step makes the state; the second parameter falls behind, the last is of another type.
        assert sorted(optimizer.sizes) == [[1, 1, 2, 6], [1, 8], [1, 1, 8], [1, 1, 8]][turn]
    assert [p.tolist() for p in parameters] == [[5, 6], [6], [[5] * 3] * 2, [9]]
    assert [optimizer.state[p]["step"].item() for p in parameters] == [4, 3, 4, 4]
    assert optimizer.state[parameters[2]]["sum"].tolist() == [[6] * 3] * 2


def test_parameters_that_share_memory_are_updated_one_after_the_other() -> None:
    whole = np.ones(4)
    shared = [Parameter(Tensor._wrap(whole)), Parameter(Tensor._wrap(whole[:])), Parameter(Tensor._wrap(whole[1:3]))]
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = Counting([*shared, shared[0]])
    for p in shared:
        p.grad = framework.ones_like(p)
    optimizer.step()
    optimizer.step()
    assert whole.tolist() == [7, 9, 9, 7]
    assert optimizer.state[shared[0]]["step"].item() == 4


def test_a_formula_of_ones_own_is_given_whole_parameters_unless_it_says_otherwise() -> None:
    class Centred(SGD):
        def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
            return super().update(parameter, grad - np.mean(grad), state, scalars)

    class Renamed(SGD):
        pass

    assert SGD.elementwise and Renamed.elementwise and not Centred.elementwise
    parameters = [parameter(1.0, 2.0), parameter(3.0, 5.0)]
    optimizer = Centred(parameters, lr=1.0, momentum=0.5)
    for _ in range(2):
        for number, p in enumerate(parameters):
            p.grad = gradient(1.0 + number, 3.0)
        optimizer.step()
    assert [p.tolist() for p in parameters] == [[3.5, -0.5], [4.25, 3.75]]
