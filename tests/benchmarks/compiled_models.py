"""The models of `compiled`, and a training step of each by every contender: same weights, same batch, same arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import compiled_numpy, compiled_plain

LR = 0.01
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """A multilayer perceptron: its sizes, from the input to one logit (binary) or to those of classes, and its batch."""

    title: str
    sizes: tuple[int, ...]
    batch: int

    def is_binary(self) -> bool:
        return self.sizes[-1] == 1

    def weights(self) -> list[Array]:
        """Weight and bias of each layer, laid out as PyTorch's."""
        generator = np.random.default_rng(0)
        bounds = [(shape, i**-0.5) for i, o in pairwise(self.sizes) for shape in ((o, i), (o,))]
        return [generator.uniform(-bound, bound, shape).astype(np.float32) for shape, bound in bounds]

    def data(self) -> tuple[Array, Array]:
        """A batch of inputs with targets from 0 to 1, or class indices."""
        generator = np.random.default_rng(1)
        x = generator.standard_normal((self.batch, self.sizes[0])).astype(np.float32)
        if self.is_binary():
            return x, generator.integers(2, size=(self.batch, 1)).astype(np.float32)
        return x, generator.integers(self.sizes[-1], size=self.batch)


MODELS = {
    "logistic": Model("logistic regression 32×30 to 1", (30, 1), 32),
    "mlp-30": Model("MLP 30-32-1, batch 32", (30, 32, 1), 32),
    "mlp-64": Model("MLP 64-128-10, batch 64", (64, 128, 10), 64),
    "mlp-784": Model("MLP 784-256-10, batch 256", (784, 256, 10), 256),
    "mlp-1024": Model("1024 wide: MLP 1024-1024-1024, batch 1024", (1024, 1024, 1024), 1024),
}


class Training(NamedTuple):
    """A step, what it is called with, and what gives the parameters as they stand."""

    step: Callable[[Any, Any], Any]
    x: Any
    y: Any
    parameters: Callable[[], list[Array]]


def by_hand(model: Model, momentum: float) -> Training:
    """Straight-line NumPy with `out=`."""
    return _by_hand(compiled_plain, model, momentum)


def tuned_by_hand(model: Model, momentum: float) -> Training:
    """Straight-line NumPy with everything that makes it faster."""
    return _by_hand(compiled_numpy, model, momentum)


def _by_hand(module: Any, model: Model, momentum: float) -> Training:
    x, y = model.data()
    if not model.is_binary():
        make = module.classifier
    else:
        make, y = module.logistic if len(model.sizes) == 2 else module.binary, y.ravel()
    step, parameters = make(model.weights(), model.batch, LR, momentum)
    return Training(step, x, y, lambda: parameters)


def eager(torch: Any, model: Model, momentum: float) -> Training:
    """The training step as everyone writes it, for PyTorch and for framework."""
    net, loss_function, optimizer = _parts(torch, model, momentum)

    def step(x: Any, y: Any) -> Any:
        loss = loss_function(net(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    x, y = map(torch.from_numpy, model.data())
    return Training(step, x, y, lambda: [each.detach().numpy() for each in net.parameters()])


def framework_eager(model: Model, momentum: float) -> Training:
    import framework

    return eager(framework, model, momentum)


def framework_compiled(model: Model, momentum: float) -> Training:
    """The whole step compiled."""
    import framework

    training = eager(framework, model, momentum)
    return training._replace(step=framework.compile(training.step))


def framework_checked(model: Model, momentum: float) -> Training:
    """The whole step compiled, its loss checked outside."""
    training = framework_compiled(model, momentum)
    compiled, isfinite = training.step, math.isfinite

    def step(x: Any, y: Any) -> Any:
        loss = compiled(x, y)
        if not isfinite(loss.item()):
            raise FloatingPointError("the loss is not finite")
        return loss

    return training._replace(step=step)


def torch_eager(model: Model, momentum: float) -> Training:
    import torch

    return eager(torch, model, momentum)


def torch_compiled(model: Model, momentum: float) -> Training:
    """Forward and loss compiled, which gives a compiled backward; the optimizer is called outside."""
    import torch

    net, loss_function, optimizer = _parts(torch, model, momentum)
    forward = torch.compile(lambda x, y: loss_function(net(x), y))

    def step(x: Any, y: Any) -> Any:
        loss = forward(x, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    x, y = map(torch.from_numpy, model.data())
    return Training(step, x, y, lambda: [each.detach().numpy() for each in net.parameters()])


def jax_jit(model: Model, momentum: float) -> Training:
    """The whole step compiled, the parameters' memory given to their successors."""
    import jax

    def loss_function(weights: Any, x: Any, y: Any) -> Any:
        *hidden, last = weights
        for weight, bias in hidden:
            x = jax.nn.relu(x @ weight + bias)
        z = x @ last[0] + last[1]
        if model.is_binary():
            return (jax.nn.softplus(z) - z * y).mean()
        return (jax.nn.logsumexp(z, axis=1) - z[jax.numpy.arange(len(z)), y]).mean()

    @partial(jax.jit, donate_argnums=0)
    def update(state: Any, x: Any, y: Any) -> Any:
        weights, velocity = state
        loss, change = jax.value_and_grad(loss_function)(weights, x, y)
        if momentum:
            change = velocity = jax.tree.map(lambda v, g: momentum * v + g, velocity, change)
        return (jax.tree.map(lambda p, c: p - LR * c, weights, change), velocity), loss

    pairs = iter([jax.numpy.asarray(each.T) for each in model.weights()])
    weights = list(zip(pairs, pairs, strict=True))
    state = weights, jax.tree.map(jax.numpy.zeros_like, weights) if momentum else None

    def step(x: Any, y: Any) -> Any:
        nonlocal state
        state, loss = update(state, x, y)
        return loss.block_until_ready()

    x, y = map(jax.numpy.asarray, model.data())
    return Training(step, x, y, lambda: [np.asarray(each).T for each in jax.tree.leaves(state[0])])


def _parts(torch: Any, model: Model, momentum: float) -> tuple[Any, Any, Any]:
    """The model with its weights, its loss and its optimizer."""
    nn, layers = torch.nn, []
    for i, o in pairwise(model.sizes):
        layers += [nn.Linear(i, o), nn.ReLU()]
    net = nn.Sequential(*layers[:-1]) if len(layers) > 2 else layers[0]
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), model.weights(), strict=True):
            parameter.copy_(torch.from_numpy(weight))
    loss_function = nn.BCEWithLogitsLoss() if model.is_binary() else nn.CrossEntropyLoss()
    return net, loss_function, torch.optim.SGD(net.parameters(), lr=LR, momentum=momentum)
