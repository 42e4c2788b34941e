"""PyTorch's `torch.backends.mkl`: it is not here."""

__all__ = ["is_available"]


def is_available() -> bool:
    """False: only NumPy computes here."""
    return False
