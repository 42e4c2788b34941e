"""Whole training steps: compiled equals eager, bit for bit, and they really are compiled."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.autograd import Tensor
from framework.autograd.function import Function
from framework.compiler import CompileError, compile
from framework.extend import operation
from framework.nn import functional as F
from tests.compiler.models import (
    RNN,
    Adam,
    BatchNorm,
    StepOnly,
    Training,
    bits,
    class_batches,
    inputs,
    mlp,
    step_of,
    train_both,
    training_of,
)

ROWS: dict[str, Any] = {}
RATE = 0.1


def row(batches: Any = class_batches, traces: int = 4) -> Callable[..., Any]:
    """A row of the table: what makes the training, the batches it sees, how many of its calls may be traced."""

    def add(make: Callable[[], Training]) -> Callable[[], Training]:
        ROWS[make.__name__] = pytest.param(make, batches, traces, id=make.__name__)
        return make

    return add


# Optimizers


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "dampening": 0.5},
        {"weight_decay": 0.01},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"maximize": True},
        {"momentum": 0.5, "dampening": 0.1, "weight_decay": 0.1, "maximize": True},
    ],
    ids=lambda options: "+".join(options) or "plain",
)
def test_sgd(options: dict[str, Any]) -> None:
    train_both(lambda: training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, **options)), class_batches)


@row()
def adam_corrects_its_bias_by_the_count_of_steps() -> Training:
    return training_of(mlp(), Adam)


@row()
def step_alone() -> Training:
    return training_of(mlp(), StepOnly)


@row()
def a_learning_rate_that_changes() -> Training:
    training = training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.5, momentum=0.9))
    group = training.parts[1].param_groups[0]
    training.between = lambda number: group.update(lr=0.5 / (1 + number))
    return training


@row()
def a_learning_rate_that_is_a_tensor() -> Training:
    rate = framework.tensor(0.5)
    training = training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=rate))
    training.between = lambda number: rate.fill_(0.5 / (1 + number))
    return training


@row()
def adams_learning_rate_changes() -> Training:
    training = training_of(mlp(), Adam)
    group = training.parts[1].param_groups[0]
    training.between = lambda number: group.update(lr=0.1 * 0.5**number)
    return training


@row()
def momentum_that_changes() -> Training:
    training = training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.5))
    group = training.parts[1].param_groups[0]
    training.between = lambda number: group.update(momentum=0.5 + 0.05 * number)
    return training


@row(traces=5)
def weight_decay_that_begins_later() -> Training:
    training = training_of(mlp())
    group = training.parts[1].param_groups[0]
    training.between = lambda number: group.update(weight_decay=0.1 if number > 3 else 0)
    return training


@row()
def two_groups() -> Training:
    model = mlp()
    groups = [{"params": model[0].parameters(), "lr": 0.01}, {"params": model[2].parameters(), "momentum": 0.9}]
    optimizer = optim.SGD(groups, lr=0.2)
    return Training(step_of(model, optimizer), model, optimizer)


@row()
def two_optimizers_one_step() -> Training:
    model = mlp()
    optimizers = optim.SGD(model[0].parameters(), lr=0.1), Adam(model[2].parameters())

    def step(x: Any, y: Any) -> Any:
        for each in optimizers:
            each.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        for each in optimizers:
            each.step()
        return loss

    return Training(step, model, *optimizers)


@row(lambda: inputs(5, 4))
def two_networks_against_each_other() -> Training:
    maker, judge = nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    of_maker, of_judge = optim.SGD(maker.parameters(), lr=0.1), optim.SGD(judge.parameters(), lr=0.1, momentum=0.9)

    def step(real: Any) -> Any:
        fake = maker(framework.randn(5, 3))
        of_judge.zero_grad()
        loss = (judge(fake.detach()) - judge(real)).mean()
        loss.backward()
        of_judge.step()
        of_maker.zero_grad()
        other = -judge(fake).mean()
        other.backward()
        of_maker.step()
        return {"judge": loss, "maker": other}

    return Training(step, maker, judge, of_maker, of_judge)


@row()
def a_closure_for_the_optimizer() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        def closure() -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        return optimizer.step(closure)

    return Training(step, model, optimizer)


@row()
def two_updates_in_one_step() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    once = step_of(model, optimizer)

    def step(x: Any, y: Any) -> Any:
        return once(x, y), once(x, y)

    return Training(step, model, optimizer)


@row(traces=5)
def the_optimizers_state_is_loaded() -> Training:
    training = training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9))
    optimizer, kept = training.parts[1], []

    def between(number: int) -> None:
        if number == 2:
            kept.append(
                {
                    **optimizer.state_dict(),
                    "state": {
                        n: {k: v.clone() for k, v in s.items()} for n, s in optimizer.state_dict()["state"].items()
                    },
                }
            )
        if number == 4:
            optimizer.load_state_dict(kept[0])

    training.between = between
    return training


# Gradients between backward and update


@row()
def zero_grad_afterwards() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return Training(step, model, optimizer)


@row()
def zero_grad_to_zeros() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=False)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Training(step, model, optimizer)


@row()
def no_zero_grad_at_all() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Training(step, model, optimizer)


@row(lambda: [(a, b) for a, b in zip(class_batches(12)[::2], class_batches(12)[1::2], strict=True)])
def micro_batches_inside_the_step() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(*micro: Any) -> Any:
        optimizer.zero_grad()
        losses = []
        for x, y in micro:
            loss = F.cross_entropy(model(x), y) / len(micro)
            loss.backward()
            losses.append(loss)
        optimizer.step()
        return losses

    return Training(step, model, optimizer)


@row(lambda: class_batches(9))
def micro_batches_in_calls_of_their_own() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y) / 3
        loss.backward()
        return loss

    def between(number: int) -> None:
        if number % 3 == 0:
            optimizer.step()
            optimizer.zero_grad()

    return Training(step, model, optimizer, between=between)


def clipped(change: Callable[[Any], Any]) -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.5)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        change(list(model.parameters()))
        optimizer.step()
        return loss

    return Training(step, model, optimizer)


@row()
def gradients_clipped_by_their_norm() -> Training:
    def clip(parameters: Any) -> None:
        total = framework.stack([(each.grad * each.grad).sum() for each in parameters]).sum().sqrt()
        scale = (0.1 / (total + 1e-6)).clamp(max=1.0)
        for each in parameters:
            each.grad.mul_(scale)

    return clipped(clip)


@row()
def gradients_clipped_by_their_value() -> Training:
    return clipped(lambda parameters: [each.grad.clamp_(-0.05, 0.05) for each in parameters])


@row()
def gradients_replaced() -> Training:
    def replace(parameters: Any) -> None:
        for each in parameters:
            each.grad = each.grad * 0.5 + 0.01 * each.detach()

    return clipped(replace)


@row()
def one_gradient_dropped() -> Training:
    return clipped(lambda parameters: setattr(parameters[0], "grad", None))


@row()
def gradient_noise() -> Training:
    return clipped(lambda parameters: [each.grad.add_(framework.randn_like(each), alpha=0.01) for each in parameters])


@row(lambda: inputs(5, 4))
def gradients_by_autograd_grad() -> Training:
    model = nn.Linear(4, 2)

    def step(x: Any) -> Any:
        loss = model(x).square().mean()
        gradients = framework.autograd.grad(loss, list(model.parameters()))
        with framework.no_grad():
            for each, gradient in zip(model.parameters(), gradients, strict=True):
                each -= 0.1 * gradient
        return loss, gradients

    return Training(step, model)


@row(lambda: inputs(5, 4))
def updates_by_hand() -> Training:
    w, b = framework.randn(4, 2, requires_grad=True), framework.zeros(2, requires_grad=True)

    def step(x: Any) -> Any:
        loss = (x @ w + b).square().mean()
        loss.backward()
        with framework.no_grad():
            w.sub_(0.1 * w.grad)
            b.data -= 0.1 * b.grad
        w.grad = b.grad = None
        return loss

    return Training(step, w, b)


@row(lambda: inputs(5, 4))
def updates_by_hand_with_operators() -> Training:
    parameters = types.SimpleNamespace(w=framework.randn(4, 2, requires_grad=True))
    w = parameters.w

    def step(x: Any) -> Any:
        loss = (x @ parameters.w).square().mean()
        loss.backward()
        with framework.no_grad():
            parameters.w -= 0.1 * parameters.w.grad
        parameters.w.grad.zero_()
        return loss

    return Training(step, w)


@row()
def hooks_on_parameters_and_modules() -> Training:
    training = training_of(mlp())
    model = training.parts[0]
    model[0].weight.register_hook(lambda g: g * 0.5)
    model[2].bias.register_hook(lambda g: g.clamp(-0.1, 0.1))
    model[0].register_forward_hook(lambda module, args, output: output * 1.5)
    model[2].register_forward_pre_hook(lambda module, args: (args[0] + 0.1,))
    model[1].register_full_backward_hook(lambda module, gradients, outputs: (gradients[0] * 2,))
    return training


def halve_grad(parameter: Any) -> None:
    parameter.grad.mul_(0.5)


@row()
def a_hook_that_edits_the_gradient_when_it_is_complete() -> Training:
    training = training_of(mlp())
    training.parts[0][0].weight.register_post_accumulate_grad_hook(halve_grad)
    return training


@row(lambda: inputs(5, 4))
def second_derivatives_inside_the_step() -> Training:
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any) -> Any:
        x = x.clone().requires_grad_(True)
        score = model(x).sum()
        (slope,) = framework.autograd.grad(score, x, create_graph=True)
        penalty = ((slope.square().sum(1) + 1e-6).sqrt() - 1).square().mean()
        optimizer.zero_grad()
        (score + penalty).backward()
        optimizer.step()
        return penalty

    return Training(step, model, optimizer)


@row()
def the_graph_is_walked_twice() -> Training:
    model = mlp()

    def step(x: Any, y: Any) -> Any:
        model.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward(retain_graph=True)
        (loss * 2).backward()
        return loss.detach()

    return Training(step, model)


# Models


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 4)
        self.last.weight = self.first.weight

    def forward(self, x: Any) -> Any:
        return self.last(framework.tanh(self.first(x)))[:, :3]


@row()
def tied_parameters() -> Training:
    return training_of(Tied())


@row()
def frozen_parameters() -> Training:
    model = mlp()
    model[0].requires_grad_(False)
    return training_of(model)


@row(traces=5)
def frozen_later_and_thawed() -> Training:
    training = training_of(mlp())
    training.between = lambda number: training.parts[0][0].weight.requires_grad_(number not in (3, 4))
    return training


@row()
def running_statistics() -> Training:
    return training_of(mlp(BatchNorm(8)))


@row(lambda: class_batches(10), traces=5)
def running_statistics_then_eval_and_back() -> Training:
    training = training_of(mlp(BatchNorm(8)))
    training.between = lambda number: training.parts[0].train(number not in (3, 4, 5))
    return training


@row()
def dropout() -> Training:
    return training_of(mlp(nn.Dropout(0.5)))


@row(lambda: class_batches(9), traces=5)
def dropout_then_eval_and_back() -> Training:
    training = training_of(mlp(nn.Dropout(0.5)))
    training.between = lambda number: training.parts[0].train(number not in (3, 4))
    return training


@row(lambda: class_batches(9), traces=5)
def dropout_of_another_strength() -> Training:
    training = training_of(mlp(nn.Dropout(0.5)))
    training.between = lambda number: setattr(training.parts[0][2], "p", 0.25 if number > 3 else 0.5)
    return training


@row(lambda: inputs(4, 3))
def other_random_numbers() -> Training:
    generator = framework.Generator()
    generator.manual_seed(7)
    weight = nn.Parameter(framework.ones(3))

    def step(x: Any) -> Any:
        noise = framework.randn_like(x) + framework.rand(3) + framework.randn(3, generator=generator)
        mask = framework.bernoulli(framework.full((4, 3), 0.3))
        order = framework.randperm(4)
        loss = ((x + noise) * mask * weight)[order].square().mean()
        loss.backward()
        with framework.no_grad():
            weight.sub_(0.1 * weight.grad)
            weight.grad = None
        return loss, noise, order, framework.randint(5, (2,))

    return Training(step, weight)


@row(lambda: [(x, y[:5]) for (x,), (_, y) in zip(inputs(5, 3, 4), class_batches(6), strict=True)], traces=6)
def an_unrolled_rnn() -> Training:
    training = training_of(RNN())
    training.between = lambda number: setattr(training.parts[0], "depth", 2 if number > 3 else 1)
    return training


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project, self.out = nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        q, k, v = self.project(x).reshape(*x.shape[:-1], 3, 2, 2).permute(2, 0, 3, 1, 4)
        weights = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(2), dim=-1)
        return self.out((weights @ v).transpose(1, 2).flatten(-2)).mean(1)


@row(lambda: [(x, y[:5]) for (x,), (_, y) in zip(inputs(5, 3, 4), class_batches(6), strict=True)])
def attention_by_views() -> Training:
    return training_of(Attention())


class Pieces(nn.Module):
    """Views, cuts, joins, in-place operations on intermediate results, comparisons, extremes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(framework.randn(4, 6))

    def forward(self, x: Any) -> Any:
        a, b = (x @ self.weight).chunk(2, dim=1)
        a = a.clone()
        a[:, 0] = b[:, 1]
        a.add_(1.0).relu_()
        c = framework.cat([a, framework.where(b > 0, b, 0.1 * b)], dim=1)
        c = c - c.max(dim=1, keepdim=True).values.detach()
        return framework.stack([c[:, :3], c[:, 3:].flip(1)]).sum(0) + c.amax() * framework.arange(3)


@row()
def views_and_operations_in_place() -> Training:
    return training_of(Pieces())


@row(
    lambda: [(framework.tensor(n % 3 + np.arange(6).reshape(2, 3)), y[:2]) for n, (_, y) in enumerate(class_batches())]
)
def an_embedding_by_index() -> Training:
    weight, head = nn.Parameter(framework.randn(9, 4)), nn.Linear(4, 3)
    optimizer = optim.SGD([weight, *head.parameters()], lr=0.1)

    def step(ids: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(head(weight[ids].mean(1)), y)
        loss.backward()
        optimizer.step()
        return loss

    return Training(step, weight, head, optimizer)


@row(lambda: inputs(5, 4))
def a_moving_average_of_the_weights() -> Training:
    model, average = nn.Linear(4, 2), nn.Linear(4, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        with framework.no_grad():
            target = average(x)
        loss = (model(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        with framework.no_grad():
            for mean, each in zip(average.parameters(), model.parameters(), strict=True):
                mean.lerp_(each, 0.1)
        return loss

    return Training(step, model, average, optimizer)


@row()
def a_parameter_without_a_gradient() -> Training:
    model = mlp()
    model.unused = nn.Parameter(framework.ones(2))
    return training_of(nn.Sequential(model[0], model[1], model[2], nn.Identity()))


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, scale: float) -> Any:
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * ctx.scale * x * x, None


class Call(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


@row()
def a_custom_function() -> Training:
    return training_of(mlp(Call(lambda x: Cube.apply(x, 0.5))))


gate = operation(
    lambda input, slope=1.0: np.tanh(slope * input) * input,
    name="compiled_test_gate",
    input=lambda g, input, slope: g * (np.tanh(slope * input) + slope * input * (1 - np.tanh(slope * input) ** 2)),
)


@row()
def a_plugin_operation_in_numpy() -> Training:
    return training_of(mlp(Call(lambda x: gate(x, slope=0.5))))


def refusing(array: Any) -> Any:
    """What another library's function does: nothing but real arrays will do."""
    if type(array) is not np.ndarray:
        raise TypeError(f"expected an array, not {type(array).__name__}")
    return np.sinh(array)


def looping(array: Any) -> Any:
    return np.array([[value * 2 if value > 0 else value for value in line] for line in array], array.dtype)


OPAQUE = {
    "asarray": lambda input: np.sinh(np.asarray(input)),
    "refusing": lambda input: refusing(input),
    "loop": lambda input: looping(input),
    "item": lambda input: input * input.sum().item(),
    "branch": lambda input: np.sinh(input) if input.sum() > 0 else np.cosh(input),
}
OPERATIONS = {
    name: operation(forward, name=f"compiled_test_{name}", input=lambda g, input: g * np.cosh(input))
    for name, forward in OPAQUE.items()
}


@pytest.mark.parametrize("name", OPAQUE)
def test_opaque_operations_are_kept_as_calls(name: str) -> None:
    compiled, _ = train_both(lambda: training_of(mlp(Call(OPERATIONS[name]))), class_batches)
    assert len(compiled.program.explain().opaque) == 1


def test_an_opaque_derivative_is_kept_as_a_call() -> None:
    opaque = operation(
        lambda input: np.sinh(input),
        name="compiled_test_opaque_back",
        input=lambda g, input: g * np.cosh(np.asarray(input)),
    )
    compiled, _ = train_both(lambda: training_of(mlp(Call(opaque))), class_batches)
    assert len(compiled.program.explain().opaque) == 1


def test_what_can_be_seen_into_is_not_opaque() -> None:
    compiled, _ = train_both(a_plugin_operation_in_numpy, class_batches)
    assert compiled.program.explain().opaque == ()


# Batches


@row(lambda: [*class_batches(4, last=2), *class_batches(4, last=2)])
def the_last_smaller_batch_and_back() -> Training:
    return training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9))


@row(lambda: class_batches(dtype=np.float64))
def doubles() -> Training:
    return training_of(mlp().double())


def turned() -> list[Any]:
    whole = inputs(4, 10)
    return [(x.t()[::2], y) for (x,), (_, y) in zip(whole, class_batches(6), strict=True)]


@row(turned)
def inputs_that_are_not_contiguous() -> Training:
    return training_of(mlp())


@row(lambda: [*turned(), *class_batches(3)])
def inputs_whose_strides_change() -> Training:
    return training_of(mlp())


@row(lambda: [({"x": x, "more": [y, (x * 2, {"scale": 0.5})]},) for x, y in class_batches()])
def a_nested_batch() -> Training:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(batch: Any) -> Any:
        y, (other, options) = batch["more"]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch["x"]) + options["scale"] * model(other), y)
        loss.backward()
        optimizer.step()
        return {"loss": loss.detach(), "size": len(y), "all": [loss.detach() * 2, None, "name"]}

    return Training(step, model, optimizer)


@row(lambda: [{"y": y, "x": x, "scale": 2.0} for x, y in class_batches()])
def keyword_arguments() -> Training:
    model = mlp()

    def step(x: Any, *, y: Any, scale: float = 1.0, shift: float = 0.5) -> Any:
        model.zero_grad()
        loss = F.cross_entropy(model(x) * scale + shift, y)
        loss.backward()
        return loss

    return Training(step, model)


@row(lambda: [(x, y, n > 3) for n, (x, y) in enumerate(class_batches())])
def a_flag_among_the_arguments() -> Training:
    model = mlp()

    def step(x: Any, y: Any, twice: bool) -> Any:
        model.zero_grad()
        loss = F.cross_entropy(model(model[2](model[0](x).tanh()).repeat(1, 2)[:, :4]) if twice else model(x), y)
        loss.backward()
        return loss

    return Training(step, model)


@row(lambda: [(x.requires_grad_(),) for (x,) in inputs(5, 4)])
def inputs_that_need_gradients() -> Training:
    model = nn.Linear(4, 2)

    def step(x: Any) -> Any:
        loss = framework.tanh(model(x)).sum()
        loss.backward()
        return loss, x + 0.1 * x.grad.sign()

    return Training(step, model)


@row(lambda: [(x.requires_grad_(n % 2 == 0),) for n, (x,) in enumerate(inputs(5, 4))])
def inputs_that_need_gradients_in_every_other_call() -> Training:
    model = nn.Linear(4, 2)

    def step(x: Any) -> Any:
        loss = framework.tanh(model(x)).sum()
        loss.backward()
        return loss

    return Training(step, model)


@row(lambda: inputs(5, 4))
def an_argument_written_in_place() -> Training:
    def step(x: Any) -> Any:
        x.mul_(2)
        x[0] = 1.0
        return x.sum(), x

    return Training(step)


@row(lambda: [(x.numpy(), x.numpy()[0].astype(np.float64)) for (x,) in inputs(5, 4)])
def plain_numpy_arrays() -> Training:
    table = np.arange(4.0)

    def step(x: Any, y: Any) -> Any:
        centred = x - x.mean(axis=0)
        return np.tanh(centred) @ (table * y), {"largest": np.max(x, axis=1), "first": x[:, 0].copy()}

    return Training(step)


# What stands outside


@row()
def parameters_loaded_between_steps() -> Training:
    training = training_of(mlp())
    model, kept = training.parts[0], []

    def between(number: int) -> None:
        if number == 1:
            kept.append({name: value.clone() for name, value in model.state_dict().items()})
        if number in (3, 5):
            model.load_state_dict(kept[0])

    training.between = between
    return training


@row(traces=5)
def data_replaced_between_steps() -> Training:
    training = training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9))
    weight = training.parts[0][0].weight

    def between(number: int) -> None:
        if number == 4:
            weight.data = weight.detach() * 0.5

    training.between = between
    return training


@row()
def data_edited_between_steps() -> Training:
    training = training_of(mlp())
    weight = training.parts[0][0].weight

    def between(number: int) -> None:
        with framework.no_grad():
            weight[number] = 0.5
            weight.grad = None if number == 3 else weight.grad

    training.between = between
    return training


@row(traces=5)
def a_parameter_replaced_by_another() -> Training:
    training = training_of(mlp())
    model, optimizer = training.parts

    def between(number: int) -> None:
        if number == 4:
            model[2].bias = nn.Parameter(framework.ones(3))
            optimizer.add_param_group({"params": [model[2].bias], "lr": 1.0})

    training.between = between
    return training


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tau = 0.5
        self.scales = [1.0, 2.0]
        self.sharp = False

    def forward(self, x: Any) -> Any:
        x = x * self.tau * self.scales[1]
        return x.square() if self.sharp else x


@pytest.mark.parametrize(
    "change",
    [
        lambda module: setattr(module, "tau", 0.25),
        lambda module: module.scales.__setitem__(1, 3.0),
        lambda module: setattr(module, "sharp", True),
        lambda module: module.register_buffer("unused", framework.ones(1)),
    ],
    ids=["number", "list", "flag", "buffer"],
)
def test_an_attribute_that_changes(change: Callable[[Any], Any]) -> None:
    def make() -> Training:
        model = mlp(Scaled())
        return training_of(model, between=lambda number: change(model[2]) if number == 3 else None)

    train_both(make, class_batches, traces=5)


def test_a_closure_and_a_global_that_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Training:
        model, scale = mlp(), 1.0
        monkeypatch.setitem(globals(), "RATE", 0.1)

        def step(x: Any, y: Any) -> Any:
            model.zero_grad()
            loss = F.cross_entropy(model(x) * scale + RATE, y)
            loss.backward()
            return loss

        def between(number: int) -> None:
            nonlocal scale
            if number == 3:
                scale = 2.0
            if number == 5:
                monkeypatch.setitem(globals(), "RATE", 0.5)

        return Training(step, model, between=between)

    train_both(make, class_batches, traces=6)


@pytest.mark.parametrize(
    "register",
    [
        lambda model: model[0].register_forward_hook(lambda module, args, output: output * 0.5),
        lambda model: model[0].register_forward_pre_hook(lambda module, args: (args[0] * 0.5,)),
        lambda model: model[2].register_full_backward_hook(lambda module, gradients, outputs: (gradients[0] * 2,)),
        lambda model: model[0].weight.register_hook(lambda g: g * 0.5),
        lambda model: model[0].weight.register_post_accumulate_grad_hook(halve_grad),
    ],
    ids=["forward", "pre", "backward", "parameter", "accumulated"],
)
def test_a_hook_registered_later_and_removed(register: Callable[[Any], Any]) -> None:
    def make() -> Training:
        handles: list[Any] = []
        model = mlp()

        def between(number: int) -> None:
            if number == 3:
                handles.append(register(model))
            if number == 5:
                handles.pop().remove()

        return training_of(model, between=between)

    train_both(make, lambda: class_batches(8), traces=6)


@row(traces=5)
def switched_to_no_grad() -> Training:
    model = mlp()

    def step(x: Any, y: Any) -> Any:
        return F.cross_entropy(model(x), y).detach()

    return Training(step, model, between=lambda number: framework.set_grad_enabled(number % 2 == 0))


@pytest.mark.parametrize(("make", "batches", "traces"), ROWS.values())
def test_compiled_equals_eager(make: Callable[[], Training], batches: Callable[[], list[Any]], traces: int) -> None:
    with framework.set_grad_enabled(True):
        train_both(make, batches, traces)


@pytest.mark.parametrize("size", [(30, 1), (64, 128, 10), (300, 200, 100)], ids=str)
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_larger_models(size: tuple[int, ...], momentum: float) -> None:
    """Blocks of cache size and flat buffers come into play."""

    def make() -> Training:
        model = nn.Sequential(*[part for a, b in zip(size, size[1:]) for part in (nn.Linear(a, b), nn.ReLU())][:-1])
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=momentum)

        def step(x: Any, y: Any) -> Any:
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        return Training(step, model, optimizer)

    def batches() -> list[Any]:
        xs, ys = inputs(64, size[0], count=4), inputs(64, size[-1], count=4, seed=1)
        return [(x, y) for (x,), (y,) in zip(xs, ys, strict=True)]

    train_both(make, batches)


# How it is called


def test_nested_compiled_functions() -> None:
    def make() -> Training:
        model = mlp()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss_of = compile(lambda x, y: F.cross_entropy(model(x), y))

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, model, optimizer)

    train_both(make, class_batches)


class Learner:
    def __init__(self) -> None:
        self.model = mlp()
        self.optimizer = optim.SGD(self.model.parameters(), lr=0.1)
        self.scale = 1.0

    def step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = self.scale * F.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss


def test_a_bound_method() -> None:
    def make() -> Training:
        learner = Learner()
        return Training(
            learner.step, learner.model, between=lambda number: setattr(learner, "scale", 2.0 if number > 3 else 1.0)
        )

    train_both(make, class_batches)


def test_a_decorated_method_serves_several_objects() -> None:
    class Compiled(Learner):
        step = compile(Learner.step)

    learners = []
    for kind in (Learner, Compiled):
        framework.manual_seed(0)
        one, two = kind(), kind()
        for x, y in class_batches():
            one.step(x, y)
            two.step(y=y, x=x)
        learners.append([*one.model.parameters(), *two.model.parameters()])
    assert bits(learners[0]) == bits(learners[1])
    assert Compiled.step.eager is None
    assert len(Compiled.step.programs) >= 2


def test_a_module_is_compiled() -> None:
    model = mlp()
    compiled = compile(model)
    with framework.no_grad():
        for x, _ in class_batches():
            assert bits(compiled(x)) == bits(model(x))
    assert compiled.eager is None
    assert compiled.programs


def test_inference_mode() -> None:
    model = mlp(BatchNorm(8)).eval()
    compiled = compile(lambda x: F.softmax(model(x), dim=1))
    with framework.inference_mode():
        for x, _ in class_batches():
            expected, found = F.softmax(model(x), dim=1), compiled(x)
            assert bits(found) == bits(expected)
            assert found.is_inference() == expected.is_inference()
    assert compiled.eager is None
    assert compiled.programs


def test_decorators() -> None:
    @compile
    def double(x: Any) -> Any:
        """Twice x."""
        return x * 2

    @compile(fullgraph=True)
    def triple(x: Any) -> Any:
        return x * 3

    assert double.__name__ == "double"
    assert double.__doc__ == "Twice x."
    for (x,) in inputs(3):
        assert bits(double(x)) == bits(x * 2)
        assert bits(triple(x)) == bits(x * 3)
    assert len(double.programs) == len(triple.programs) == 1


def test_fullgraph_raises_and_nothing_is_changed() -> None:
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @compile(fullgraph=True)
    def step(x: Any, y: Any) -> Any:
        loss = step_of(model, optimizer)(x, y)
        return loss.item()

    x, y = class_batches()[0]
    with pytest.raises(CompileError, match=r"\.item\(\).*test_compiled\.py:\d+"):
        step(x, y)


def test_the_program_can_be_read() -> None:
    compiled, _ = train_both(lambda: training_of(mlp()), class_batches)
    source = compiled.program.source
    builtin_compile = __builtins__["compile"] if isinstance(__builtins__, dict) else __builtins__.compile
    builtin_compile(source, "program", "exec")
    for word in ("# forward", "# backward", "# update", "dot(", "out=", "5×8 float32"):
        assert word in source, source
    explanation = compiled.program.explain()
    assert explanation.calls > 10
    assert 0 < explanation.bytes_shared <= explanation.bytes_unshared
    assert explanation.buffers > 0
    assert str(explanation.calls) in str(explanation)


def test_no_program_before_the_first_call() -> None:
    compiled = compile(lambda x: x * 2)
    assert compiled.programs == []
    with pytest.raises(RuntimeError, match="not been called"):
        _ = compiled.program


def test_reset_and_recheck() -> None:
    training = training_of(mlp())
    compiled = compile(training.step)
    (x, y), *more = class_batches()
    compiled(x, y)
    for each in more[:2]:
        compiled(*each)
    program = compiled.program
    compiled.recheck()
    compiled(*more[2])
    assert compiled.program is program
    compiled.reset()
    assert compiled.programs == []
    compiled(*more[3])
    assert compiled.program is not program


def test_arguments_of_compile() -> None:
    with pytest.raises(TypeError):
        compile(3)
    with pytest.raises(TypeError, match="unknown"):
        compile(lambda x: x, unknown=1)


def test_constants_and_repeats_are_computed_once() -> None:
    def function(x: Any) -> Any:
        return framework.exp(x) + framework.exp(x) * framework.arange(3.0).exp()

    compiled = compile(function)
    for (x,) in inputs(3):
        assert bits(compiled(x)) == bits(function(x))
    assert compiled.program.source.count("exp(") <= 2


def test_unread_results_are_dropped() -> None:
    def function(x: Any) -> Any:
        framework.exp(x)
        return x + 1

    compiled = compile(function)
    for (x,) in inputs(3):
        compiled(x)
    assert "exp" not in compiled.program.source


def test_gradients_and_results_that_are_equal_share_no_memory() -> None:
    one, two = nn.Linear(4, 3), nn.Linear(4, 3)

    def step(x: Any) -> Any:
        one.zero_grad()
        two.zero_grad()
        loss = (one(x) + two(x)).square().sum()
        loss.backward()
        return loss * 2, loss * 2, loss.detach()

    compiled = compile(step)
    for (x,) in inputs(5, 4):
        a, b, _ = compiled(x)
        assert not np.shares_memory(a.detach().numpy(), b.detach().numpy())
        assert not np.shares_memory(one.bias.grad.numpy(), two.bias.grad.numpy())
    assert compiled.eager is None
    assert compiled.programs


def test_tensors_and_no_arrays_are_returned() -> None:
    compiled = compile(lambda x: (x, x * 2, [x.shape[0], None, 0.5, "a"]))
    for (x,) in inputs(3):
        same, twice, rest = compiled(x)
        assert same is x
        assert type(twice) is Tensor
        assert rest == [3, None, 0.5, "a"]


def test_a_compiled_model_is_asked_for_what_it_has() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
    compiled = compile(model)
    assert [*compiled.parameters()] == [*model.parameters()]
    compiled.eval()
    assert not model.training and not compiled.training
    with pytest.raises(AttributeError):
        compiled.no_such_thing  # noqa: B018
    assert not hasattr(compile(lambda x: x), "parameters")
