"""The autograd core: tensors that record what is done with them, and the walk back that differentiates it.

It knows no operation by name: those are in `framework.operations`.
"""

from framework.autograd import forward_ad, functional, graph
from framework.autograd.allocator import keep_freed_memory
from framework.autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from framework.autograd.differentiate import backward, grad
from framework.autograd.dtypes import dtype, finfo, get_default_dtype, iinfo, set_default_dtype
from framework.autograd.function import Function
from framework.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    is_multithreading_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from framework.autograd.gradcheck import gradcheck, gradgradcheck
from framework.autograd.inplace import inplace
from framework.autograd.operation import Operation, operation
from framework.autograd.printing import get_printoptions, printoptions, set_printoptions
from framework.autograd.size import Size, device
from framework.autograd.tensor import Tensor
from framework.autograd.variable import Variable
from framework.coverage import explain_missing_names

keep_freed_memory()

__all__ = [
    "Function",
    "Operation",
    "Size",
    "Tensor",
    "Variable",
    "backward",
    "detect_anomaly",
    "device",
    "dtype",
    "enable_grad",
    "finfo",
    "forward_ad",
    "functional",
    "get_default_dtype",
    "get_printoptions",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "iinfo",
    "inference_mode",
    "inplace",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "is_multithreading_enabled",
    "no_grad",
    "operation",
    "printoptions",
    "set_default_dtype",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
    "set_printoptions",
]

explain_missing_names(__name__)
