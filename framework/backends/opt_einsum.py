"""PyTorch's `torch.backends.opt_einsum`: its switches can be set, and change nothing."""

__all__ = ["get_opt_einsum", "is_available"]

enabled = False
strategy = None


def is_available() -> bool:
    """False: the order of an einsum's products is NumPy's."""
    return False


def get_opt_einsum() -> None:
    """None: it is not here."""
