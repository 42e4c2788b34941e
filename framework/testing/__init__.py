"""Checks for those who write operations: derivatives to both orders, types, purity, devices."""

from framework.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from framework.testing.doubles import DeviceArray
from framework.testing.operations import check_operation

__all__ = ["DeviceArray", "GradcheckError", "check_operation", "gradcheck", "gradgradcheck"]
