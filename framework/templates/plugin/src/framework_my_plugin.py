"""my-plugin: what it adds to the framework, in a sentence.

Five parts that stand each for itself: change those that you need, and delete the others, each with what is named above
it. What they are registered by begins with the plugin's name, so that no two plugins claim one name.
"""

from __future__ import annotations

import math
from typing import Any

import click
import framework
import numpy as np
from framework.extend import Operation, Optimizer, Register, Run, Tensor, Trainer, hookimpl, operation


# An operation with its derivatives. With it go its hook, test_the_operation, and the model in example.py.
# Formulas are plain NumPy: np.f(x), never x.f(), and math.f for numbers. From them follow second derivatives and programs.
@operation(name="my_plugin_swish", promote="float")
def swish(input: Any, beta: Any) -> Any:
    """`input * sigmoid(beta * input)`, where beta may be trained. Ramachandran et al., arXiv 1710.05941."""
    return input * sigmoid(beta * input)


@swish.derivative("input")
def _(g: Any, input: Any, beta: Any) -> Any:
    gate = sigmoid(beta * input)
    return g * (gate + beta * input * gate * (1 - gate))


@swish.derivative("beta")
def _(g: Any, input: Any, beta: Any) -> Any:
    gate = sigmoid(beta * input)
    return g * input * input * gate * (1 - gate)


def sigmoid(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@hookimpl
def register_operations(register: Register[Operation]) -> None:
    register("my_plugin_swish", swish)


# A loss. With it go its hook, test_the_loss, and `loss=` in example.py.
def log_cosh(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean of log(cosh(error)): about error² / 2 of small errors, |error| of large ones."""
    error = prediction - target
    return (framework.logaddexp(error, -error) - math.log(2)).mean()


@hookimpl
def register_losses(register: Register[Any]) -> None:
    register("my_plugin_log_cosh", log_cosh)


# An optimizer. With it go its hook, test_the_optimizer, and `optimizer=` in example.py.
class HeavyBall(Optimizer):
    """`velocity = momentum * velocity + grad; parameter -= lr * velocity`. Polyak, 1964."""

    elementwise = True  # `update` works on every element for itself, so it may be given several parameters in one array

    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.9) -> None:
        if lr < 0 or not 0 <= momentum < 1:
            raise ValueError(f"lr must be 0 or more, and momentum from 0 to below 1, not {lr} and {momentum}")
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"velocity": np.zeros_like(parameter)}

    def scalars(self, group: dict[str, Any], state: Any) -> dict[str, Any]:
        """The numbers of this step: plain Python, run every step."""
        return {"lr": group["lr"], "momentum": group["momentum"]}

    def update(
        self, parameter: np.ndarray, grad: np.ndarray, state: dict[str, Any], scalars: dict[str, Any]
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """The new parameter and state: pure NumPy, which is compiled."""
        velocity = scalars["momentum"] * state["velocity"] + grad
        return parameter - scalars["lr"] * velocity, {"velocity": velocity}


@hookimpl
def register_optimizers(register: Register[Any]) -> None:
    register("my_plugin_heavy_ball", HeavyBall)


# An observer, for `framework train --log my_plugin`. With it go its hook and test_the_observer.
class BestEpoch:
    """Says at the end which epoch had the lowest training loss."""

    @hookimpl
    def run_end(self, trainer: Trainer) -> None:
        losses = [record["train/loss"] for record in trainer.history.records]
        if losses:
            lowest = min(losses)
            click.echo(f"The lowest training loss was {lowest:.4g}, in epoch {losses.index(lowest) + 1}.")


@hookimpl
def register_loggers(register: Register[Any]) -> None:
    register("my_plugin", lambda run: BestEpoch())


# A command, `framework my-plugin RUN`. With it go its hook and test_the_command.
@click.command()
@click.argument("run")
def losses(run: str) -> None:
    """Draw the training loss of RUN, a bar an epoch."""
    values = [record["train/loss"] or 0.0 for record in Run.open(run).records()]
    for epoch, value in enumerate(values, 1):
        click.echo(f"{epoch:5} {value:10.4g} {'#' * round(40 * value / max(values))}")


@hookimpl
def register_commands(register: Register[click.Command]) -> None:
    register("my-plugin", losses)
