"""Hooks that take part in training: an exception in one ends the run, and the message names the plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from framework.plugin.markers import hookspec

if TYPE_CHECKING:
    from framework.autograd import Tensor
    from framework.training.trainer import Trainer


@hookspec
def make_plugins(options: Mapping[str, Any]) -> object:
    """Called when a Trainer is made: makes plugins for this run, as its options ask for.

    Arguments:
        options: the run's options by name (those that `register_options` adds), None where one was not given.
    Returns:
        An object with hooks, a list of such objects, or None. What is not made costs nothing.
    Example:
        import click
        from framework.extend import hookimpl

        class Shout:
            def __init__(self, word):
                self.word = word

            @hookimpl
            def epoch_end(self, trainer):
                print(self.word, trainer.epoch)

        @hookimpl
        def register_options(register):
            register("shout", click.Option(["--shout"], metavar="WORD", help="Print a word after each epoch."))

        @hookimpl
        def make_plugins(options):
            return Shout(options["shout"]) if options["shout"] else None
    """


@hookspec(firstresult=True)
def should_write() -> bool | None:
    """Called by the command line before it makes a run's folder, or takes it up again: asks whether this process is to write it.

    Of processes that train together, one writes: the others have no run, and save nothing.

    Arguments:
        None.
    Returns:
        False where another process does; None to leave it to others. The first answer decides.
    Example:
        import os
        from framework.extend import hookimpl

        @hookimpl
        def should_write():
            return False if os.environ.get("RANK", "0") != "0" else None
    """


@hookspec
def prepare_data(trainer: Trainer, split: str, data: Iterable[Any]) -> Iterable[Any] | None:
    """Called when a Trainer is made, for the training data and for each validation set.

    Arguments:
        trainer: the Trainer.
        split: "train", or the validation set's name.
        data: the batches, which can be gone through again and again.
    Returns:
        What to go through in their place, or None to leave them as they are. The next plugin is given that.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def prepare_data(split, data):
            return list(data) if split != "train" else None  # read once, and kept
    """


@hookspec
def train_start(trainer: Trainer) -> None:
    """Called once, before the first step; in a run that is resumed too, before its state is put back.

    Arguments:
        trainer: the Trainer, with `.model`, `.optimizer`, `.recipe`, `.run`, `.epoch`, `.step` and `.log(record)`;
            `.epochs` may be set.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def train_start(trainer):
            trainer.model.freeze = True
    """


@hookspec
def epoch_start(trainer: Trainer) -> None:
    """Called at the start of each epoch, before its first batch is read; not where a run is resumed in the midst of one.

    Arguments:
        trainer: the Trainer; `.epoch` counts from 1, `.batches` is the epoch's number of batches, None if unknown.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def epoch_start(trainer):
            trainer.optimizer.param_groups[0]["lr"] = 0.1 / trainer.epoch
    """


@hookspec
def batch_start(trainer: Trainer, batch: Any) -> None:
    """Called with each training batch, before the forward pass.

    Arguments:
        trainer: the Trainer; `.batch` counts the epoch's batches from 1.
        batch: what the data gave, usually a list `[inputs, target]`.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def batch_start(trainer, batch):
            assert len(batch[0]) > 0
    """


@hookspec
def count_outputs(trainer: Trainer, split: str, outputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Called with what each step has returned, of training and of validation, before it is counted in the epoch's numbers.

    Arguments:
        trainer: the Trainer.
        split: "train", or the validation set's name.
        outputs: "loss", a number; "count", what that is a mean over; "prediction" and "target", Tensors, where there are
            metrics; and what else the recipe's own step returns, numbers to be averaged.
    Returns:
        What to count in its place, or None. The next plugin is given that.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def count_outputs(split, outputs):
            return {**outputs, "loss": min(outputs["loss"], 10.0)} if split == "train" else None
    """


@hookspec
def after_backward(trainer: Trainer) -> None:
    """Called after `loss.backward()`: its gradients are in `.grad`, added to those that were kept for a later update.

    Arguments:
        trainer: the Trainer; `.loss` is the batch's loss, a number.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def after_backward(trainer):
            for parameter in trainer.model.parameters():
                parameter.grad.clamp_(-1, 1)
    """


@hookspec
def should_update(trainer: Trainer) -> bool | None:
    """Called after each backward pass: asks whether to update the parameters by the gradients that there are.

    Arguments:
        trainer: the Trainer; `.count` is what the batch's loss is a mean over, mostly its number of samples.
    Returns:
        False, from any plugin, to leave this update out: the gradients are kept, and the next batch adds to them. An
        update that is still owed at the end of an epoch is made then.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def should_update(trainer):
            return trainer.batch % 2 == 0
    """


@hookspec
def before_step(trainer: Trainer) -> None:
    """Called just before the optimizer's step: the gradients in `.grad` are those it will use.

    Arguments:
        trainer: the Trainer.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def before_step(trainer):
            for parameter in trainer.model.parameters():
                parameter.grad /= 2
    """


@hookspec(firstresult=True)
def closure(trainer: Trainer, batch: Any) -> Tensor:  # type: ignore[empty-body]
    """Called for each further pass over a batch that an optimizer asks for, such as LBFGS: forward and backward.

    The framework does that; a wrapper does something around it. The first pass is the step's own, with its hooks.

    Arguments:
        trainer: the Trainer.
        batch: what the data gave.
    Returns:
        The loss, a Tensor; its gradients are in `.grad`. A wrapper returns what it was given, or what takes its place.
    Example:
        from framework.extend import hookimpl

        @hookimpl(wrapper=True)
        def closure(trainer):
            loss = yield
            trainer.model.evaluations = getattr(trainer.model, "evaluations", 1) + 1
            return loss
    """


@hookspec
def after_step(trainer: Trainer) -> None:
    """Called after each update of the parameters, when the gradients have been cleared.

    Arguments:
        trainer: the Trainer; `.step` counts the updates, this one included, and `.loss` is the batch's loss.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def after_step(trainer):
            if trainer.step % 100 == 0:
                trainer.log({"step": trainer.step, "batch_loss": trainer.loss})
    """


@hookspec(firstresult=True)
def validate(trainer: Trainer) -> dict[str, float]:  # type: ignore[empty-body]
    """Called after the training batches of each epoch: goes through the validation sets, which the framework does.

    A wrapper does something around it, also when it fails half-way.

    Arguments:
        trainer: the Trainer.
    Returns:
        Numbers by name, such as "validation/loss"; a wrapper returns what it was given.
    Example:
        from framework.extend import hookimpl

        @hookimpl(wrapper=True)
        def validate(trainer):
            trainer.model.rounded = True
            try:
                return (yield)
            finally:
                trainer.model.rounded = False
    """


@hookspec
def validate_end(trainer: Trainer, metrics: dict[str, float]) -> None:
    """Called once an epoch, when all its metrics are known, before they are logged.

    Arguments:
        trainer: the Trainer.
        metrics: this epoch's numbers, such as "train/loss" and "validation/accuracy"; more may be added.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def validate_end(trainer, metrics):
            metrics["gap"] = metrics["validation/loss"] - metrics["train/loss"]
    """


@hookspec
def epoch_end(trainer: Trainer, metrics: Mapping[str, float]) -> None:
    """Called at the end of each epoch, after its metrics were logged and the scheduler has stepped.

    Arguments:
        trainer: the Trainer.
        metrics: this epoch's numbers, as logged.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def epoch_end(trainer, metrics):
            trainer.model.last_accuracy = metrics["validation/accuracy"]
    """


@hookspec(firstresult=True)
def should_stop(trainer: Trainer) -> str | None:
    """Called after each update and after each epoch: asks whether to stop early.

    Arguments:
        trainer: the Trainer.
    Returns:
        The reason to stop, a text kept in run.json; None to go on. The first plugin with a reason decides. The
        epoch's validation is still run.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def should_stop(trainer):
            return "100 steps are enough" if trainer.step >= 100 else None
    """


@hookspec(firstresult=True)
def all_gather(trainer: Trainer, value: Any) -> list[Any] | None:
    """Called where processes that train together have to know of each other: what one wants to stop for, or has found.

    Where it is implemented, each step is taken whole by all, whatever its numbers; they are not finite where the loss is
    not that `count_outputs` then gives.

    Arguments:
        trainer: the Trainer.
        value: this process's own, which can be pickled.
    Returns:
        The values of all processes, in the same order on each. None where this process trains alone.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def all_gather(value):
            return [value]  # of all there are
    """


@hookspec
def train_end(trainer: Trainer) -> None:
    """Called once, after the last epoch and before the final weights are written; not when training failed.

    Arguments:
        trainer: the Trainer; what is now in `.model` is kept.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def train_end(trainer):
            trainer.model.eval()
    """


@hookspec
def save_state(trainer: Trainer) -> Mapping[str, Any] | None:
    """Called when the state of training is taken: what of the plugin's own must be kept to resume exactly.

    Arguments:
        trainer: the Trainer.
    Returns:
        A dict of numbers, texts, paths, arrays and Tensors, in lists, tuples, sets or dicts as deep as it takes; or None
        when there is nothing to keep.
    Example:
        from framework.extend import hookimpl

        class Best:
            loss = float("inf")

            @hookimpl
            def save_state(self, trainer):
                return {"loss": self.loss}

            @hookimpl
            def load_state(self, trainer, state):
                self.loss = state["loss"]
    """


@hookspec
def load_state(trainer: Trainer, state: Mapping[str, Any]) -> None:
    """Called when training is resumed, after `train_start`, with what the same plugin's `save_state` returned.

    Arguments:
        trainer: the Trainer.
        state: the plugin's own dict.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        class Count:
            steps = 0

            @hookimpl
            def after_step(self):
                self.steps += 1

            @hookimpl
            def save_state(self):
                return {"steps": self.steps}

            @hookimpl
            def load_state(self, state):
                self.steps = state["steps"]
    """
