"""Compiled functions whose results carry a graph: losses and models, with backward() outside."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.autograd.function import Function
from framework.compiler import compile
from framework.extend import operation
from framework.nn import functional as F
from tests.compiler.models import BatchNorm, Training, bits, class_batches, inputs, mlp, train_both


def twins(make: Callable[[], Any]) -> tuple[Any, Any]:
    """The same model twice."""
    framework.manual_seed(0)
    one = make()
    framework.manual_seed(0)
    return one, make()


def gradients(model: Any) -> Any:
    return [None if each.grad is None else bits(each.grad) for each in model.parameters()]


def loss_of(model: Any) -> Callable[..., Any]:
    return lambda x, y: F.cross_entropy(model(x), y)


def is_compiled(compiled: Any) -> bool:
    return compiled.eager is None and bool(compiled.programs)


# Training with the compiled part inside an eager step


def step_around(wrap: Callable[[Any], Any], model: Any) -> Training:
    loss = wrap(loss_of(model))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        found = loss(x, y)
        found.backward()
        optimizer.step()
        return found

    return Training(step, model, optimizer)


@pytest.mark.parametrize(
    "make",
    [mlp, lambda: mlp(nn.Dropout(0.5)), lambda: mlp(BatchNorm(8)), lambda: nn.Linear(4, 3)],
    ids=["mlp", "dropout", "statistics", "linear"],
)
def test_a_compiled_loss(make: Callable[[], Any]) -> None:
    histories = []
    compiled = []

    def wrap(function: Any) -> Any:
        compiled.append(compile(function))
        return compiled[0]

    for each in (lambda function: function, wrap):
        framework.manual_seed(0)
        training = step_around(each, make())
        found = []
        for x, y in class_batches(last=3):
            found.append((bits(training.step(x, y)), training.state()))
        histories.append(found)
    assert histories[0] == histories[1]
    assert is_compiled(compiled[0])


@pytest.mark.parametrize("last", [None, 2])
def test_a_compiled_model(last: int | None) -> None:
    one, two = twins(mlp)
    compiled = compile(two)
    for x, y in class_batches(last=last):
        a, b = one(x), compiled(x)
        assert bits(a) == bits(b)
        F.cross_entropy(a, y).backward()
        F.cross_entropy(b, y).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)
    assert compiled.program.source.count("def ") == 2


def test_the_result_is_that_of_the_last_operation() -> None:
    model = mlp()
    function = loss_of(model)
    compiled = compile(function)
    for x, y in class_batches(3):
        expected, found = function(x, y), compiled(x, y)
        assert found.requires_grad
        assert not found.is_leaf
        assert found.grad_fn.name() == expected.grad_fn.name()
        assert repr(found) == repr(expected)
    assert is_compiled(compiled)


def test_several_results() -> None:
    one, two = twins(mlp)

    def of(model: Any) -> Callable[..., Any]:
        def function(x: Any, y: Any) -> Any:
            scores = model(x)
            right = scores.argmax(1) == y
            return {"loss": F.cross_entropy(scores, y), "scores": scores, "right": right.sum(), "none": None}

        return function

    eager, compiled = of(one), compile(of(two))
    for number, (x, y) in enumerate(class_batches()):
        a, b = eager(x, y), compiled(x, y)
        assert bits(a) == bits(b)
        for each in (a, b):
            total = (each["loss"], each["scores"].square().sum(), each["loss"] + each["scores"].mean())[number % 3]
            total.backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_one_of_several_results_is_used_alone() -> None:
    weight = framework.ones(3, requires_grad=True)
    other = framework.ones(3, requires_grad=True)
    compiled = compile(lambda x: (x * weight, x * other))
    for (x,) in inputs(3):
        weight.grad = other.grad = None
        compiled(x)[0].sum().backward()
        assert bits(weight.grad) == bits(x)
        # PyTorch leaves what is not reached without a gradient.
        assert other.grad is None
    assert is_compiled(compiled)


def test_gradients_for_arguments() -> None:
    model = mlp()
    compiled = compile(lambda x: model(x).square().sum())
    for (data,) in inputs(5, 4):
        one, two = data.clone().requires_grad_(), data.clone().requires_grad_()
        (expected,) = framework.autograd.grad(model(one).square().sum(), one)
        (found,) = framework.autograd.grad(compiled(two), two)
        assert bits(expected) == bits(found)
        assert gradients(model) == [None] * 4
    assert is_compiled(compiled)


def test_arguments_that_are_no_leaves() -> None:
    weight, function = framework.ones(4, requires_grad=True), lambda x: framework.tanh(x).sum()
    compiled = compile(function)
    for (x,) in inputs(5, 4):
        found = []
        for each in (function, compiled):
            weight.grad = None
            each(x * weight).backward()
            found.append(bits(weight.grad))
        assert found[0] == found[1]
    assert is_compiled(compiled)


def test_compiled_functions_in_a_row() -> None:
    one, two = twins(mlp)
    body, head = compile(lambda x: two[1](two[0](x))), compile(lambda h, y: F.cross_entropy(two[2](h), y))
    for x, y in class_batches():
        loss_of(one)(x, y).backward()
        head(body(x), y).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(body)
    assert is_compiled(head)


# backward() in all its ways


def test_backward_with_a_gradient() -> None:
    one, two = twins(mlp)
    compiled = compile(two)
    for x, y in class_batches():
        weight = framework.randn(len(y), 3)
        one(x).backward(weight)
        compiled(x).backward(weight)
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_gradients_accumulate() -> None:
    one, two = twins(mlp)
    eager, compiled = loss_of(one), compile(loss_of(two))
    for x, y in class_batches(9):
        eager(x, y).backward()
        (compiled(x, y) / 3).backward()
        for each in one.parameters():
            assert each.grad is not None
    two.zero_grad()
    one.zero_grad()
    for x, y in class_batches(9):
        (eager(x, y) / 3).backward()
        (compiled(x, y) / 3).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_two_calls_before_one_backward() -> None:
    one, two = twins(mlp)
    eager, compiled = loss_of(one), compile(loss_of(two))
    batches = class_batches(8)
    for a, b in zip(batches[::2], batches[1::2], strict=True):
        (eager(*a) + eager(*b)).backward()
        (compiled(*a) + compiled(*b)).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_many_calls_before_one_backward_in_another_order() -> None:
    one, two = twins(mlp)
    eager, compiled = loss_of(one), compile(loss_of(two))
    for _ in range(3):
        batches = class_batches(5)
        for each, function in ((one, eager), (two, compiled)):
            each.zero_grad()
            for loss in [function(*batch) for batch in batches][::-1]:
                loss.backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_no_backward_at_all() -> None:
    model = mlp()
    function = loss_of(model)
    compiled = compile(function)
    for x, y in class_batches():
        assert bits(compiled(x, y)) == bits(function(x, y))
    compiled(x, y).backward()
    assert is_compiled(compiled)


def test_a_second_backward_raises() -> None:
    model = mlp()
    compiled = compile(loss_of(model))
    for x, y in class_batches(4):
        loss = compiled(x, y)
        loss.backward()
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            loss.backward()
    assert is_compiled(compiled)


def test_backward_inside_the_function_and_again_outside() -> None:
    model = mlp()

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    compiled = compile(step)
    for x, y in class_batches(4):
        loss = compiled(x, y)
        assert loss.requires_grad
        assert loss.grad_fn.name() == step(x, y).grad_fn.name()
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            loss.backward()
    assert is_compiled(compiled)


@pytest.mark.parametrize("make", [mlp, lambda: mlp(nn.Dropout(0.5))], ids=["mlp", "dropout"])
def test_retain_graph(make: Callable[[], Any]) -> None:
    one, two = twins(make)
    eager, compiled = loss_of(one), compile(loss_of(two))
    for x, y in class_batches(5):
        found = []
        for model, function in ((one, eager), (two, compiled)):
            framework.manual_seed(3)
            loss = function(x, y)
            after = bits(framework.get_rng_state())
            loss.backward(retain_graph=True)
            loss.backward(retain_graph=True)
            loss.backward()
            assert bits(framework.get_rng_state()) == after
            found.append((gradients(model), after))
        assert found[0] == found[1]
    assert is_compiled(compiled)


def test_create_graph() -> None:
    one, two = twins(lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)))
    eager, compiled = (lambda x: one(x).sum()), compile(lambda x: two(x).sum())
    for (data,) in inputs(5, 4):
        for model, function in ((one, eager), (two, compiled)):
            model.zero_grad()
            x = data.clone().requires_grad_()
            (slope,) = framework.autograd.grad(function(x), x, create_graph=True)
            (slope.square().sum(1).sqrt() - 1).square().mean().backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_hessians() -> None:
    def function(x: Any) -> Any:
        return (framework.tanh(x) * x.exp()).sum()

    compiled = compile(function)
    for (x,) in inputs(3):
        expected = framework.autograd.functional.hessian(function, x)
        assert bits(framework.autograd.functional.hessian(compiled, x)) == bits(expected)


def test_create_graph_with_running_statistics_writes_them_once() -> None:
    one, two = twins(lambda: mlp(BatchNorm(8)))
    eager, compiled = loss_of(one), compile(loss_of(two))
    for x, y in class_batches(5):
        for model, function in ((one, eager), (two, compiled)):
            found = framework.autograd.grad(function(x, y), list(model.parameters()), create_graph=True)
            sum(each.square().sum() for each in found).backward()
        assert gradients(one) == gradients(two)
        assert [bits(each) for each in one.buffers()] == [bits(each) for each in two.buffers()]


def test_hooks_on_the_result_and_retained_gradients() -> None:
    one, two = twins(mlp)
    compiled = compile(two)
    for x, _ in class_batches(4):
        found = []
        for model, function in ((one, one), (two, compiled)):
            out = function(x)
            seen: list[Any] = []
            out.register_hook(lambda g, seen=seen: seen.append(bits(g)) or g * 2)
            out.retain_grad()
            out.square().sum().backward()
            found.append((seen, bits(out.grad), gradients(model)))
        assert found[0] == found[1]
    assert is_compiled(compiled)


@pytest.mark.parametrize("first", [0, 2], ids=["before", "later"])
def test_hooks_on_parameters_run_once(first: int) -> None:
    one, two = twins(mlp)
    eager, compiled = loss_of(one), compile(loss_of(two))
    for number, (x, y) in enumerate(class_batches(5)):
        for model, function in ((one, eager), (two, compiled)):
            if number == first:
                model[0].weight.register_hook(lambda g: g * 2)
            function(x, y).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


def test_hooks_on_parameters_with_effects_of_their_own_run_once() -> None:
    model = mlp()
    seen: list[Any] = []
    compiled = compile(loss_of(model))
    for number, (x, y) in enumerate(class_batches(5)):
        if number == 1:
            model[0].weight.register_hook(lambda g: seen.append(number))
        compiled(x, y).backward()
    assert seen == [1, 2, 3, 4]


# What is changed between forward and backward


@pytest.mark.parametrize("change", [lambda w: w.add_(1), lambda w: w.__setitem__(0, 0.0), lambda w: w.mul_(1)])
def test_a_parameter_changed_between_forward_and_backward(change: Callable[[Any], Any]) -> None:
    model = mlp()
    function = loss_of(model)
    compiled = compile(function)
    for x, y in class_batches(4):
        for each in (function, compiled):
            loss = each(x, y)
            with framework.no_grad():
                change(model[2].weight)
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                loss.backward()
    assert is_compiled(compiled)


def test_an_argument_changed_between_forward_and_backward() -> None:
    weight = framework.ones(4, requires_grad=True)
    function = lambda x: (x * weight).sum()
    compiled = compile(function)
    for (x,) in inputs(5, 4):
        for each in (function, compiled):
            loss = each(x)
            x.add_(1)
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                loss.backward()
    assert is_compiled(compiled)


def test_what_backward_does_not_need_may_change() -> None:
    model = mlp()
    function = loss_of(model)
    compiled = compile(function)
    for x, y in class_batches(4):
        for each in (function, compiled):
            loss = each(x, y)
            with framework.no_grad():
                model[2].bias.add_(0.1)
                model[0].weight.add_(0.1)
            loss.backward()
    assert is_compiled(compiled)


def test_a_result_changed_before_backward() -> None:
    weight = framework.ones(4, requires_grad=True)
    function = lambda x: (x * weight).exp()
    compiled = compile(function)
    for (x,) in inputs(5, 4):
        for each in (function, compiled):
            out = each(x)
            with framework.no_grad():
                out.add_(1)
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                out.sum().backward()


def test_a_result_changed_in_the_graph() -> None:
    one, two = twins(mlp)
    compiled = compile(two)
    for x, y in class_batches(4):
        for function in (one, compiled):
            F.cross_entropy(function(x).mul_(2).add_(1), y).backward()
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


# What is handed out stays


def test_results_and_gradients_are_never_overwritten() -> None:
    model = mlp()
    compiled = compile(lambda x, y: (F.cross_entropy(scores := model(x), y), scores, scores.detach() * 2))
    kept: list[Any] = []
    for x, y in class_batches(8):
        model.zero_grad()
        loss, *scores = compiled(x, y)
        loss.backward()
        everything = [loss, *scores, *[each.grad for each in model.parameters()]]
        kept.append((everything, bits(everything)))
    for everything, before in kept:
        assert bits(everything) == before
    arrays = [each.detach().numpy() for everything, _ in kept for each in everything]
    addresses = {each.__array_interface__["data"][0] for each in arrays}
    assert len(addresses) == len(arrays)
    assert is_compiled(compiled)


def test_predictions_kept_as_arrays() -> None:
    model = mlp()
    compiled = compile(model)
    with framework.no_grad():
        batches = class_batches(8)
        kept = [compiled(x).numpy() for x, _ in batches]
        assert [bits(each) for each in kept] == [bits(model(x).numpy()) for x, _ in batches]
    assert is_compiled(compiled)


def test_step_results_are_never_overwritten() -> None:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        scores = model(x)
        loss = F.cross_entropy(scores, y)
        loss.backward()
        optimizer.step()
        return loss, scores.detach()

    compiled = compile(step)
    kept: list[Any] = []
    for x, y in class_batches(8):
        everything = [*compiled(x, y), *[each.grad for each in model.parameters()]]
        kept.append((everything, bits(everything)))
    for everything, before in kept:
        assert bits(everything) == before
    assert is_compiled(compiled)


def test_a_gradient_edited_outside_harms_nobody() -> None:
    one, two = twins(mlp)
    eager, compiled = loss_of(one), compile(loss_of(two))
    for x, y in class_batches():
        for model, function in ((one, eager), (two, compiled)):
            function(x, y).backward()
            for each in model.parameters():
                each.grad.mul_(0.5)
        assert gradients(one) == gradients(two)
    assert is_compiled(compiled)


# Functions and operations of other kinds


class Square(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2 * ctx.saved_tensors[0]


opaque = operation(
    lambda input: np.sinh(np.asarray(input)), name="graphs_test_opaque", input=lambda g, input: g * np.cosh(input)
)


@pytest.mark.parametrize("function", [Square.apply, opaque], ids=["function", "opaque"])
def test_functions_of_others(function: Callable[[Any], Any]) -> None:
    weight = framework.ones(4, requires_grad=True)
    eager = lambda x: function(x * weight).sum()
    compiled = compile(eager)
    for (x,) in inputs(5, 4):
        found = []
        for each in (eager, compiled):
            weight.grad = None
            each(x).backward()
            found.append(bits(weight.grad))
        assert found[0] == found[1]
    assert is_compiled(compiled)


@pytest.mark.parametrize("dtype", [framework.float32, framework.float64])
@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: (x @ w.T).relu().logsumexp(1).mean(),
        lambda x, w: F.softmax(x @ w.T, dim=1).log().sum(),
        lambda x, w: framework.einsum("ij,kj->ik", x, w).max(dim=1).values.sum(),
        lambda x, w: framework.cat([x * w[0], w[1:2].expand(5, 4)]).std(),
        lambda x, w: (x.unsqueeze(1) - w).norm(dim=-1).min(1).values.prod(),
        lambda x, w: framework.where(x[:, :2] > 0, w[:, 0].sum(), x[:, :2] * w[1, 1]).cumsum(0).sum(),
        lambda x, w: F.layer_norm(x, (4,)).sum() * w.sum() if hasattr(F, "layer_norm") else (x * w.mean()).var(),
        lambda x, w: w[framework.tensor([0, 1, 1, 2, 0])].mul(x).pow(2).sum(),
        lambda x, w: x.clone().index_add(0, framework.tensor([0, 0, 1]), w).square().mean(),
    ],
)
def test_operations(function: Callable[[Any, Any], Any], dtype: Any) -> None:
    weight = framework.randn(3, 4, generator=framework.Generator()).to(dtype).requires_grad_()
    compiled = compile(lambda x: function(x, weight))
    for (data,) in inputs(5, 4):
        x = data.to(dtype)
        found = []
        for each in (lambda x: function(x, weight), compiled):
            weight.grad = None
            out = each(x)
            out.backward()
            found.append((bits(out), bits(weight.grad)))
        assert found[0] == found[1]
    assert is_compiled(compiled)


def test_no_grad_inside_and_outside() -> None:
    model = mlp()
    compiled = compile(loss_of(model))
    for x, y in class_batches(4):
        with framework.no_grad():
            assert not compiled(x, y).requires_grad
        loss = compiled(x, y)
        assert loss.requires_grad
        loss.backward()
    assert is_compiled(compiled)
    assert len(compiled.programs) <= 3


def test_a_nested_compiled_loss_equals_eager() -> None:
    def make() -> Training:
        model = mlp()
        return step_around(compile, model)

    train_both(make, class_batches)


def test_memory_goes_back_when_a_loss_is_dropped() -> None:
    model = mlp()
    compiled = compile(loss_of(model))
    batches = class_batches(4)
    for x, y in batches:
        compiled(x, y).backward()
    gc.collect()
    gc.disable()
    try:
        loss = compiled(x, y)
        node = weakref.ref(loss.grad_fn) if hasattr(type(loss.grad_fn), "__weakref__") else lambda: None
        del loss
        assert node() is None
    finally:
        gc.enable()
