"""Checks for those who write operations: derivatives to both orders, types, purity, devices; and PyTorch's of closeness."""

from framework.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from framework.testing.closeness import assert_allclose, assert_close
from framework.testing.doubles import DeviceArray
from framework.testing.operations import check_operation

__all__ = [
    "DeviceArray",
    "GradcheckError",
    "assert_allclose",
    "assert_close",
    "check_operation",
    "gradcheck",
    "gradgradcheck",
]
