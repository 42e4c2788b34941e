"""PyTorch's `torch.backends.mha`: its switch can be set, and changes nothing."""

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]

_enabled = [True]


def get_fastpath_enabled() -> bool:
    """What was set last."""
    return _enabled[0]


def set_fastpath_enabled(value: bool) -> None:
    """Keeps the answer for the question beside it: a layer in evaluation is computed as in training."""
    _enabled[0] = value
