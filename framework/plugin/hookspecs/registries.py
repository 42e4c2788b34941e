"""Hooks that add things by name; each is called once, when that kind of thing is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from framework.plugin.markers import hookspec

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from framework.autograd import Operation, Tensor
    from framework.optim import Optimizer
    from framework.training.metrics import Metric
    from framework.training.run import Run

__all__ = ["Loss", "MetricLike", "Register"]

Thing = TypeVar("Thing", contravariant=True)
Loss: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"
MetricLike: TypeAlias = "Metric | type[Metric] | Callable[[Tensor, Tensor], float]"


class Register(Protocol[Thing]):
    """What a registry hook is given: `register(name, thing)` makes `thing` known by `name`."""

    def __call__(self, name: str, thing: Thing, /) -> None: ...


@hookspec
def register_operations(register: Register[Operation]) -> None:
    """Called before training: adds operations, which recipes reach by `framework.extend.get_operation(name)`.

    Arguments:
        register: `register(name, operation)`, where `operation` was made by `framework.extend.operation` under
            the same name.
    Returns:
        Nothing.
    Example:
        import numpy as np
        from framework.extend import hookimpl, operation

        cube = operation(lambda input: input * input * input, name="cube", input=lambda g, input: 3 * g * input * input)

        @hookimpl
        def register_operations(register):
            register("cube", cube)
    """


@hookspec
def register_losses(register: Register[Loss]) -> None:
    """Called when a loss is first asked for by name: adds losses for `Recipe(loss="name")`.

    Arguments:
        register: `register(name, loss)`, a function `(prediction, target) -> Tensor` or an `nn.Module` class of one.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        def cubic(prediction, target):
            return ((prediction - target).abs() ** 3).mean()

        @hookimpl
        def register_losses(register):
            register("cubic", cubic)
    """


@hookspec
def register_optimizers(register: Register[Callable[..., Optimizer]]) -> None:
    """Called when an optimizer is first asked for by name: adds optimizers for `Recipe(optimizer="name")`.

    Arguments:
        register: `register(name, optimizer)`, an `Optimizer` class; it is built with the model's parameters and
            those of the recipe's hyperparameters that its constructor takes by name.
    Returns:
        Nothing.
    Example:
        from framework.extend import Optimizer, hookimpl

        class SignDescent(Optimizer):
            def __init__(self, params, lr=0.01):
                super().__init__(params, {"lr": lr})

            def step(self):
                for group in self.param_groups:
                    for parameter in group["params"]:
                        if parameter.grad is None:
                            continue
                        parameter.data -= group["lr"] * parameter.grad.sign()

        @hookimpl
        def register_optimizers(register):
            register("sign", SignDescent)
    """


@hookspec
def register_schedulers(register: Register[Callable[..., Any]]) -> None:
    """Called when a scheduler is first asked for by name: adds schedulers for `Recipe(scheduler="name")`.

    Arguments:
        register: `register(name, scheduler)`, a class whose objects have `.step()`; it is built with the optimizer
            and those of the recipe's hyperparameters that its constructor takes by name.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        class Halve:
            def __init__(self, optimizer):
                self.optimizer = optimizer

            def step(self):
                for group in self.optimizer.param_groups:
                    group["lr"] /= 2

        @hookimpl
        def register_schedulers(register):
            register("halve", Halve)
    """


@hookspec
def register_metrics(register: Register[MetricLike]) -> None:
    """Called when a metric is first asked for by name: adds metrics for `Recipe(metrics=["name"])`.

    Arguments:
        register: `register(name, metric)`, a function `(prediction, target) -> number` over a whole split, or a
            `Metric` class, which adds batches up.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        def worst(prediction, target):
            return (prediction - target).abs().max().item()

        @hookimpl
        def register_metrics(register):
            register("worst", worst)
    """


@hookspec
def register_loggers(register: Register[Callable[[Run | None], object]]) -> None:
    """Called when a logger is first asked for by name: adds loggers for `Trainer(..., loggers=["name"])`.

    Arguments:
        register: `register(name, logger)`, called with the Run (or None) when training starts; what it returns is
            an object with observer hooks, `log` first of all. One that prints each epoch has `prints_epochs = True`:
            the console leaves its own lines out. What `logger` needs beside the framework stands in its `requires`,
            such as `{"wandb": "wandb>=0.17"}`, a module and what to install for it: told before a run is made.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        class Keep:
            def __init__(self, run):
                self.records = []

            @hookimpl
            def log(self, record):
                self.records.append(record)

        @hookimpl
        def register_loggers(register):
            register("keep", Keep)
    """


@hookspec
def register_commands(register: Register[click.Command]) -> None:
    """Called when the command line starts: adds commands, for `framework NAME`.

    Arguments:
        register: `register(name, command)`, a click command. Import click inside the hook or in the plugin only.
    Returns:
        Nothing.
    Example:
        import click
        from framework.extend import hookimpl

        @click.command()
        def hello():
            click.echo("hello")

        @hookimpl
        def register_commands(register):
            register("hello", hello)
    """


@hookspec
def register_examples(register: Register[Sequence[Sequence[Any]] | Callable[[], Sequence[Sequence[Any]]]]) -> None:
    """Called when `framework plugins check` looks at operations, losses and metrics: adds calls of these, to check them by.

    Arguments:
        register: `register(name, calls)`, where `calls` are lists of the arguments that the thing of that name is called
            with (NumPy arrays, float64 where they are differentiable, and plain values), or a function that makes them.
    Returns:
        Nothing.
    Example:
        import numpy as np
        from framework.extend import hookimpl

        @hookimpl
        def register_examples(register):
            register("cube", [[np.linspace(-1, 1, 5)], [np.array(2.0)]])
    """


@hookspec
def register_options(register: Register[click.Option]) -> None:
    """Called when `framework train` or `resume` reads its options: adds options, for `make_plugins` to go by.

    Arguments:
        register: `register(name, option)`, a click option whose value, a JSON value, goes by `name`: the run keeps it,
            and has it again when it is resumed. One with `expose_value=False` acts by its callback alone, and is not
            kept. Import click inside the hook.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def register_options(register):
            import click

            register("shout", click.Option(["--shout"], metavar="WORD", help="Print a word after each epoch."))
    """


@hookspec
def register_recipes(register: Register[str | Path]) -> None:
    """Called when recipes are listed or asked for by name: adds recipe files to `framework recipes`.

    Arguments:
        register: `register(name, path)`, where `path` is the recipe's file.
    Returns:
        Nothing.
    Example:
        from pathlib import Path
        from framework.extend import hookimpl

        @hookimpl
        def register_recipes(register):
            register("plain", Path("recipes") / "plain.py")
    """
