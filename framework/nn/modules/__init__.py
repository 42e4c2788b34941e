"""PyTorch's paths to the layers: `framework.nn.modules.conv` is `framework.nn.conv`, and so on."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from framework import nn
from framework.nn.module import Module

_FAMILIES = (
    "activation",
    "adaptive",
    "batchnorm",
    "channelshuffle",
    "container",
    "conv",
    "distance",
    "dropout",
    "flatten",
    "fold",
    "instancenorm",
    "lazy",
    "linear",
    "linear_cross_entropy_options",
    "loss",
    "module",
    "normalization",
    "padding",
    "pixelshuffle",
    "pooling",
    "rnn",
    "sparse",
    "transformer",
    "upsampling",
)

for _name in _FAMILIES:
    globals()[_name] = sys.modules[f"{__name__}.{_name}"] = import_module(f"framework.nn.{_name}")

# PyTorch has it among the activations.
sys.modules["framework.nn.activation"].__dict__["MultiheadAttention"] = nn.MultiheadAttention

# Last: a name that is not here is asked of `nn`, which has a `utils` of its own.
from framework.nn.modules import utils as utils  # noqa: E402

__all__ = [name for name in nn.__all__ if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), Module)]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        return getattr(nn, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
