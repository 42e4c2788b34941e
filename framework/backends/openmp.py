"""PyTorch's `torch.backends.openmp`: it is not used here."""

__all__ = ["is_available"]


def is_available() -> bool:
    """False: only NumPy computes here."""
    return False
