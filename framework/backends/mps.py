"""PyTorch's `torch.backends.mps`: it is not here."""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """False: only NumPy computes here."""
    return False


def is_built() -> bool:
    """False: only NumPy computes here."""
    return False
