"""Dropout of whole channels: `dropout1d`, `dropout2d` and `dropout3d`, for inputs with that many spatial dimensions."""

from __future__ import annotations

import warnings

from framework.autograd.tensor import Tensor
from framework.operations.dropout import feature_dropout, feature_dropout_

__all__ = ["check_probability", "dropout1d", "dropout2d", "dropout3d"]


def check_probability(p: float) -> None:
    """Raises ValueError outside 0 to 1."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _channels(input: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    """Zeroes channels of (N, C, …), or of (C, …) if not `batched`."""
    if batched:
        return feature_dropout_(input, p, training) if inplace else feature_dropout(input, p, training)
    if inplace:
        return feature_dropout_(input.unsqueeze_(0), p, training).squeeze_(0)
    return feature_dropout(input.unsqueeze(0), p, training).squeeze(0)


def _warn_of_dimensions(name: str, ndim: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future "
        "release. To retain the behavior and silence this warning, please use dropout instead. Note that "
        f"{name} exists to provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel "
        f"dimension, and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel of an input (N, C, L) or (C, L) is zeroed with probability `p`, the others scaled by 1 / (1 - p)."""
    check_probability(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    return _channels(input, p, training, inplace, ndim == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel of an input (N, C, H, W) is zeroed with probability `p`, the others scaled by 1 / (1 - p).

    Warns for other numbers of dimensions; (N, C, L) is taken as it is by `dropout1d`.
    """
    check_probability(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        _warn_of_dimensions("dropout2d", ndim, 2)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace, True)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel of an input (N, C, D, H, W) or (C, D, H, W) is zeroed with probability `p`, the others scaled."""
    check_probability(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        _warn_of_dimensions("dropout3d", ndim, 3)
    return _channels(input, p, training, inplace, ndim == 5)
