"""Functions made of functions: derivatives, mapping over a dimension, calls with other parameters (`torch.func`).

per_sample = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, inputs, targets)
"""

from framework.coverage import explain_missing_names
from framework.func.jacobians import hessian, jacfwd, jacrev
from framework.func.mapping import vmap
from framework.func.modules import functional_call, stack_module_state
from framework.func.transforms import debug_unwrap, functionalize, grad, grad_and_value, jvp, linearize, vjp

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "stack_module_state",
    "vjp",
    "vmap",
]

explain_missing_names(__name__)
