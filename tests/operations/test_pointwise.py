"""Elementwise functions and operators: PyTorch's results, errors and edges where they differ from NumPy's."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import framework as torch

inf, nan = math.inf, math.nan


def same(tensor, expected):
    np.testing.assert_array_equal(tensor.detach().numpy(), np.array(expected, tensor.numpy(force=True).dtype))


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (lambda x, y: x + y, "AddBackward0"),
        (lambda x, y: 2 + x, "AddBackward0"),
        (lambda x, y: torch.add(x, y, alpha=2), "AddBackward0"),
        (lambda x, y: x - 2, "SubBackward0"),
        (lambda x, y: 2 - x, "RsubBackward1"),
        (lambda x, y: torch.rsub(x, y), "RsubBackward0"),
        (lambda x, y: x / y, "DivBackward0"),
        (lambda x, y: 2 / x, "MulBackward0"),
        (lambda x, y: torch.div(x, y, rounding_mode="floor"), "DivBackward2"),
        (lambda x, y: x // y, "NotImplemented"),
        (lambda x, y: x % y, "RemainderBackward1"),
        (lambda x, y: x % 2, "RemainderBackward0"),
        (lambda x, y: x**2, "PowBackward0"),
        (lambda x, y: x**y, "PowBackward1"),
        (lambda x, y: 2**x, "PowBackward2"),
        (lambda x, y: x.square(), "PowBackward0"),
        (lambda x, y: x.log1p(), "Log1PBackward0"),
        (lambda x, y: x.clamp(0, 1), "ClampBackward1"),
        (lambda x, y: x.clamp(min=y), "ClampBackward0"),
        (lambda x, y: x.clamp_min(0), "ClampMinBackward0"),
        (lambda x, y: torch.lerp(x, y, 0.5), "LerpBackward0"),
        (lambda x, y: x.round(decimals=1), "RoundBackward1"),
    ],
)
def test_nodes_bear_pytorchs_names(expression, name):
    x, y = torch.ones(2, requires_grad=True), torch.full((2,), 2.0, requires_grad=True)
    assert type(expression(x, y).grad_fn).__name__ == name


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda: torch.tensor([7, -7]) // 2, [3, -4]),
        (lambda: torch.tensor([7, -7]) % 3, [1, 2]),
        (lambda: torch.tensor([7.0, -7.0]) % torch.tensor([-3.0, 3.0]), [-2.0, 2.0]),
        (lambda: 7 % torch.tensor([4.0, -4.0]), [3.0, -1.0]),
        (lambda: 7 % torch.tensor([4, -4]), [3, -1]),
        (lambda: 7 // torch.tensor([2.0, -2.0]), [3.0, -4.0]),
        (lambda: 2.5 - torch.tensor([1, 2]), [1.5, 0.5]),
        (lambda: torch.fmod(torch.tensor([7, -7]), 3), [1, -1]),
        (lambda: torch.div(torch.tensor([7, -7]), 2, rounding_mode="trunc"), [3, -3]),
        (lambda: torch.div(torch.tensor([7.0, -7.0]), 2, rounding_mode="floor"), [3.0, -4.0]),
        (lambda: torch.tensor([1.0, -1.0, 0.0]) // 0, [inf, -inf, nan]),
        (lambda: torch.tensor([0.0, 2.0]) ** 0, [1.0, 1.0]),
        (lambda: 0 ** torch.tensor([0.0, 2.0, -1.0]), [1.0, 0.0, inf]),
        (lambda: torch.tensor([-8.0]) ** (1 / 3), [nan]),
        (lambda: torch.tensor([2, -1, 1, 0]) ** torch.tensor([-1, -3, -2, -1]), [0, -1, 1, 0]),
        (lambda: torch.tensor([nan, 1.0]).clamp(0, 0.5), [nan, 0.5]),
        (lambda: torch.tensor([0.5, 2.0]).clamp(1, 0), [0.0, 0.0]),
        (lambda: torch.maximum(torch.tensor([nan, 1.0]), torch.tensor([1.0, nan])), [nan, nan]),
        (lambda: torch.fmax(torch.tensor([nan, 1.0]), torch.tensor([1.0, nan])), [1.0, 1.0]),
        (lambda: torch.sign(torch.tensor([nan, -0.0, -3.0])), [0.0, 0.0, -1.0]),
        (lambda: torch.round(torch.tensor([0.5, 1.5, -2.5])), [0.0, 2.0, -2.0]),
        (lambda: torch.tensor([1.234, 5.678]).round(decimals=1), [1.2, 5.7]),
        (lambda: torch.tensor([1234.5]).round(decimals=-2), [1200.0]),
        (lambda: torch.sigmoid(torch.tensor([-200.0, 0.0, 200.0])), [0.0, 0.5, 1.0]),
        (lambda: torch.tensor([3, -1]).relu(), [3, 0]),
        (lambda: torch.nan_to_num(torch.tensor([nan, inf])), [0.0, 3.4028234663852886e38]),
        (lambda: torch.tensor([250], dtype=torch.uint8) + 10, [4]),
        (lambda: torch.tensor([True, False]) + True, [True, True]),
        (lambda: ~torch.tensor([True, False]), [False, True]),
        (lambda: torch.tensor([5]) & 3 | 8, [9]),
        (lambda: torch.xlogy(torch.tensor([0.0, 1.0]), 0), [0.0, -inf]),
    ],
)
def test_values_at_the_edges(expression, expected):
    same(expression(), expected)


def test_sigmoid_keeps_what_is_left_far_below_zero():
    assert torch.sigmoid(torch.tensor(-20.0)).item() == pytest.approx(2.0611537e-09)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: torch.tensor([True]) - torch.tensor([True]), RuntimeError, "with two bool tensors is not supported"),
        (lambda: 1 - torch.tensor([True]), RuntimeError, "with a bool tensor is not supported"),
        (lambda: -torch.tensor([True]), RuntimeError, "Negation, the `-` operator, on a bool tensor"),
        (lambda: torch.tensor([True]).neg_(), RuntimeError, "Negation, the `-` operator, on a bool tensor"),
        (lambda: torch.tensor([1]) // 0, RuntimeError, "ZeroDivisionError"),
        (lambda: torch.tensor([1]) % 0, RuntimeError, "ZeroDivisionError"),
        (lambda: torch.tensor([2]) ** -1, RuntimeError, "Integers to negative integer powers are not allowed."),
        (lambda: torch.tensor([True]).abs(), NotImplementedError, "\"abs_cpu\" not implemented for 'Bool'"),
        (lambda: torch.tensor([1.0]) & 1, NotImplementedError, "\"bitwise_and_cpu\" not implemented for 'Float'"),
        (lambda: ~torch.tensor([1.0]), TypeError, "only implemented on integer and Boolean-type tensors"),
        (lambda: torch.ones(2).clamp(), RuntimeError, "At least one of 'min' or 'max' must not be None"),
        (lambda: torch.ones(2) + "a", TypeError, r"unsupported operand type\(s\) for \+: 'Tensor' and 'str'"),
        (lambda: torch.exp(3), TypeError, r"exp\(\): argument 'input' \(position 1\) must be Tensor, not int"),
        (lambda: torch.ones(2) + torch.ones(3), RuntimeError, r"size of tensor a \(2\) must match .* b \(3\)"),
        (lambda: torch.add(torch.tensor([1]), 1, alpha=0.5), RuntimeError, "alpha must not be a floating point number"),
        (lambda: torch.div(torch.ones(1), 1, rounding_mode="up"), RuntimeError, "rounding_mode to be one of"),
        (lambda: torch.tensor([1]).exp_(), RuntimeError, "Float can't be cast to the desired output type Long"),
    ],
)
def test_errors_are_pytorchs(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_floor_division_has_no_derivative():
    x = torch.tensor([3.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="derivative for aten::floor_divide is not implemented"):
        (x // 2).sum().backward()


def test_a_comparison_with_something_else_is_false():
    assert (torch.ones(2) == "a") is False
    assert (torch.ones(2) != None) is True  # noqa: E711


def test_equals_share_the_gradient_of_a_maximum():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
    torch.maximum(x, y).sum().backward()
    same(x.grad, [0.5, 0.0, 1.0])
    same(y.grad, [0.5, 1.0, 0.0])


@pytest.mark.parametrize("size", [3, 5000])
def test_clamp_and_relu_of_small_and_large_tensors(size):
    x = torch.linspace(-2, 2, size).requires_grad_()
    same(x.clamp(-1, 1.5), np.clip(x.detach().numpy(), -1, 1.5))
    y = x.relu()
    same(y, np.maximum(x.detach().numpy(), 0))
    y.sum().backward()
    same(x.grad, x.detach().numpy() > 0)


def test_in_place_forms_write_where_they_stand():
    base = torch.arange(6.0).reshape(2, 3)
    column = base[:, 1]
    before = column
    column += 1
    column *= torch.tensor([2.0, 3.0])
    column -= 1
    column /= 2
    column **= 2
    assert column is before
    same(base[:, 1], [2.25, 49.0])
    same(base[:, 0], [0.0, 3.0])


def test_numpy_functions_mean_the_operations():
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    for function in (np.exp, np.log, np.tanh, np.abs, np.sqrt, np.square, np.sign, np.floor, np.negative, np.cos):
        result = function(x)
        assert isinstance(result, torch.Tensor)
        assert result.requires_grad
    assert (np.ones(2, np.float32) * x).grad_fn is not None
    assert np.power(x, 2).grad_fn is not None
    assert np.clip(x, 0, 1).grad_fn is not None
    assert np.isnan(x).dtype is torch.bool


def no_warnings():
    """Everything that NumPy would warn of: divisions by zero, overflow, invalid values, forward and backward."""
    x = torch.tensor([0.0, -1.0, 1e38], requires_grad=True)
    for result in (x.log(), 1 / x, x * 1e38, x.sqrt(), x.exp(), (x * 0) / 0, x**-2, x.sum() / 0):
        result.sum().backward()
    x.detach().div_(0)
    x.detach() * 1e300
    torch.zeros(0).mean()
    torch.tensor([100], dtype=torch.int8) * 100


def test_infinities_and_nan_raise_no_warnings():
    # pytest makes errors of warnings.
    no_warnings()
    problems = []

    def run():
        try:
            no_warnings()
        except Warning as warning:
            problems.append(warning)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not problems


def test_numpys_own_warnings_stay_as_they_were():
    torch.zeros(1).log()
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(1))


@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), data=st.data())
def test_broadcasting_is_numpys_and_gradients_come_back_in_shape(shapes, data):
    (a, b), shape = shapes
    operation = data.draw(st.sampled_from([torch.add, torch.sub, torch.mul, torch.maximum]))
    x, y = torch.ones(a, requires_grad=True), torch.ones(b, requires_grad=True)
    z = operation(x, y)
    assert z.shape == shape
    z.sum().backward()
    assert x.grad.shape == a
    assert y.grad.shape == b
    total = {torch.add: 2, torch.sub: 0, torch.mul: 2, torch.maximum: 1}[operation]
    assert (x.grad.sum() + y.grad.sum()).item() == total * z.numel()
