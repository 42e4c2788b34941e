"""Weights from an address, under the older of PyTorch's names."""

from framework.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
