"""`observing` tells of every operation that runs, by PyTorch's name, and of every backward."""

import threading

import numpy as np
import pytest

import framework as torch
import framework.nn.functional as F
from framework import nn
from framework.autograd.observing import Observed, observing
from framework.autograd.tensor import wrap
from framework.testing.doubles import DeviceArray
from framework.utils.checkpoint import checkpoint


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad


@pytest.fixture
def x():
    return torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)


def told(function) -> list[Observed]:
    found = []
    with observing(found.append):
        function()
    return found


def names(function) -> str:
    """What was told: `log` for a forward, `-log` for a backward."""
    return " ".join(["-" * (each.phase == "backward") + each.name for each in told(function)])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda x: torch.log(x), "log"),
        (lambda x: x.log(), "log"),
        (lambda x: x + 1, "add"),
        (lambda x: 1 - x, "rsub"),
        (lambda x: x @ x.T, "permute mm"),
        (lambda x: x**3, "pow"),
        (lambda x: 2**x, "pow"),
        (lambda x: x.sum(), "sum"),
        (lambda x: x.max(1), "max"),
        (lambda x: np.exp(x), "exp"),
        (lambda x: torch.cat([x, x]), "cat"),
        (lambda x: x.detach().exp_(), "exp_"),
        (lambda x: x.detach().add_(1), "add_"),
        (lambda x: x.detach().mul_(x), "mul_"),
        (lambda x: x.clone().mul_(x), "clone mul_"),
        (lambda x: x.clone().__iadd__(1), "clone add_"),
        (lambda x: torch.add(x.detach(), 1, out=torch.empty(2, 3)), "add"),
        (lambda x: (x[0], x.view(6), x.t(), x.unbind(), x.reshape(3, 2)), "select view t unbind view"),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1])), "cross_entropy"),
        (lambda x: F.softmax(x, 1), "softmax"),
        (lambda x: nn.Linear(3, 2)(x), "linear"),
        (lambda x: nn.Linear(3, 2, bias=False)(x), "linear"),
        (lambda x: Cube.apply(x), "mul mul Cube"),
    ],
)
def test_an_operation_is_told_by_pytorchs_name_however_it_is_called(x, run, expected):
    setting_up = nn.Linear(1, 1)  # what a layer draws for its first weights is no operation
    assert names(lambda: setting_up) == ""
    assert names(lambda: run(x)) == expected
    with torch.no_grad():
        assert names(lambda: run(x)) == expected
    with torch.inference_mode():
        assert names(lambda: run(x)) == expected


def test_arrays_and_times_come_along(x):
    (log,) = told(lambda: x.log())
    assert [each.shape for each in log.inputs] == [(2, 3)]
    np.testing.assert_array_equal(log.outputs[0], np.log(x.detach().numpy()))
    assert log.phase == "forward" and log.node is None and log.seconds >= 0 and log.started > 0
    (cat,) = told(lambda: torch.cat([x, x], 1))
    assert [each.shape for each in cat.inputs] == [(2, 3), (2, 3)]
    (power,) = told(lambda: x**3.0)
    assert power.arguments[1] == 3.0 and len(power.inputs) == 1
    (norm,) = told(lambda: x.sum())
    assert norm.outputs[0].shape == ()


def test_each_node_of_a_backward_is_told_with_its_gradients(x):
    y = (x.log() * torch.ones(2, 3)).sum()
    found = told(y.backward)
    assert [each.name for each in found] == ["sum", "mul", "log"]
    assert {each.phase for each in found} == {"backward"}
    total, product, log = found
    assert [each.shape for each in total.inputs] == [()] and total.outputs[0].shape == (2, 3)
    assert product.outputs[1] is None  # nobody needs the constant's gradient
    assert log.node.name() == "LogBackward0"
    np.testing.assert_array_equal(log.outputs[0], x.grad.numpy())


def test_backward_of_functions_in_place_writes_and_checkpoints(x):
    y = Cube.apply(x).sum()
    assert names(y.backward) == "-sum -mul -mul -mul -Cube"
    z = x.clone()
    z[0] = x[1]
    assert "-torch::autograd::CopySlices" in names(z.sum().backward)
    w = checkpoint(lambda x: x.exp().log(), x, use_reentrant=False).sum()
    assert names(w.backward) == "-sum -exp -log -log -exp"


def test_create_graph_tells_what_a_formula_runs_before_its_node(x):
    y = x.log().sum()
    assert names(lambda: torch.autograd.grad(y, x, create_graph=True)) == "-expand -sum -div -log"


def test_gradients_are_the_same_observed_or_not(x):
    def gradient():
        x.grad = None
        F.cross_entropy(x @ x.T, torch.tensor([0, 1])).backward()
        return x.grad.numpy().copy()

    plain = gradient()
    kept = []
    with observing(lambda each: kept.append((each.inputs, each.outputs))):
        observed = gradient()
    np.testing.assert_array_equal(plain, observed)


def test_nothing_is_told_outside_or_of_the_callback_or_of_other_threads(x):
    found = []

    def callback(each):
        found.append(each.name)
        x.exp()

    with observing(callback):
        x.log()
        thread = threading.Thread(target=lambda: (x.sqrt(), x[0]))
        thread.start()
        thread.join()
        x[0]
    x.sin()
    x[0]
    assert found == ["log", "select"]


def test_observers_may_be_nested(x):
    outer, inner = [], []
    with observing(lambda each: outer.append(each.name)):
        with observing(lambda each: inner.append(each.name)):
            y = Cube.apply(x[0]).sum()
            y.backward()
        x.t()
    assert inner == ["select", "mul", "mul", "Cube", "sum", "sum", "mul", "mul", "mul", "Cube", "select"]
    assert outer == [*inner, "t"]


def test_views_are_called_as_before_when_nobody_observes(x):
    x[0]
    select = x[0]._view.operation.function
    before = select.__code__
    told(lambda: x[0])
    x[0]
    assert select.__code__.co_code == before.co_code


def test_a_compiled_program_is_built_and_run_untold(x):
    compiled = torch.compile(lambda x: (x * 2).log().sum())
    found = told(lambda: [compiled(torch.rand(3)) for _ in range(3)])
    assert compiled(torch.ones(3)).item() == pytest.approx(3 * np.log(2), rel=1e-6)
    assert {each.name for each in found} <= {"mul", "log", "sum"}  # where it is checked against the function


def test_what_stands_for_an_array_stays_what_it_is():
    told = []
    with observing(told.append):
        result = torch.vmap(lambda x: x.exp().sum())(torch.ones(2, 3))
        checked = wrap(DeviceArray(np.ones(2))).exp()
    assert result.shape == (2,)
    assert [each.name for each in told] == ["batch", "exp", "sum", "unbatch", "exp"], "at once, not one by one"
    assert told[-1].outputs == (checked._array,) and isinstance(checked._array, DeviceArray)
