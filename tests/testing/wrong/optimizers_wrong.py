"""Optimizers, each with a mistake that `framework plugins check` must find."""

import numpy as np

from framework.extend import Optimizer, hookimpl


class Plain(Optimizer):
    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.move(parameter, group["lr"])

    def move(self, parameter, lr):
        parameter.data -= lr * parameter.grad


class Uphill(Plain):
    def move(self, parameter, lr):
        parameter.data += lr * parameter.grad


class Still(Plain):
    def move(self, parameter, lr):
        parameter.data - lr * parameter.grad


class CountsOutside(Plain):
    """Keeps its step where state_dict does not look."""

    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        self.count = 0

    def step(self):
        self.count += 1
        super().step()

    def move(self, parameter, lr):
        parameter.data -= lr / self.count * parameter.grad


class LosesStep(Plain):
    """Leaves its step out of state_dict."""

    def move(self, parameter, lr):
        state = self.state[parameter]
        state["step"] = state.get("step", 0) + 1
        parameter.data -= lr / state["step"] * parameter.grad

    def state_dict(self):
        found = super().state_dict()
        return {**found, "state": {}}


class NeedsGradients(Plain):
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data -= group["lr"] * parameter.grad.sign()


class OwnRate(Plain):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        self.lr = lr

    def move(self, parameter, lr):
        parameter.data -= self.lr * parameter.grad


class Shares(Plain):
    velocity = {}

    def move(self, parameter, lr):
        old = self.velocity.get(parameter.shape, 0)
        self.velocity[parameter.shape] = 0.5 * old + parameter.grad
        parameter.data -= lr * self.velocity[parameter.shape]


class KeepsGradient(Plain):
    def move(self, parameter, lr):
        self.state[parameter]["last"] = parameter.grad
        parameter.data -= lr * parameter.grad


class Widens(Optimizer):
    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def initial_state(self, parameter, group):
        return {"mean": np.zeros(parameter.shape)}

    def scalars(self, group, state):
        return {"lr": group["lr"]}

    def update(self, parameter, grad, state, scalars):
        mean = 0.9 * state["mean"] + grad
        return parameter - scalars["lr"] * mean, {"mean": mean}


@hookimpl
def register_optimizers(register):
    for kind in (
        Uphill,
        Still,
        CountsOutside,
        LosesStep,
        NeedsGradients,
        OwnRate,
        Shares,
        KeepsGradient,
        Widens,
    ):
        register(kind.__name__, kind)
