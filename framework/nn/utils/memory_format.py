"""Weights of convolutions with their channels last in memory."""

from __future__ import annotations

from typing import Any, TypeVar

from framework.nn.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from framework.nn.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def _convert(module: Module, kinds: tuple[type, ...], memory_format: Any) -> None:
    for each in module.modules():
        if isinstance(each, kinds):
            weight: Any = each.weight
            data = weight.detach()
            if str(memory_format).startswith("torch.channels_last"):
                weight.data = data.movedim(1, -1).contiguous().movedim(-1, 1)
            else:
                weight.data = data.contiguous()


def convert_conv2d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lays the weights of all Conv2d and ConvTranspose2d in a module out as `memory_format` says."""
    _convert(module, (Conv2d, ConvTranspose2d), memory_format)
    return module


def convert_conv3d_weight_memory_format(module: M, memory_format: Any) -> M:
    """Lays the weights of all Conv3d and ConvTranspose3d in a module out as `memory_format` says."""
    _convert(module, (Conv3d, ConvTranspose3d), memory_format)
    return module
