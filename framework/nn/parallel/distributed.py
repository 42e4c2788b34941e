"""`DistributedDataParallel` is a name to ask for: models are not spread over processes here."""

from __future__ import annotations

from typing import Any

from framework.nn.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Refused, as in PyTorch where no process group was made; no model is an instance of it."""

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group. Here there "
            "is one process and no process group: use the model as it is, where torch.distributed.is_initialized() "
            "is False"
        )
