"""Transforms of functions: forward mode is right for every operation, and transforms nest."""

import numpy as np
import pytest

import framework as torch
from framework.autograd import functional
from framework.autograd.operation import registry
from framework.func import grad, hessian, jacfwd, jacrev, jvp, linearize, vjp
from framework.random import fork_rng
from framework.testing.operations import as_tensors
from tests.operations.table import ROWS


def flat(arguments):
    """The tensors among arguments, and in lists among them."""
    for each in arguments:
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, list):
            yield from flat(each)


CALLS = [
    pytest.param(registry[row.name], call, id=f"{row.name}-{number}")
    for row in ROWS
    for number, call in enumerate(row.calls()[:2])
    if any(each.requires_grad for each in flat(as_tensors(registry[row.name], call)))
]


def as_function(operation, arguments):
    """An operation as a function of the tensors that it can be differentiated by, and these."""
    tensors = as_tensors(operation, arguments)
    if operation.sequence:
        return lambda *args: operation(list(args), *tensors[1:]), [each.detach() for each in tensors[0]]
    places = [index for index, each in enumerate(tensors) if isinstance(each, torch.Tensor) and each.requires_grad]

    def call(*args):
        full = list(tensors)
        for place, each in zip(places, args, strict=True):
            full[place] = each
        result = operation(*full)
        return (
            result if isinstance(result, torch.Tensor) else tuple(each for each in result if each.is_floating_point())
        )

    return call, [tensors[place].detach() for place in places]


@pytest.mark.parametrize(("operation", "arguments"), CALLS)
def test_forward_and_backward_are_each_others_transpose(operation, arguments):
    function, inputs = as_function(operation, arguments)
    random = np.random.Generator(np.random.PCG64(3))

    def some(like):
        return torch.from_numpy(np.asarray(random.normal(size=tuple(like.shape))))

    def joined(tree):
        return torch.cat([each.reshape(-1) for each in (tree if isinstance(tree, tuple) else (tree,))])

    directions = tuple(some(each) for each in inputs)
    with fork_rng():
        torch.manual_seed(0)
        out, tangent = jvp(function, tuple(inputs), directions)
        torch.manual_seed(0)
        same, pull = vjp(function, *inputs)
    weights = tuple(some(each) for each in out) if isinstance(out, tuple) else some(out)
    assert torch.equal(joined(out), joined(same))
    forward = (joined(weights) * joined(tangent)).sum()
    backward = (joined(pull(weights)) * joined(directions)).sum()
    assert torch.allclose(forward, backward, rtol=1e-9, atol=1e-9)


def test_no_perturbation_is_taken_for_another():
    one = torch.tensor(1.0, dtype=torch.float64)
    assert grad(lambda x: x * grad(lambda y: x + y)(one))(one).item() == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (one,), (one,))[1], (one,), (one,))[1].item() == 1.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (one,), (one,))[1])(one).item() == 2.0


def test_orders_of_nesting_agree():
    x = torch.tensor([0.5, -1.5, 2.0], dtype=torch.float64)

    def f(x):
        return (x**3).sum() * x[0]

    expected = functional.hessian(f, x)
    for nested in (
        jacfwd(jacrev(f)),
        jacrev(jacfwd(f)),
        jacfwd(jacfwd(f)),
        jacrev(jacrev(f)),
        jacrev(grad(f)),
        hessian(f),
    ):
        assert torch.allclose(nested(x), expected)
    third = jacfwd(hessian(f))(x)
    assert torch.allclose(third, functional.jacobian(lambda x: hessian(f)(x), x))


def test_a_gradient_is_recorded_only_for_who_can_use_it():
    x = torch.tensor([1.0, 2.0])
    weight = torch.tensor(3.0, requires_grad=True)
    assert not grad(lambda x: (x**3).sum())(x).requires_grad
    assert grad(lambda x: (x**3 * weight).sum())(x).requires_grad
    assert grad(lambda x: (x**3).sum())(x.clone().requires_grad_()).requires_grad
    with torch.no_grad():
        assert not grad(lambda x: (x**3 * weight).sum())(x).requires_grad
    with torch.inference_mode():
        assert grad(lambda x: (x**2).sum())(x).tolist() == [2.0, 4.0]


def test_the_function_of_linearize_is_called_once():
    calls = []

    def f(x):
        calls.append(1)
        return x.sin()

    x = torch.tensor([0.5, 1.0])
    _, push = linearize(f, x)
    for _ in range(3):
        assert torch.allclose(push(x), x.cos() * x)
    assert len(calls) == 1


def test_make_dual_says_that_nothing_would_be_carried_along():
    ad = torch.autograd.forward_ad
    x = torch.ones(2)
    with ad.dual_level(), torch.no_grad(), pytest.raises(RuntimeError, match="Put no_grad outside of the dual level"):
        ad.make_dual(x, x)
    assert ad.unpack_dual(x).tangent is None and torch.is_grad_enabled()

    @ad.dual_level()
    def direction(x, t):
        return ad.unpack_dual(ad.make_dual(x, t) ** 2).tangent

    assert direction(x, x).tolist() == [2.0, 2.0]


def test_functionalize_is_refused_with_the_reason():
    with pytest.raises(NotImplementedError, match="as it is"):
        torch.func.functionalize(torch.sin)


def test_transforms_work_inside_a_compiled_function():
    compiled = torch.compile(lambda x: grad(lambda y: (y**3).sum())(x))
    for value in (1.0, 2.0, 3.0):
        x = torch.full((3,), value)
        assert compiled(x).tolist() == (3 * x**2).tolist()


def test_forward_mode_follows_writes_into_the_argument():
    x = torch.tensor([1.0, 2.0])
    out, tangent = jvp(lambda x: x.mul_(3), (x,), (torch.ones(2),))
    assert out.tolist() == x.tolist() == [3.0, 6.0] and tangent.tolist() == [3.0, 3.0]
    assert not out.requires_grad and not tangent.requires_grad


def test_a_finished_transform_leaves_no_trace_in_gradients():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    _, tangent = jvp(lambda x: x**3, (x,), (torch.ones(2),))
    tangent.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    (gradient,) = torch.autograd.grad(grad(lambda y: (y**2 * x).sum())(torch.ones(2)).sum(), x)
    assert gradient.tolist() == [2.0, 2.0]
