"""The checkers find wrong derivatives; Jacobians and Hessians are right."""

import pytest

import framework as torch
from framework.autograd import gradcheck, gradgradcheck
from framework.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp
from framework.autograd.gradcheck import GradcheckError
from framework.autograd.operation import operation


@pytest.fixture
def x():
    return torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)


def test_right_derivatives_pass(x):
    assert gradcheck(lambda a: (a * a, a.exp()), x)
    assert gradgradcheck(lambda a: (a * a, a.exp()), x)
    assert gradcheck(lambda a, k: a * k, (x, 3.0), fast_mode=True)


def test_wrong_first_and_second_derivatives_are_found(x):
    import numpy as np

    wrong = operation(lambda input: input * input, name="wrong_square", input=lambda g, input: g * input)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(wrong, x)
    assert gradcheck(wrong, x, raise_exception=False) is False

    # A statistic kept as a constant: the first derivative is right, the second is not.
    @operation(residuals=("total",), name="wrong_second")
    def wrong_second(input):
        total = np.sum(input)
        return np.sum(input) * np.sum(input), total

    wrong_second.add_derivative(lambda g, input_shape, total: np.broadcast_to(2 * g * total, input_shape), "input")
    assert gradcheck(wrong_second, x)
    with pytest.raises(GradcheckError):
        gradgradcheck(wrong_second, x)


def test_single_precision_is_warned_of():
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"):
        assert gradcheck(torch.exp, torch.ones(2, requires_grad=True), raise_exception=False) is False
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(torch.exp, torch.ones(2))


def test_jacobian_and_products(x):
    def f(a):
        return a * a * a[0]

    expected = [[3 * 0.25, 0.0], [2.25, 2 * -1.5 * 0.5]]
    assert jacobian(f, x).tolist() == expected
    v = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert vjp(f, x, v)[1].tolist() == [0.75 + 4.5, -3.0]
    assert jvp(f, x, v)[1].tolist() == [0.75, 2.25 - 3.0]
    assert f(x).tolist() == vjp(f, x, v)[0].tolist()


def test_hessian_and_products(x):
    def f(a):
        return (a * a * a).sum() + a[0] * a[1]

    assert hessian(f, x).tolist() == [[3.0, 1.0], [1.0, -9.0]]
    v = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert hvp(f, x, v)[1].tolist() == [5.0, -17.0]
    assert vhp(f, x, v)[1].tolist() == [5.0, -17.0]


def test_several_inputs_and_outputs(x):
    y = torch.tensor(2.0, dtype=torch.float64)
    blocks = jacobian(lambda a, b: (a * b, b * b), (x, y))
    assert blocks[0][0].tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert blocks[0][1].tolist() == [0.5, -1.5]
    assert blocks[1][0].tolist() == [0.0, 0.0]
    assert blocks[1][1].item() == 4.0


def test_a_formula_that_is_not_linear_in_the_gradient_is_found(x):
    crooked = operation(lambda input: input * 1.0, name="test_crooked", input=lambda g: g * g)
    with pytest.raises(GradcheckError):
        gradcheck(crooked, x)
