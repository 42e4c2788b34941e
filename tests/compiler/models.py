"""What the tests of the compiler train: a step, what it changes, and both ways to run it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np

import framework
from framework import nn, optim
from framework.autograd import Tensor
from framework.compiler import compile
from framework.compiler import compiled as compiled_module
from framework.nn import functional as F


class Training:
    """A step and all that it changes: modules, optimizers, tensors. `between` runs before each call, told its number."""

    def __init__(self, step: Callable[..., Any], *parts: Any, between: Callable[[int], Any] | None = None) -> None:
        self.step = step
        self.parts = parts
        self.between = between

    def state(self) -> dict[str, Any]:
        found = {"generator": bits(framework.get_rng_state())}
        for number, part in enumerate(self.parts):
            found |= {f"{number}.{name}": value for name, value in _state(part)}
        return found


def bits(value: Any) -> Any:
    """What makes two results the same to the last bit."""
    if isinstance(value, Tensor):
        return (*bits(value.detach().numpy()), value.requires_grad, value.is_leaf)
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.name, value.tobytes()
    if isinstance(value, dict):
        return {key: bits(each) for key, each in value.items()}
    return [bits(each) for each in value] if isinstance(value, (list, tuple)) else value


def _state(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, nn.Module):
        for name, tensor in (*part.named_parameters(), *part.named_buffers()):
            yield from [(f"{name}{what}", value) for what, value in _state(tensor)]
    elif isinstance(part, optim.Optimizer):
        for number, state in part.state_dict()["state"].items():
            yield from [(f"state[{number}].{name}", bits(value)) for name, value in state.items()]
    else:
        yield "", bits(part)
        yield "._version", part._version
        yield ".grad", None if part.grad is None else bits(part.grad)


def history(training: Training, step: Callable[..., Any], batches: list[Any]) -> list[dict[str, Any]]:
    """What each call gave and left behind."""
    found = []
    for number, batch in enumerate(batches):
        if training.between is not None:
            training.between(number)
        result = step(**batch) if isinstance(batch, dict) else step(*batch)
        given = [each for each in (batch.values() if isinstance(batch, dict) else batch) if isinstance(each, Tensor)]
        after = [(bits(each), None if each.grad is None else bits(each.grad)) for each in given]
        found.append({"result": bits(result), "arguments": after, **training.state()})
    return found


def train_both(
    make: Callable[[], Training], batches: Callable[[], list[Any]], traces: int = 4, **options: Any
) -> tuple[Any, Any]:
    """Trains eagerly and compiled, each from the same seed. All must agree in each step; few calls may be traced."""
    framework.manual_seed(0)
    training = make()
    expected = history(training, training.step, batches())
    framework.manual_seed(0)
    training = make()
    compiled = compile(training.step, **options)
    with mock.patch.object(compiled_module, "record", wraps=compiled_module.record) as record:
        found = history(training, compiled, batches())
    compare(expected, found)
    assert compiled.eager is None
    assert compiled.programs
    assert record.call_count <= traces
    return compiled, training


def compare(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Every step agrees to the last bit."""
    for number, (one, two) in enumerate(zip(expected, found, strict=True)):
        assert one.keys() == two.keys(), number
        wrong = [name for name in one if one[name] != two[name]]
        assert not wrong, f"call {number}: {wrong}"


# Batches


def class_batches(count: int = 7, size: int = 5, last: int | None = None, dtype: Any = np.float32) -> list[Any]:
    """Batches of four measurements and one of three classes."""
    generator = np.random.default_rng(0)
    sizes = [size] * count if last is None else [*[size] * (count - 1), last]
    return [
        (
            framework.from_numpy(generator.standard_normal((n, 4)).astype(dtype)),
            framework.from_numpy(generator.integers(3, size=n)),
        )
        for n in sizes
    ]


def inputs(*shape: int, count: int = 6, seed: int = 0) -> list[Any]:
    """Batches of one float32 tensor."""
    generator = np.random.default_rng(seed)
    return [(framework.from_numpy(generator.standard_normal(shape).astype(np.float32)),) for _ in range(count)]


# Models


def mlp(*extra: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), *extra, nn.Linear(8, 3))


def step_of(model: nn.Module, optimizer: Any) -> Callable[..., Any]:
    """The training step as everyone writes it."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def training_of(model: nn.Module, make_optimizer: Any = None, **options: Any) -> Training:
    """That step of a model and an optimizer, SGD if none is given."""
    make_optimizer = make_optimizer or (lambda parameters: optim.SGD(parameters, lr=0.1))
    optimizer = make_optimizer(model.parameters())
    return Training(step_of(model, optimizer), model, optimizer, **options)


class BatchNorm(nn.Module):
    """Running statistics updated in place, and a count of batches."""

    def __init__(self, features: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.weight = nn.Parameter(framework.ones(features))
        self.bias = nn.Parameter(framework.zeros(features))
        self.register_buffer("mean", framework.zeros(features))
        self.register_buffer("var", framework.ones(features))
        self.register_buffer("batches", framework.tensor(0))

    def forward(self, x: Any) -> Any:
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            with framework.no_grad():
                self.batches += 1
                self.mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
                self.var.copy_((1 - self.momentum) * self.var + self.momentum * x.var(0))
        else:
            mean, var = self.mean, self.var
        return (x - mean) / (var + 1e-5).sqrt() * self.weight + self.bias


class RNN(nn.Module):
    """An unrolled cell: a Python loop over time, `depth` times over."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 1
        self.input, self.state, self.output = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        h = framework.zeros(x.shape[0], 6)
        for t in range(x.shape[1]):
            for _ in range(self.depth):
                h = framework.tanh(self.input(x[:, t]) + self.state(h))
        return self.output(h)


class Adam(optim.Optimizer):
    """In two parts, its bias corrections from a count of steps that is part of the state."""

    def __init__(self, parameters: Any, lr: float = 0.01, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    def initial_state(self, parameter: Any, group: Any) -> dict[str, Any]:
        zeros = np.zeros_like(parameter)
        return {"step": np.array(0.0, np.float32), "mean": zeros, "square": zeros}

    def scalars(self, group: Any, state: Any) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        step = float(state["step"]) + 1
        return {
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rest2": 1 - beta2,
            "rate": group["lr"] / (1 - beta1**step),
            "scale": 1 / math.sqrt(1 - beta2**step),
            "eps": group["eps"],
        }

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        mean = scalars["beta1"] * state["mean"] + scalars["rest1"] * grad
        square = scalars["beta2"] * state["square"] + scalars["rest2"] * (grad * grad)
        change = mean / (np.sqrt(square) * scalars["scale"] + scalars["eps"])
        state = {"step": state["step"] + 1, "mean": mean, "square": square}
        return parameter - scalars["rate"] * change, state


class StepOnly(optim.Optimizer):
    """An optimizer as PyTorch's users write it: step() alone, tensors under no_grad."""

    def __init__(self, parameters: Any, lr: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @framework.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "velocity" not in state:
                    state["velocity"] = framework.zeros_like(parameter)
                state["velocity"].mul_(group["momentum"]).add_(parameter.grad)
                parameter.add_(state["velocity"], alpha=-group["lr"])
