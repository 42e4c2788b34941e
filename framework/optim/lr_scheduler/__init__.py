"""Schedules of the learning rate: each a formula of the epoch, which sets the rates of an optimizer's groups."""

from framework.coverage import explain_missing_names
from framework.optim.lr_scheduler.composed import ChainedScheduler, SequentialLR
from framework.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from framework.optim.lr_scheduler.cyclic import CyclicLR
from framework.optim.lr_scheduler.decay import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from framework.optim.lr_scheduler.function import LambdaLR, MultiplicativeLR
from framework.optim.lr_scheduler.one_cycle import OneCycleLR
from framework.optim.lr_scheduler.plateau import ReduceLROnPlateau
from framework.optim.lr_scheduler.scheduler import EPOCH_DEPRECATION_WARNING, LRScheduler

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

explain_missing_names(__name__)


class _LRScheduler(LRScheduler):
    """The base of schedules under the name it had before PyTorch 2.0."""
