"""How an operation is declared, and what it keeps, promotes and refuses."""

import numpy as np
import pytest

import framework as torch
from framework.autograd.operation import operation, registry
from framework.testing import DeviceArray, check_operation

scaled = operation(lambda input, factor: input * factor, name="test_scaled", input=lambda g, factor: g * factor)


@pytest.fixture
def x():
    return torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)


def test_arrays_give_arrays_and_tensors_record(x):
    assert scaled(np.ones(2), 3.0).tolist() == [3.0, 3.0]
    y = scaled(x, 3.0)
    assert y.grad_fn.name() == "TestScaledBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert registry["test_scaled"] is scaled


def test_an_unknown_name_in_a_formula_is_refused():
    with pytest.raises(TypeError, match="asks for 'outt', which is none of: input, out, <input>_shape"):
        operation(np.exp, name="test_typo", input=lambda g, outt: g)
    with pytest.raises(TypeError, match="has no input 'inputs' to differentiate by; its parameters are input"):
        operation(np.exp, name="test_typo", inputs=lambda g, out: g)


def test_one_formula_for_several_gradients_is_told_which_are_needed(x):
    asked = []

    @operation(name="test_joint")
    def joint(input, weight):
        return input * weight

    @joint.derivative("input", "weight")
    def _(g, input, weight, needs):
        asked.append(needs)
        return g * weight if needs[0] else None, g * input if needs[1] else None

    w = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    joint(x, w).sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0, 4.0], [1.0, -2.0])
    joint(x.detach(), w).sum().backward()
    torch.autograd.grad(joint(x, w).sum(), w)
    assert asked == [(True, True), (False, True), (False, True)]


def test_a_residual_that_depends_on_the_inputs_is_computed_again_for_second_derivatives():
    def total(input):
        return np.sum(input)

    @operation(name="test_residual", residuals={"total": total})
    def squared_sum(input):
        s = np.sum(input)
        return s * s, s

    squared_sum.add_derivative(lambda g, total, input_shape: np.broadcast_to(2 * g * total, input_shape), "input")
    check_operation(squared_sum, np.array([1.0, 2.0]))


def test_several_outputs_of_which_one_has_a_gradient(x):
    @operation(name="test_largest", outputs=2, residuals=("index",))
    def largest(input):
        index = np.argmax(input)
        return input[index], index

    largest.add_derivative(lambda g, input_shape, index: g * (np.arange(input_shape[0]) == index), "input")
    value, index = largest(x)
    assert value.requires_grad and not index.requires_grad and index.dtype is torch.int64
    value.backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_an_operation_may_be_told_which_outputs_have_no_gradient(x):
    seen = []
    both = operation(lambda a: [a * 2, a * 3], name="both", outputs="list", materialize=False)

    @both.derivative("a")
    def _(g):
        seen.append([each is None for each in g])
        return sum(factor * each for factor, each in zip((2, 3), g, strict=True) if each is not None)

    np.testing.assert_allclose(torch.autograd.grad(both(x)[1].sum(), x)[0], 3)
    (found,) = torch.autograd.grad(sum(both(x)).sum(), x, create_graph=True)
    np.testing.assert_allclose(found.detach(), 5)
    assert seen == [[True, False], [False, False]]


def test_a_shape_is_kept_without_its_array(x):
    y = x.sum()
    assert not any(isinstance(each, np.ndarray) for each in y.grad_fn.saved)


def test_an_operation_of_a_ufunc_that_has_a_meaning_leaves_it_alone():
    own = operation(np.exp, name="test_own_exp", input=lambda g, out: g * out)
    del registry["test_own_exp"]
    x = torch.tensor([1.0], requires_grad=True)
    assert own(x).grad_fn.name() == "TestOwnExpBackward0"
    assert np.exp(x).grad_fn.name() == "ExpBackward0"
    with pytest.raises(TypeError, match=r"np\.sum of a Tensor means an operation already"):
        operation(lambda input: np.sum(input), name="test_sum", numpy={np.sum: lambda a: own(a)})


def test_numpy_functions_on_tensors_are_recorded(x):
    assert np.exp(x).grad_fn.name() == "ExpBackward0"
    assert np.sum(x, axis=0).grad_fn.name() == "SumBackward1"
    assert (np.ones(2) * x).grad_fn.name() == "MulBackward0"
    assert np.add.reduce(x).grad_fn is not None


def test_numpy_functions_without_a_counterpart_never_lose_a_gradient(x):
    with pytest.raises(TypeError, match=r"np.spacing has no recorded counterpart.*Call .detach\(\)"):
        np.spacing(x)
    with pytest.raises(TypeError, match=r"numpy.*histogram has no recorded counterpart"):
        np.histogram(x)
    assert np.spacing(x.detach()).tolist() == np.spacing(x.detach().numpy()).tolist()
    with torch.no_grad():
        assert np.histogram(x, bins=1)[0].tolist() == [2]
    with pytest.raises(RuntimeError, match="Can't call numpy"):
        np.asarray(x)
    with pytest.raises(TypeError, match="cannot write into a Tensor"):
        np.add(x, 1, out=x)


def test_the_strict_array_finds_what_would_fail_elsewhere():
    method = operation(lambda input: input.copy(), name="test_method", input=lambda g: g)
    with pytest.raises(AttributeError, match="use np.copy"):
        check_operation(method, np.ones(2))
    host = operation(lambda input: input + np.ones(2, np.float32), name="test_host", input=lambda g: g)
    with pytest.raises(TypeError, match=r"a NumPy array of shape \(2,\) meets an array on a device"):
        check_operation(host, np.ones(2))
    wide = operation(lambda input: input * 2, name="test_wide", input=lambda g: g * np.float64(2))
    with pytest.raises(AssertionError, match="gradient of a float32 input is torch.float64"):
        check_operation(wide, np.ones(2))

    def writes(g):
        g *= 2
        return g

    writing = operation(lambda input: input * 2, name="test_writing", input=writes)
    with pytest.raises(AssertionError, match=r"test_writing writes into what it was given \(test_operation\.py:\d+\)"):
        check_operation(writing, np.ones(2))


def test_a_tensor_runs_on_another_array_type():
    x = torch.Tensor._wrap(DeviceArray(np.array([1.0, 2.0]))).requires_grad_()
    y = (x * x + 1).exp().sum()
    y.backward()
    assert isinstance(x.grad._array, DeviceArray)
    np.testing.assert_allclose(x.grad._array.host(), [2 * np.exp(2), 4 * np.exp(5)])


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(
    "returned, kind",
    [
        (3.0, "float"),
        (None, "NoneType"),
        ((1, 2), "tuple; for several results, say outputs=… or name them in residuals=[…]"),
    ],
)
def test_a_function_that_returns_no_array(returned, kind, plain):
    derivatives = {"input": lambda g: g} if plain else {}
    broken = operation(lambda input: returned, name="broken_for_test", **derivatives)
    with pytest.raises(TypeError) as caught:
        broken(torch.ones(2))
    assert str(caught.value) == (
        f"the function of operation 'broken_for_test' must return an array, such as np.asarray(…) makes, not {kind}"
    )


def test_a_derivative_declared_after_a_call_holds_from_then_on(x):
    doubled = operation(lambda input: input * 2, name="test_doubled")
    assert not doubled(x).requires_grad
    doubled.add_derivative(lambda g: g * 2, "input")
    doubled(x).sum().backward()
    assert x.grad.tolist() == [2.0] * x.numel()
    assert type(doubled(x).grad_fn).__name__ == "TestDoubledBackward0"


def test_an_operation_of_arrays_alone_gives_the_first_of_its_results():
    parted = operation(lambda input, by: (input * by, input > 0), name="test_parted", residuals=("mask",))
    pair = operation(parted.forward, name="test_pair", residuals=("mask",), outputs=2)
    array = np.array([-1.0, 2.0])
    for _ in range(2):
        np.testing.assert_array_equal(parted(array, 3.0), [-3.0, 6.0])
        assert len(pair(array, array)) == 2 and pair(array, by=2.0)[1].tolist() == [False, True]
