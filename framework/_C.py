"""PyTorch's compiled part, for code that asks whether it has something (`hasattr(torch._C, …)`): it has nothing here."""


def _log_api_usage_once(event: str) -> None:
    """Nothing is logged."""
