"""A plugin in which all is wrong, for the tests of `framework plugins check`."""

import itertools

import numpy as np

from framework.extend import Metric, Optimizer, hookimpl, operation

wrong = operation(np.square, name="bad_wrong", input=lambda g, input: 3 * g * input)
wide = operation(
    lambda input: np.maximum(input, 0), name="bad_wide", input=lambda g, input: g * np.where(input > 0, 1.0, 0.0)
)


@operation(name="bad_writes")
def writes(input):
    return 2 * input


@writes.derivative("input")
def _(g):
    g *= 2
    return g


method = operation(lambda input: np.square(input), name="bad_method", input=lambda g, input: 2 * g * input.clip(-9, 9))
decides = operation(
    lambda input: np.abs(input),
    name="bad_decides",
    input=lambda g, input: g if np.all(input > 0) else g * np.sign(input),
)


calls = itertools.count(1)


def centred(input):
    mean = np.mean(input)
    return np.square(input - mean), mean


second = operation(
    centred,
    name="bad_second",
    residuals=["mean"],
    input=lambda g, input, mean: 2 * (g * (input - mean) - np.mean(g * (input - mean))),
)
needs = operation(lambda input, table: input * table["x"], name="bad_needs", input=lambda g, table: g * table["x"])
changes = operation(lambda input: input * next(calls), name="bad_changes", input=lambda g, input, out: g * out / input)
misnamed = operation(lambda input: input + 1, name="other", input=lambda g: g)


def fixed(prediction, target):
    return ((prediction - target) ** 2).sum() / 32


def rooted(prediction, target):
    return ((prediction - target) ** 2).sqrt().mean()


def detached(prediction, target):
    return ((prediction.detach() - target) ** 2).mean()


def vector(prediction, target):
    return (prediction - target) ** 2


class Forgets(Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.count = 0

    def step(self):
        self.count += 1
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.data -= group["lr"] / self.count * parameter.grad


class Up(Optimizer):
    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def scalars(self, group, state):
        return {"lr": group["lr"]}

    def update(self, parameter, grad, state, scalars):
        return parameter + scalars["lr"] * grad, {}


class Shared(Optimizer):
    memory = {"m": 0.0}

    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.memory["m"] = 0.9 * self.memory["m"] + parameter.grad.sum().item()
                    parameter.data -= group["lr"] * (parameter.grad + 0.01 * self.memory["m"])


class Loses:
    def __init__(self):
        self.total = 0.0
        self.seen = 0

    @hookimpl
    def after_step(self, trainer):
        self.total += trainer.loss
        self.seen += 1

    @hookimpl
    def validate_end(self, trainer, metrics):
        metrics["running"] = self.total / self.seen

    @hookimpl
    def save_state(self):
        return {"total": self.total}

    @hookimpl
    def load_state(self, state):
        self.total = state["total"]


loses = Loses()


def last_batch(prediction, target):
    return float((prediction[-1] - target[-1]).abs().sum())


class Averages(Metric):
    """A mean of the batches' means."""

    def reset(self):
        self.values = []

    def update(self, prediction, target):
        self.values.append(((prediction - target) ** 2).mean().item())

    def compute(self):
        return sum(self.values) / len(self.values)


class Keeps(Metric):
    total = 0.0
    count = 0

    def reset(self):
        self.total = 0.0

    def update(self, prediction, target):
        self.total += ((prediction - target) ** 2).sum().item()
        self.count += prediction.numel()

    def compute(self):
        return self.total / self.count


class Raises:
    def __init__(self, run):
        pass

    @hookimpl
    def log(self, record):
        record["no such"]


@hookimpl
def register_operations(register):
    for each in (wrong, wide, writes, method, decides, second, needs, changes):
        register(each.name, each)
    register("bad_misnamed", misnamed)
    register("exp", operation(lambda input: np.exp(input), name="exp", input=lambda g, out: g * out))


@hookimpl
def register_losses(register):
    for each in (fixed, rooted, detached, vector):
        register("bad_" + each.__name__, each)
    register("mse", fixed)


@hookimpl
def register_optimizers(register):
    for each in (Forgets, Up, Shared):
        register("bad_" + each.__name__.lower(), each)


@hookimpl
def register_metrics(register):
    register("bad_averages", Averages)
    register("bad_keeps", Keeps)


@hookimpl
def register_loggers(register):
    register("bad_logger", Raises)
