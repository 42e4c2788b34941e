"""PyTorch's `torch.backends.cpu`: the kind of kernels."""

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """DEFAULT: NumPy chooses its own kernels, and PyTorch's are not here."""
    return "DEFAULT"
