"""Losses, each with a mistake that `framework plugins check` must find."""

import numpy as np

import framework
from framework import nn
from framework.extend import hookimpl


def fixed_batch(prediction, target):
    return ((prediction - target) ** 2).sum() / 32


def undeclared_sum(prediction, target):
    return (prediction - target).abs().sum()


class DeclaredSum(nn.Module):
    reduction = "sum"

    def forward(self, prediction, target):
        return ((prediction - target) ** 2).sum()


def root(prediction, target):
    return ((prediction - target) ** 2).sum(dim=1).sqrt().mean()


def naive_cross_entropy(prediction, target):
    probability = prediction.exp() / (1 + prediction.exp())
    return -(target * probability.log() + (1 - target) * (1 - probability).log()).mean()


def each(prediction, target):
    return (prediction - target) ** 2


def number(prediction, target):
    return ((prediction - target) ** 2).mean().item()


def detached(prediction, target):
    return ((prediction.detach() - target) ** 2).mean()


def partly_detached(prediction, target):
    return ((prediction - target) ** 2 * prediction.detach()).mean()


def widens(prediction, target):
    return ((prediction - target) ** 2 * framework.from_numpy(np.full(3, 2.0))).mean()


def reshapes(prediction, target):
    return ((prediction.reshape(6, -1) - target.reshape(6, -1)) ** 2).mean()


def unbiased(prediction, target):
    return (prediction - target).var(dim=0).mean()


def three(prediction, target, weight):
    return ((prediction - target) ** 2 * weight).mean()


def decides(prediction, target):
    error = (prediction - target).abs().mean()
    return error if error > 1 else error**2 / 2 + 0.5


@hookimpl
def register_losses(register):
    for loss in (
        fixed_batch,
        undeclared_sum,
        root,
        naive_cross_entropy,
        each,
        number,
        detached,
        partly_detached,
        widens,
        reshapes,
        unbiased,
        three,
        decides,
    ):
        register(loss.__name__, loss)
    register("declared_sum", DeclaredSum)
