"""What the framework itself does through the hooks of a plugin: things by name, validation, passes for a closure."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from framework.plugin.markers import hookimpl
from framework.training.metrics import Accuracy, MeanAbsoluteError, RootMeanSquaredError
from framework.training.validation import validated

if TYPE_CHECKING:
    from framework.autograd import Tensor
    from framework.plugin.hookspecs.registries import Register
    from framework.training.trainer import Trainer

__all__: list[str] = []

ONE_SAMPLE = "Expected more than 1 value per channel when training"


@hookimpl
def register_operations(register: Register[Any]) -> None:
    """Every operation of `framework.operations`."""
    from framework import operations
    from framework.autograd import Operation

    for name in operations.__all__:
        value = getattr(operations, name)
        if isinstance(value, Operation):
            register(name, value)


@hookimpl
def register_losses(register: Register[Any]) -> None:
    """ "cross_entropy" is `nn.CrossEntropyLoss`, "bce_with_logits" is `nn.BCEWithLogitsLoss`, and so on."""
    from framework import nn

    for name in nn.__all__:
        if name.endswith("Loss"):
            register(snake_case(name.removesuffix("Loss")), getattr(nn, name))


@hookimpl
def register_optimizers(register: Register[Any]) -> None:
    """ "sgd" is `optim.SGD`, "adamw" is `optim.AdamW`, and so on."""
    from framework import optim

    for name in optim.__all__:
        value = getattr(optim, name)
        if inspect.isclass(value) and issubclass(value, optim.Optimizer) and value is not optim.Optimizer:
            register(name.lower(), value)


@hookimpl
def register_schedulers(register: Register[Any]) -> None:
    """ "step" is `lr_scheduler.StepLR`, "cosine_annealing" is `lr_scheduler.CosineAnnealingLR`, and so on."""
    from framework import optim

    # These are made of functions or of other schedules.
    made = {"ChainedScheduler", "LRScheduler", "LambdaLR", "MultiplicativeLR", "SequentialLR"}
    for name in optim.lr_scheduler.__all__:
        if name not in made:
            register(snake_case(name.removesuffix("LR")), getattr(optim.lr_scheduler, name))


@hookimpl
def register_metrics(register: Register[Any]) -> None:
    """Metrics that add batches up."""
    register("accuracy", Accuracy)
    register("mae", MeanAbsoluteError)
    register("rmse", RootMeanSquaredError)


@hookimpl(trylast=True)
def closure(trainer: Trainer, batch: Any) -> Tensor:
    """A search for the step may come by what is not finite, and turns away from it: nothing is checked."""
    loss: Tensor = trainer.steps.unchecked.forward_backward(batch)["loss"]
    return loss


@hookimpl(trylast=True)
def validate(trainer: Trainer) -> dict[str, float]:
    """Goes through the validation sets."""
    return validated(trainer)


@hookimpl(trylast=True)
def run_failed(error: BaseException) -> None:
    """Adds to PyTorch's words for a batch of one sample what can be done, unless another plugin has."""
    if isinstance(error, ValueError) and str(error).startswith(ONE_SAMPLE) and "drop_last" not in str(error):
        error.args = (
            f"{error}. Batch norm goes by the samples of a batch, and this one has a single one: take another batch size, "
            "or leave a last batch out that is too small, with DataLoader(…, drop_last=True).",
        )


def snake_case(name: str) -> str:
    """`BCEWithLogits` as `bce_with_logits`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
