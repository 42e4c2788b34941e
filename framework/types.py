"""Types for annotations, as PyTorch's `torch.types` has them."""

from __future__ import annotations

import os
from builtins import bool as _bool
from builtins import bytes as _bytes
from builtins import complex as _complex
from builtins import float as _float
from builtins import int as _int
from builtins import str as _str
from collections.abc import Sequence
from typing import IO

from framework.autograd import Size, Tensor
from framework.autograd import device as _device
from framework.autograd import dtype as _dtype

__all__ = [
    "Device",
    "FileLike",
    "Number",
    "_bool",
    "_bytes",
    "_complex",
    "_device",
    "_dtype",
    "_float",
    "_int",
    "_size",
    "_str",
]

Device = _device | _str | _int | None
FileLike = _str | os.PathLike[str] | IO[bytes]
Number = _int | _float | _bool
_TensorOrTensors = Tensor | Sequence[Tensor]
_size = Size | list[int] | tuple[int, ...]
