"""Plugins that take part in training, each with a mistake that `framework plugins check` must find."""

import click

from framework.extend import Metric, hookimpl


class Halves:
    """Halves the gradients of every other step, and forgets which when it is resumed."""

    steps = 0

    @hookimpl
    def before_step(self, trainer):
        self.steps += 1
        if self.steps % 2:
            for parameter in trainer.model.parameters():
                parameter.grad /= 2

    @hookimpl
    def save_state(self):
        return {}

    @hookimpl
    def load_state(self, state):
        pass


class Fails:
    @hookimpl
    def epoch_end(self, trainer, metrics):
        print(metrics["validation/accuracy"])


class Forgets:
    @hookimpl
    def save_state(self):
        return {"kept": 1}


class Unlucky:
    """An observer that fails."""

    @hookimpl
    def log(self, record):
        raise ValueError("no room")


@hookimpl
def register_options(register):
    for name in ("halves", "fails", "forgets", "free"):
        register(name, click.Option([f"--{name}"], is_flag=name != "free", help="Be wrong."))
    register("nothing", "--nothing")


@hookimpl
def make_plugins(options):
    kinds = {"halves": Halves, "fails": Fails, "forgets": Forgets}
    return [kind() for name, kind in kinds.items() if options[name]]


@hookimpl
def register_loggers(register):
    register("unlucky", lambda run: Unlucky())


@hookimpl
def register_commands(register):
    register("train", click.Command("train", help="Train."))
    register("function", print)


@hookimpl
def register_recipes(register):
    register("relative", "recipes/mine.py")


class MeanOfBatches(Metric):
    """Takes the mean of means, whatever the sizes of batches."""

    def reset(self):
        self.means = []

    def update(self, prediction, target):
        self.means.append((prediction - target).abs().mean().item())

    def compute(self):
        return sum(self.means) / len(self.means)


@hookimpl
def register_metrics(register):
    register("batches", MeanOfBatches)
    register("worst", lambda prediction, target: (prediction - target).abs().max().item())
