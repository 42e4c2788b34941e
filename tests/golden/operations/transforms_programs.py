"""Programs of functions made of functions: `torch.func`, forward mode, `autograd.functional`, gradcheck, checkpoint."""

NAMES = "grad grad_and_value hessian jacfwd jacrev jvp linearize vjp vmap functional_call stack_module_state".split()

START = "\n".join(
    ["import warnings", 'warnings.simplefilter("ignore")', *[f"{name} = torch.func.{name}" for name in NAMES]]
)
START += """
x = torch.tensor([0.5, -1.5, 2.0], dtype=torch.float64)
y = torch.tensor([1.0, 2.0, -0.5], dtype=torch.float64)
w = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64, requires_grad=True)
"""

PROGRAMS = {
    "gradients": START
    + """
f = lambda x: (x ** 3).sum()
print(grad(f)(x), grad_and_value(f)(x))
print(grad(lambda a, b: (a * b).sum(), argnums=1)(x, y), grad(lambda a, b: (a * b).sum(), argnums=(0, -1))(x, y))
print(grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": x, "b": [y]}))
print(grad(lambda x: (f(x), {"aux": x * 2}), has_aux=True)(x))
print(grad_and_value(lambda x: (f(x), (x, x)), has_aux=True)(x))
print(grad(lambda x: grad(f)(x).sum())(x), grad(lambda x: torch.ones(()))(x))
print(grad(lambda a, *, k: (a * k).sum())(x, k=2.0))
print(grad(lambda x: (x * w).sum())(x).grad_fn is None, grad(f)(x).requires_grad)
with torch.no_grad():
    print(grad(lambda x: (x * w).sum())(x).requires_grad, torch.is_grad_enabled())
def partly(x):
    with torch.no_grad():
        c = x ** 2
    return (x * c).sum()
print(grad(partly)(x))
g = grad(lambda x: (x * w * w).sum())(x)
g.sum().backward()
print(w.grad)
""",
    "gradients refused": START
    + """
f = lambda x: x.sum()
attempt(lambda: grad(lambda x: x)(x))
attempt(lambda: grad(lambda x: 3)(x))
attempt(lambda: grad(f, argnums=1)(x))
attempt(lambda: grad(f, argnums=(0, 0))(x))
attempt(lambda: grad(f, argnums=())(x))
attempt(lambda: grad(f, argnums="a")(x))
attempt(lambda: grad(f)(3))
attempt(lambda: grad(f)(torch.tensor([1])))
attempt(lambda: grad(f, has_aux=True)(x))
attempt(lambda: grad(lambda x: (x.sum(), 3), has_aux=True)(x))
""",
    "products with Jacobians": START
    + """
f = lambda a, b: {"product": a * b, "sum": (a.sum(), b)}
out, pull = vjp(f, x, y)
print(out)
print(pull({"product": x, "sum": (torch.tensor(1.0, dtype=torch.float64), y)}))
out, pull, aux = vjp(lambda a: (a.sin(), a), x, has_aux=True)
print(pull(x), aux)
print(jvp(lambda a: a.sin(), (x,), (y,)), jvp(lambda a, b: a * b, (x, y), (y, x)))
print(jvp(lambda d: d["a"] ** 2, ({"a": x},), ({"a": y},)))
print(jvp(lambda a: (a * 2, a), (x,), (y,), has_aux=True))
print(jvp(lambda a: (torch.ones(2), a.argmax()), (x,), (y,)))
print(jvp(lambda a: jvp(torch.sin, (a,), (y,))[1], (x,), (y,))[1])
def inplace(a):
    b = a.clone()
    b[0] = a[1] * a[2]
    b.mul_(a)
    return b.view(3, 1).expand(3, 2)
print(jvp(inplace, (x,), (y,)))
out, push = linearize(lambda a, b: a.sin() * b, x, y)
print(out, push(x, y), push(y, x))
attempt(lambda: vjp(lambda x: (x, 3), x))
attempt(lambda: vjp(lambda x: x.long(), x))
attempt(lambda: vjp(lambda x: None, x))
attempt(lambda: vjp(torch.sin, x)[1]((x,)))
attempt(lambda: vjp(torch.sin, x)[1](torch.ones(2)))
attempt(lambda: jvp(torch.sin, x, x))
attempt(lambda: jvp(torch.sin, (x,), (x, x)))
attempt(lambda: jvp(torch.sin, (x,), (torch.ones(2),)))
attempt(lambda: jvp(torch.sin, (), ()))
attempt(lambda: jvp(torch.sin, (3,), (3,)))
attempt(lambda: jvp(lambda x: 3, (x,), (x,)))
attempt(lambda: jvp(lambda x: torch.ones(2), (x,), (x,), strict=True))
attempt(lambda: push(torch.ones(2), y))
attempt(lambda: push(x))
""",
    "whole Jacobians": START
    + """
f = lambda a, b: {"p": a * b, "s": a.sum() * b[0]}
print(jacrev(f, argnums=(0, 1))(x, y))
print(jacfwd(f, argnums=(0, 1))(x, y))
print(jacrev(f)(x, y), jacfwd(f, argnums=1)(x, y))
print(hessian(lambda a: (a ** 3).sum() + a.prod())(x))
print(hessian(lambda a, b: (a ** 2 * b).sum(), argnums=(0, 1))(x, y))
print(jacrev(jacrev(lambda a: a ** 3))(x) + 0.0, jacfwd(jacfwd(lambda a: a ** 3))(x) + 0.0)
print(jacrev(lambda d: d["a"] * d["b"])({"a": x, "b": y}))
print(jacrev(lambda a: (a * 2, a), has_aux=True)(x), jacfwd(lambda a: (a * 2, a), has_aux=True)(x))
print(jacrev(torch.sin, chunk_size=2)(x), vmap(jacrev(torch.sin))(torch.stack([x, y])))
attempt(lambda: jacrev(torch.sin, chunk_size=0))
attempt(lambda: jacrev(torch.sin, argnums=1)(x))
attempt(lambda: jacrev(lambda x: 3)(x))
""",
    "mapping": START
    + """
X = torch.arange(6.0).reshape(2, 3)
Y = torch.tensor([[1.0, -1.0, 2.0], [0.5, 0.0, -2.0]])
print(vmap(torch.dot)(X, Y), vmap(torch.mul, in_dims=(0, None))(X, Y[0]), vmap(torch.mul, in_dims=(1, 1), out_dims=1)(X, Y))
print(vmap(lambda a: (a.sum(), {"b": a * 2}))(X), vmap(lambda a: a.max(0))(X))
print(vmap(lambda d: d["a"] * d["b"], in_dims=({"a": 0, "b": None},))({"a": X, "b": Y[0]}))
print(vmap(lambda a, k: a * k, in_dims=(0, None))(X, 3.0), vmap(lambda a, *, k: a * k)(X, k=2))
print(vmap(vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))(X, Y).shape)
print(vmap(torch.sin, chunk_size=1)(X[:, 0]), vmap(lambda a: torch.ones(2))(X), vmap(lambda a: 3, out_dims=None)(X))
print(vmap(lambda a: a.softmax(0).cumsum(0).flip(0))(X), vmap(lambda a: a.clone().mul_(2).add_(a))(X))
print(vmap(lambda a: torch.cat([a, a]))(X).shape, vmap(lambda a: a.unsqueeze(0) @ a.unsqueeze(1))(X))
print(vmap(torch.sin, in_dims=-1, out_dims=-1)(X), vmap(lambda a: a.sum())(torch.zeros(0, 3)))
print(vmap(lambda a: torch.where(a > 1, a, -a))(X), vmap(lambda a: a[[0, 0]])(X), vmap(lambda a: a.gather(0, torch.tensor([2, 0])))(X))
X.requires_grad_()
(vmap(lambda a: (a ** 2).sum())(X) * torch.tensor([1.0, 10.0])).sum().backward()
print(X.grad)
k = torch.tensor(2.0, requires_grad=True)
vmap(lambda a: a * k)(X.detach()).sum().backward()
print(k.grad)
""",
    "mapping refused": START
    + """
f = lambda a: a
attempt(lambda: vmap(lambda a: torch.rand(2))(x))
attempt(lambda: vmap(lambda a: 3)(x))
attempt(lambda: vmap(f, out_dims=None)(x))
attempt(lambda: vmap(f, out_dims=5)(x))
attempt(lambda: vmap(lambda a: (a, a), out_dims=(0,))(x))
attempt(lambda: vmap(f, out_dims=(0, 1))(x))
attempt(lambda: vmap(f, out_dims="a")(x))
attempt(lambda: vmap(f, in_dims=(0, 0))(x))
attempt(lambda: vmap(f, in_dims=({"a": 0},))(x))
attempt(lambda: vmap(f, in_dims=3)(x))
attempt(lambda: vmap(f, in_dims=None)(x))
attempt(lambda: vmap(f, in_dims="a")(x))
attempt(lambda: vmap(f, in_dims=(0.5,))(x))
attempt(lambda: vmap(lambda a, b: a)(x, torch.ones(2)))
attempt(lambda: vmap(f)())
attempt(lambda: vmap(f)(3))
attempt(lambda: vmap(f, chunk_size=0))
attempt(lambda: vmap(f, randomness="foo"))
attempt(lambda: vmap(f, in_dims=(None,))(x))
""",
    "random numbers under vmap": START
    + """
torch.manual_seed(0)
print(vmap(lambda a: a + torch.rand(2, dtype=torch.float64), randomness="same")(x), torch.rand(1))
torch.manual_seed(0)
print(vmap(lambda a: torch.rand(2), randomness="different")(x))
torch.manual_seed(0)
print(vmap(lambda a: F.dropout(torch.ones(4), 0.5), randomness="same")(x))
attempt(lambda: jacfwd(lambda a: a * torch.rand(3))(x))
""",
    "gradients of each example": START
    + """
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
parameters = {name: each.detach() for name, each in model.named_parameters()}
inputs, targets = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
def loss(parameters, input, target):
    return F.cross_entropy(functional_call(model, parameters, (input.unsqueeze(0),)), target.unsqueeze(0))
each = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, inputs, targets)
together = grad(lambda p: F.cross_entropy(functional_call(model, p, (inputs,)), targets))(parameters)
for name in parameters:
    print(name, tuple(each[name].shape), torch.allclose(each[name].mean(0), together[name], atol=1e-6))
print(vmap(grad(loss), in_dims=(None, 0, 0), chunk_size=2)(parameters, inputs, targets)["2.bias"])
""",
    "modules as functions": START
    + """
torch.manual_seed(0)
class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.tied = self.weight
        self.register_buffer("count", torch.zeros(()))
    def forward(self, x, scale=1):
        self.count = self.count + 1
        return x * self.weight * self.tied * scale
m = Counting()
given = {"weight": torch.full((2,), 3.0), "count": torch.tensor(5.0)}
print(functional_call(m, given, torch.ones(2)), given["count"], m.count, m.weight)
print(functional_call(m, given, (torch.ones(2),), {"scale": 2}), functional_call(m, given, torch.ones(2), tie_weights=False))
print(functional_call(m, ({"weight": torch.zeros(2)}, {"count": torch.zeros(())}), torch.ones(2)))
attempt(lambda: functional_call(m, ({"weight": torch.zeros(2)}, {"weight": torch.zeros(2)}), torch.ones(2)))
attempt(lambda: functional_call(m, {"weight": torch.zeros(2), "tied": torch.ones(2)}, torch.ones(2)))
attempt(lambda: functional_call(m, {"weight": torch.zeros(2), "foo": torch.ones(2)}, torch.ones(2), strict=True))
attempt(lambda: functional_call(m, {"foo.weight": torch.zeros(2)}, torch.ones(2)))
attempt(lambda: functional_call(m, {"weight": 3}, torch.ones(2)))
attempt(lambda: functional_call(m, 3, torch.ones(2)))
attempt(lambda: functional_call(m, [3], torch.ones(2)))
models = [nn.Linear(2, 2) for _ in range(3)]
parameters, buffers = stack_module_state(models)
print({name: (tuple(each.shape), each.requires_grad, each.is_leaf) for name, each in parameters.items()}, buffers)
out = vmap(lambda p, x: functional_call(models[0], p, (x,)), in_dims=(0, None))(parameters, torch.ones(1, 2))
print(tuple(out.shape), torch.allclose(out[2], models[2](torch.ones(1, 2))))
out.sum().backward()
print(parameters["bias"].grad)
attempt(lambda: stack_module_state([]))
attempt(lambda: stack_module_state([nn.Linear(1, 1), nn.Linear(1, 1).eval()]))
attempt(lambda: stack_module_state([nn.Linear(1, 1), nn.ReLU()]))
""",
    "forward mode": START
    + """
ad = torch.autograd.forward_ad
with ad.dual_level():
    dual = ad.make_dual(x, y)
    print(ad.unpack_dual(dual))
    print(ad.unpack_dual(dual.sin()), ad.unpack_dual(dual.sign()).tangent, ad.unpack_dual(dual.argmax()).tangent)
    print(ad.unpack_dual(dual.detach()).tangent, ad.unpack_dual(x).tangent)
    changed = dual.clone()
    changed[0] = 2 * changed[1]
    print(ad.unpack_dual(changed).tangent)
    attempt(ad.make_dual, x, torch.ones(2))
    attempt(ad.make_dual, dual, y)
    attempt(ad.make_dual, torch.tensor([1]), y)
    attempt(ad.enter_dual_level)
attempt(ad.make_dual, x, y)
attempt(ad.exit_dual_level)
print(ad.unpack_dual(x))
z = x.clone().requires_grad_()
with torch.no_grad(), ad.dual_level():
    print(ad.unpack_dual(ad.make_dual(z, y) ** 2).tangent)
with ad.dual_level():
    (tangent,) = [ad.unpack_dual((ad.make_dual(z, y) ** 3).sum()).tangent]
print(torch.autograd.grad(tangent, z))
level = ad.enter_dual_level()
attempt(ad.exit_dual_level, level=3)
ad.exit_dual_level(level=level)
""",
    "autograd.functional": START
    + """
functional = torch.autograd.functional
f = lambda a, b: (a * b.sum(), (a ** 2).sum())
scalar = lambda a: (a ** 3).sum()
print(functional.jacobian(f, (x, y)))
print(functional.jacobian(torch.sin, x, vectorize=True), functional.jacobian(torch.sin, x, vectorize=True, strategy="forward-mode"))
print(functional.hessian(scalar, x), functional.hessian(lambda a, b: (a ** 2 * b).sum(), (x, y)))
print(functional.vjp(f, (x, y), (x, torch.tensor(2.0, dtype=torch.float64))), functional.jvp(f, (x, y), (y, x)))
print(functional.vhp(scalar, x, y), functional.hvp(scalar, x, y), functional.vjp(scalar, x))
print(functional.jacobian(torch.sin, w, create_graph=True).requires_grad, functional.jacobian(torch.sin, w).requires_grad)
attempt(functional.vjp, torch.sin, x)
attempt(functional.vjp, torch.sin, x, torch.ones(2))
attempt(functional.vjp, f, (x, y), (x,))
attempt(functional.vjp, torch.sin, x, (x, x))
attempt(functional.vjp, f, (x, y), (x, x))
attempt(functional.jvp, torch.sin, x)
attempt(functional.vjp, torch.sin, 3)
attempt(functional.vjp, torch.sin, (x, 3))
attempt(functional.jacobian, lambda a: 3, x)
attempt(functional.hessian, torch.sin, x)
attempt(functional.hvp, lambda a: (a.sum(),), x, y)
attempt(functional.vjp, lambda a: torch.ones(()), x, strict=True)
attempt(functional.jacobian, lambda a, b: a * 2, (x, y), strict=True)
attempt(functional.jacobian, lambda a: a * 2, x, create_graph=True, strict=True)
attempt(functional.hessian, lambda a: a.sum(), x, strict=True)
attempt(functional.hvp, lambda a: a.sum(), x, y, strict=True)
attempt(functional.jacobian, torch.sin, x, vectorize=True, strict=True)
attempt(functional.jacobian, torch.sin, x, strategy="foo")
attempt(functional.jacobian, torch.sin, x, strategy="forward-mode")
attempt(functional.jacobian, torch.sin, x, strategy="forward-mode", create_graph=True)
""",
    "checkpoints": START
    + """
check = room("utils.checkpoint")
calls = []
def part(a, b):
    calls.append("run")
    return F.dropout((a * b).exp(), 0.5) * a
for reentrant in (True, False):
    a, b = x.clone().requires_grad_(), y.clone().requires_grad_()
    torch.manual_seed(0)
    out = check.checkpoint(part, a, b, use_reentrant=reentrant)
    print(type(out.grad_fn).__name__, out, torch.rand(1))
    out.sum().backward()
    print(a.grad, b.grad, torch.rand(1), calls)
for stop in (True, False):
    steps = []
    def steps_of(a):
        steps.append("first")
        b = a.exp()
        steps.append("second")
        return b + 1
    with check.set_checkpoint_early_stop(stop):
        out = check.checkpoint(steps_of, x.clone().requires_grad_(), use_reentrant=False)
    out.sum().backward()
    print(steps)
a = x.clone().requires_grad_()
attempt(lambda: torch.autograd.grad(check.checkpoint(torch.sin, a, use_reentrant=True).sum(), a))
print(torch.autograd.grad(check.checkpoint(torch.sin, a, use_reentrant=False).sum(), a))
attempt(check.checkpoint, torch.sin, a, use_reentrant=True, foo=1)
attempt(check.checkpoint, torch.sin, a, use_reentrant=True, debug=True)
attempt(check.checkpoint, torch.sin, a, use_reentrant=False, determinism_check="foo")
print(check.checkpoint(lambda a, k: a * k, a, use_reentrant=False, k=2))
print(check.checkpoint(torch.sin, x, use_reentrant=True).requires_grad)
chain = [torch.sin, torch.cos, torch.tanh, torch.exp]
for segments in (1, 2, 3):
    out = check.checkpoint_sequential(chain, segments, a, use_reentrant=False)
    print(torch.autograd.grad(out.sum(), a))
attempt(check.checkpoint_sequential, chain, 2, a, use_reentrant=False, foo=1)
""",
    "checkpoints that differ or warn": """
check = room("utils.checkpoint")
a = torch.ones(3, requires_grad=True)
def first_line(function, *args):
    try:
        print(function(*args))
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0])
check.checkpoint(torch.sin, a).sum().backward()
check.checkpoint(torch.sin, torch.ones(1), use_reentrant=True)
check.checkpoint_sequential([torch.sin, torch.cos], 2, a)
runs = []
def other_shape(a):
    runs.append(1)
    return (a if len(runs) == 1 else a[:2]).exp().sum()
first_line(check.checkpoint(other_shape, a, use_reentrant=False).backward)
runs.clear()
def fewer(a):
    runs.append(1)
    return a.exp().exp() if len(runs) == 1 else a.exp()
first_line(check.checkpoint(fewer, a, use_reentrant=False).sum().backward)
b = a * 1
out = check.checkpoint(torch.sin, b, use_reentrant=False)
b.add_(1)
first_line(out.sum().backward)
""",
    "checked derivatives": START
    + """
autograd = torch.autograd
z = torch.tensor([[0.5, -1.5], [2.0, 1.0]], dtype=torch.float64, requires_grad=True)
print(autograd.gradcheck(torch.sin, z), autograd.gradgradcheck(torch.sin, z), autograd.gradcheck(torch.sin, z, fast_mode=True))
print(autograd.gradcheck(lambda a: (a * a, a.argmax()) [:1], (z,), check_forward_ad=True, check_batched_grad=True))
class Wrong(autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * a
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]
class NoWeight(autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a.sum() * 1
    @staticmethod
    def backward(ctx, g):
        return torch.ones(2, 2, dtype=torch.float64)
attempt(autograd.gradcheck, Wrong.apply, z)
print(autograd.gradcheck(Wrong.apply, z, raise_exception=False), autograd.gradcheck(Wrong.apply, z, atol=10))
attempt(autograd.gradcheck, NoWeight.apply, z)
attempt(autograd.gradcheck, lambda a: a.detach() * 2, z)
attempt(autograd.gradcheck, torch.sin, z.detach())
attempt(autograd.gradcheck, torch.sin, z.detach()[:1].expand(3, 2).requires_grad_())
attempt(autograd.gradcheck, torch.sin, z, check_backward_ad=False)
attempt(autograd.gradcheck, torch.sin, z, check_batched_grad=True, check_backward_ad=False, check_forward_ad=True)
attempt(autograd.gradcheck, torch.sin, z, check_batched_forward_grad=True)
attempt(autograd.gradgradcheck, torch.sin, z, check_rev_over_rev=False)
""",
    "batches of gradients": START
    + """
a = x.clone().requires_grad_()
b = y.clone().requires_grad_()
rows = torch.eye(3, dtype=torch.float64)
print(torch.autograd.grad(a.sin() * b, (a, b), rows, is_grads_batched=True))
print(torch.autograd.grad(a.sin(), (a, b), rows, is_grads_batched=True, allow_unused=True))
print(torch.autograd.grad(a.sin(), (a, b), rows, is_grads_batched=True, materialize_grads=True))
attempt(torch.autograd.grad, a.sin(), a, torch.ones(3, dtype=torch.float64), is_grads_batched=True)
""",
    "switches": """
import warnings
warnings.simplefilter("ignore")
torch.use_deterministic_algorithms(True)
print(torch.are_deterministic_algorithms_enabled(), torch.get_deterministic_debug_mode())
torch.set_deterministic_debug_mode("warn")
print(torch.is_deterministic_algorithms_warn_only_enabled())
torch.set_deterministic_debug_mode(0)
attempt(torch.use_deterministic_algorithms, 3)
attempt(torch.set_deterministic_debug_mode, "foo")
attempt(torch.set_deterministic_debug_mode, 5)
torch.set_float32_matmul_precision("high")
print(torch.get_float32_matmul_precision())
torch.set_float32_matmul_precision("highest")
attempt(torch.set_float32_matmul_precision, 3)
attempt(torch.set_flush_denormal, 2)
attempt(torch.set_num_threads, 0)
attempt(torch.set_num_threads, "a")
attempt(torch.set_num_interop_threads, 0)
torch.set_default_device("cpu")
print(torch.get_default_device())
torch.set_default_device(None)
torch.set_default_tensor_type(torch.DoubleTensor)
print(torch.ones(1).dtype)
torch.set_default_tensor_type("torch.FloatTensor")
print(torch.ones(1).dtype)
attempt(torch.set_default_tensor_type, torch.LongTensor)
attempt(torch.set_default_tensor_type, 3)
print(torch.jit.is_scripting(), torch.jit.is_tracing(), torch.jit.annotate(int, 3), torch.jit.isinstance(3, int))
print(torch.compiler.is_compiling(), torch.compiler.disable(lambda x: x + 1)(2), torch.is_autocast_enabled())
print(torch.version.cuda, torch.backends.cudnn.version(), torch.backends.mps.is_built(), torch.cuda.memory_allocated())
attempt(torch.cuda.current_device)
""",
    "types of tensors": """
import numpy
for name in ("Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool"):
    kind = getattr(torch, f"{name}Tensor")
    print(kind, kind([1, 0]), kind.dtype, isinstance(torch.ones(1), kind), tuple(kind(2, 3).shape))
print(torch.FloatTensor(), torch.FloatTensor((2, 3)), torch.FloatTensor(numpy.ones(2)), torch.LongTensor([1.5]))
print(torch.FloatTensor(torch.Size([1, 2])).shape, isinstance(3, torch.FloatTensor))
print(torch.ones(1).type(torch.DoubleTensor), torch.ones(1).type("torch.LongTensor"))
for data in (2.5, "a", None, [[1, 2], [3]], torch.ones(2).double()):
    attempt(torch.FloatTensor, data)
attempt(torch.ones(1).type, 3)
attempt(torch.ones(1).type, "torch.FooTensor")
print(torch.typename(torch.ones(1)), torch.typename(3), torch.typename(torch.FloatTensor), torch.typename([]))
print(torch.is_storage(torch.ones(1)))
Variable = torch.autograd.Variable
print(Variable(torch.ones(2), requires_grad=True), isinstance(torch.ones(1), Variable))
attempt(Variable, 3)
""",
    "DLPack": """
import numpy
array = numpy.arange(3.0)
shared = torch.from_dlpack(array)
array[0] = 5
print(shared)
tensor = torch.ones(2)
numpy.from_dlpack(tensor)[0] = 3
print(tensor, torch.from_dlpack(torch.utils.dlpack.to_dlpack(tensor)), torch.from_dlpack(tensor))
print(torch.from_dlpack(numpy.array([True])), torch.from_dlpack(numpy.arange(6).reshape(2, 3).T).is_contiguous())
attempt(torch.from_dlpack, 3)
attempt(torch.ones(2, requires_grad=True).__dlpack__)
attempt(lambda: torch.ones(2).__dlpack__(stream=3))
""",
    "scaled losses": """
w = nn.Parameter(torch.tensor([1.0, 2.0]))
optimizer = optim.SGD([w], lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
for factor in (1.0, float("inf"), 1.0, 1.0, 1.0):
    optimizer.zero_grad()
    scaler.scale((w * factor).sum()).backward()
    scaler.unscale_(optimizer)
    print(w.grad, end=" ")
    scaler.step(optimizer)
    scaler.update()
    print(w.data, scaler.get_scale(), scaler.state_dict())
attempt(scaler.scale, 3)
print(scaler.scale([torch.ones(1), (torch.ones(1),)]))
scaler.step(optimizer)
attempt(scaler.step, optimizer)
attempt(scaler.unscale_, optimizer)
scaler.update(4.0)
print(scaler.get_scale())
fresh = torch.amp.GradScaler("cpu")
attempt(fresh.step, optimizer)
attempt(fresh.update)
attempt(fresh.load_state_dict, {})
attempt(torch.amp.GradScaler, "cpu", growth_factor=0.5)
off = torch.amp.GradScaler("cuda", enabled=False)
print(off.scale(3), off.state_dict(), off.get_scale(), off.is_enabled())
with torch.autocast("cpu", enabled=False):
    print(torch.ones(1).dtype)
attempt(torch.autocast, 3)
attempt(torch.autocast, "foo")
print(torch.cuda.amp.GradScaler().is_enabled())
with torch.autocast("cuda"):
    pass
""",
}
