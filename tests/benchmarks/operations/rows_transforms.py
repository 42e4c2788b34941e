"""Functions made of functions, on a model of two layers; sizes are (batch, inputs, hidden)."""

from tests.benchmarks.operations.row import Row

_MODEL = """
import warnings
warnings.simplefilter("ignore")
batch, inputs, hidden = n
model = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 2))
parameters = {name: each.detach() for name, each in model.named_parameters()}
x, y = torch.rand(batch, inputs), torch.rand(batch, 2)
func = torch.func
predict = lambda x: func.functional_call(model, parameters, (x,))
loss = lambda p, x, y: F.mse_loss(func.functional_call(model, p, (x,)), y)
"""
_SIZES = ((4, 4, 8), (32, 16, 32), (128, 64, 128))
_CHAIN = """
from importlib import import_module
checkpoint = import_module(torch.__name__ + ".utils.checkpoint").checkpoint
batch, inputs, hidden = n
x = torch.rand(batch, hidden).requires_grad_()
"""

ROWS: list[Row] = [
    Row("func.grad", _MODEL, "func.grad(loss)(parameters, x, y)", _SIZES),
    Row("vmap", _MODEL, "func.vmap(predict)(x)", _SIZES),
    Row(
        "vmap(grad): gradients of each example",
        _MODEL,
        "func.vmap(func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y)",
        _SIZES,
    ),
    Row("func.jvp", _MODEL, "func.jvp(predict, (x,), (x,))", _SIZES),
    Row("func.vjp", _MODEL, "func.vjp(predict, x)[1](y)", _SIZES),
    Row("func.jacrev", _MODEL, "func.jacrev(predict)(x[0])", _SIZES),
    Row("func.jacfwd", _MODEL, "func.jacfwd(predict)(x[0])", _SIZES),
    Row("func.hessian", _MODEL, "func.hessian(lambda x: predict(x).sum())(x[0])", _SIZES),
    Row("functional.jacobian", _MODEL, "torch.autograd.functional.jacobian(predict, x[0])", _SIZES),
    Row("functional.hessian", _MODEL, "torch.autograd.functional.hessian(lambda x: predict(x).sum(), x[0])", _SIZES),
    Row("functional.hvp", _MODEL, "torch.autograd.functional.hvp(lambda x: predict(x).sum(), x[0], x[0])", _SIZES),
    *[
        Row(
            f"checkpoint, use_reentrant={reentrant}",
            _CHAIN,
            f"checkpoint(lambda x: x.sin().exp().tanh(), x, use_reentrant={reentrant}).sum().backward()",
            _SIZES,
        )
        for reentrant in (True, False)
    ],
]
