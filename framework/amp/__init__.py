"""PyTorch's `torch.amp`: mixed precision, as far as it means something where float32 is the quickest type."""

from framework.amp.autocast import (
    autocast,
    clear_autocast_cache,
    custom_bwd,
    custom_fwd,
    is_autocast_available,
    is_autocast_cache_enabled,
    is_autocast_enabled,
)
from framework.amp.grad_scaler import GradScaler
from framework.coverage import explain_missing_names

__all__ = [
    "GradScaler",
    "autocast",
    "clear_autocast_cache",
    "custom_bwd",
    "custom_fwd",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_enabled",
]

explain_missing_names(__name__)
