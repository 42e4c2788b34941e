"""Programs of the engine: views and writes, hooks, custom functions, graphs; what each prints is in engine_transcripts.json."""

PROGRAMS = {
    "writes through views": """
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
y = x * 2
row, flat = y[0], y.view(-1)
flat[1:3].mul_(3)
y.t()[2].add_(row[:2])
y.diagonal().neg_()
print(y, row, flat, row._version, y._version, row._base is y)
y[:, 1] = x[:, 0]
y.narrow(0, 1, 1).fill_(0.5)
y.unsqueeze(0).select(2, 2).zero_()
print(y)
(y * y * torch.arange(6.0).view(2, 3)).sum().backward()
print(x.grad)
b = torch.zeros(4)
part = b[:2]
w = torch.tensor([1.0, 2.0], requires_grad=True)
part.copy_(w)
print(b, part, b.is_leaf, part.requires_grad)
(b * b).sum().backward()
print(w.grad)
""",
    "refused writes": """
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x * 1
attempt(lambda: x.add_(1))
attempt(lambda: x[0].mul_(2))
attempt(lambda: x.__setitem__(0, 1.0))
attempt(lambda: x.t_())
attempt(lambda: y.unbind()[1].add_(1))
attempt(lambda: y.split(1)[0].zero_())
attempt(lambda: y.chunk(2, 1)[1].mul_(2))
attempt(lambda: list(y)[0].mul_(2))
attempt(lambda: y.expand(2, 2, 2).add_(1))
attempt(lambda: torch.ones(1).expand(3).fill_(2))
attempt(lambda: y[0].detach_())
a, b = y.unbind()
y.add_(1)
attempt(lambda: a.grad_fn)
attempt(lambda: b + 1)
print(a)
with torch.no_grad():
    v = y[0]
print(v.requires_grad, v.is_leaf, v.grad_fn)
attempt(lambda: v.mul_(2))
y.mul_(2)
attempt(lambda: v.is_leaf)
attempt(lambda: v[:1].mul_(2))
print(v, v.requires_grad)
with torch.no_grad():
    x.mul_(2)
    x[0].add_(1)
print(x, x._version)
""",
    "what was kept and then written": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
def after(make, write):
    y = x * 2
    z = make(y)
    write(y, z)
    attempt(lambda: z.sum().backward())
    print(x.grad)
    x.grad = None
after(lambda y: y * y, lambda y, z: y.zero_())
after(lambda y: y * y, lambda y, z: y[:1].add_(1))
after(lambda y: y + y, lambda y, z: y.add_(1))
after(lambda y: y.exp(), lambda y, z: z.add_(1))
after(lambda y: y.exp(), lambda y, z: z.detach().zero_())
after(lambda y: y.exp(), lambda y, z: y.zero_())
after(lambda y: y.tanh(), lambda y, z: z[0].mul_(2))
after(lambda y: y.max(0)[0], lambda y, z: y.zero_())
mask = torch.tensor([True, False])
after(lambda y: torch.where(mask, y, 0.0), lambda y, z: mask.logical_not_())
index = torch.tensor([0, 1])
after(lambda y: y[index], lambda y, z: index.zero_())
values, indices = x.max(0)
indices.zero_()
attempt(values.backward)
""",
    "windows on memory": """
x = torch.arange(6.0, requires_grad=True)
y = x * 1
v = y.as_strided((2, 3), (1, 1), 1)
print(v, v.stride(), v.storage_offset(), v._base is y)
(v * v).sum().backward()
print(x.grad)
y = x * 1
torch.as_strided(y, (3,), (2,)).mul_(10)
print(y)
for arguments in [((2, 3), (1, 1), 5), ((2, 3), (1,)), ((2, -3), (1, 1)), ((2, 3), (-1, 1)), ((2, 3), (1, 1), -1)]:
    attempt(x.as_strided, *arguments)
z = torch.arange(6.0)
z.as_strided_((2, 2), (1, 2))
print(z)
m = torch.zeros(5, 3)
print(m.fill_diagonal_(2, wrap=True), torch.zeros(2, 2, 2).fill_diagonal_(1))
attempt(torch.zeros(3).fill_diagonal_, 1)
attempt(torch.zeros(2, 3, 2).fill_diagonal_, 1)
a = torch.zeros(2, 3, requires_grad=True)
s = torch.tensor([7.0, 8.0], requires_grad=True)
for out in [
    torch.select_scatter(a, s, 1, 0),
    torch.slice_scatter(a, s.view(2, 1), 1, 1, 2),
    torch.diagonal_scatter(a, s, 1),
    torch.as_strided_scatter(torch.zeros(4), s, (2,), (2,)),
]:
    print(out)
    out.pow(2).sum().backward()
    print(a.grad, s.grad)
attempt(a.select_scatter, torch.ones(3), 1, 0)
attempt(a.slice_scatter, torch.ones(3), 1, 0)
attempt(a.select_scatter, s, 1, 3)
parts = (x * 1).unsafe_split(4)
parts[0].mul_(2)
print(parts, x.unsafe_chunk(2), torch.unsafe_split_with_sizes(x, [1, 5]))
""",
    "memory given and taken": """
a = torch.arange(6.0)
print(a.resize_(2, 2))
print(a.resize_(6))
print(a.resize_(8).shape, a._version, a[:6])
b = torch.zeros(3)
b.set_(a, 1, (2, 2), (2, 1))
print(b, b.storage_offset(), b.data_ptr() - a.data_ptr(), b.is_set_to(a), a.is_set_to(a[:]))
b[0, 0] = 9
print(a[:6], a._version)
attempt(b.set_, torch.arange(3))
x = torch.ones(2, requires_grad=True)
attempt(x.resize_, 3)
attempt(x.set_, torch.ones(3))
print(a.untyped_storage().nbytes(), a[2:].untyped_storage().data_ptr() == a.untyped_storage().data_ptr())
x.grad = torch.ones(2)
x.data = torch.zeros(3)
print(x, x.grad, x._version)
attempt(lambda: setattr(x, "data", torch.tensor([1])))
""",
    "hooks and their order": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
x.register_hook(lambda g: print("leaf", g))
x.register_post_accumulate_grad_hook(lambda p: print("accumulated", p.grad))
y = x * 2
y.register_hook(lambda g: print("first", g))
y.register_hook(lambda g: g * 10)
removed = y.register_hook(lambda g: print("never"))
removed.remove()
y.retain_grad()
y.grad_fn.register_prehook(lambda g: print("before", g))
y.grad_fn.register_hook(lambda inputs, outputs: print("after", inputs, outputs))
y.mul_(3)
y.register_hook(lambda g: print("new place", g))
y.sum().backward()
print(x.grad, y.grad)
w = torch.tensor([1.0], requires_grad=True)
for wrong in [lambda g: 3, lambda g: g.double(), lambda g: torch.ones(2), lambda g: torch.ones(2).long()]:
    handle = w.register_hook(wrong)
    attempt(w.sum().backward)
    handle.remove()
for wrong in [lambda g: g[0], lambda g: (g[0], g[0]), lambda g: 3]:
    z = w * 2
    z.grad_fn.register_prehook(wrong)
    attempt(z.backward)
for wrong in [lambda i, o: (i[0],), lambda i, o: [i[0], None]]:
    z = w * 2
    z.grad_fn.register_hook(wrong)
    attempt(z.backward)
attempt(torch.ones(1).register_hook, print)
attempt((w * 2).register_post_accumulate_grad_hook, print)
attempt(torch.ones(1).retain_grad)
a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
torch.autograd.graph.register_multi_grad_hook((a, b), lambda gs: print("all", gs))
torch.autograd.graph.register_multi_grad_hook((a, b), lambda g: print("any", g), mode="any")
(a * b * 2).backward()
(a * 3).backward()
attempt(torch.autograd.graph.register_multi_grad_hook, (a,), print, mode="some")
""",
    "hooks under writes": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 1
v = y[:1]
v.retain_grad()
y.register_hook(lambda g: print("base", g))
v.register_hook(lambda g: print("view before the write", g))
v.mul_(3)
v.register_hook(lambda g: print("view after it", g))
y.register_hook(lambda g: print("base after it", g))
print(v.grad_fn.name(), y.grad_fn.name(), v.retains_grad)
(y.sum() + v.sum() * 5).backward()
print(v.grad, x.grad)
""",
    "a custom function": """
class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k, y):
        ctx.k = k
        ctx.save_for_backward(x, None, y)
        print(ctx.needs_input_grad, torch.is_grad_enabled())
        return x * k, y + 1, k
    @staticmethod
    def backward(ctx, a, b, c):
        print(a, b, c, ctx.saved_tensors, torch.is_grad_enabled())
        return a * ctx.k, None, b
x, y = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2)
p, q, k = Scaled.apply(x, 3, y)
print(p, q, k, p.grad_fn.name(), p.grad_fn is q.grad_fn, q.output_nr, p.grad_fn.k)
p.sum().backward()
print(x.grad)
attempt(lambda: p.grad_fn.saved_tensors)
attempt(p.sum().backward)
with torch.no_grad():
    print(Scaled.apply(x, 3, y)[0].requires_grad)
class Wrong(torch.autograd.Function):
    given = None
    @staticmethod
    def forward(ctx, x, k=None):
        return x * 1
    @staticmethod
    def backward(ctx, g):
        return Wrong.given(g)
for Wrong.given in [lambda g: (g, g), lambda g: (), lambda g: 1.0, lambda g: torch.ones(3), lambda g: g.double(), lambda g: (g, None, None), lambda g: None]:
    x.grad = None
    attempt(Wrong.apply(x).sum().backward)
    print(x.grad)
attempt(Wrong.apply(x, 3).sum().backward)
attempt(lambda: Wrong.apply())
attempt(lambda: Wrong.apply(x, 1, 2))
class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x
attempt(Half.apply(x).sum().backward)
class Both(Half):
    @staticmethod
    def backward(ctx, g):
        return g
    @staticmethod
    def vjp(ctx, g):
        return g
attempt(Both.apply(x).sum().backward)
""",
    "custom functions that return, write or view their input": """
class Given(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x
    @staticmethod
    def backward(ctx, g):
        return g * 3
class Written(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)
    @staticmethod
    def backward(ctx, g):
        return g * 2
class Viewed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view(-1)
    @staticmethod
    def backward(ctx, g):
        return g.view(1, 2) * 5
class Forgotten(Written):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x * 1
x = torch.tensor([[1.0, 2.0]], requires_grad=True)
for function in (Given, Written, Viewed, Forgotten):
    z = x * 1
    attempt(lambda: print(function.apply(z), z, z._version))
    z = x * 1
    try:
        out = function.apply(z)
    except RuntimeError:
        continue
    print(out is z, out._is_view())
    out.sum().backward()
    print(x.grad)
    x.grad = None
    attempt(lambda: function.apply(x * 1).add_(1))
    attempt(lambda: function.apply(x))
z = x * 1
part = Written.apply(z[0])
print(part, z)
z.sum().backward()
print(x.grad)
attempt(lambda: Written.apply((x * 1).unbind()[0]))
plain = torch.ones(2)
print(Given.apply(plain) is plain, Given.apply(plain)._is_view())
""",
    "functions with constants, without zeros, once": """
class Parts(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        big = x > 1
        ctx.mark_non_differentiable(big)
        ctx.set_materialize_grads(False)
        return x * 2, big, x * 3, x.long(), None, "text"
    @staticmethod
    def backward(ctx, *gradients):
        print(gradients)
        return gradients[0]
x = torch.tensor([1.0, 2.0], requires_grad=True)
out = Parts.apply(x)
print(out)
out[0].sum().backward()
Parts.apply(x)[2].sum().backward()
print(x.grad)
class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g
(g,) = torch.autograd.grad((Once.apply(x) ** 2).sum(), x, create_graph=True)
print(g)
attempt(g.sum().backward)
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(x, power=3):
        return x**power
    @staticmethod
    def setup_context(ctx, inputs, output):
        print(inputs, output)
        ctx.save_for_backward(inputs[0], output)
    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return 3 * y / x * g, None
(g,) = torch.autograd.grad(Cube.apply(x, 3).sum(), x, create_graph=True)
print(g, torch.autograd.grad(g.sum(), x))
""",
    "the graph seen": """
x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
y = x * w
node = y.grad_fn
print(node.name(), node.metadata, [each.name() for each, _ in node.next_functions], node.next_functions[0][0].variable is x)
print(node._saved_self is x, node._saved_other is w, y.exp().grad_fn._saved_result, x.sum(0).grad_fn._saved_dim)
attempt(lambda: node._saved_nothing)
print(node(torch.ones(2)), isinstance(node, torch.autograd.graph.Node))
attempt(node)
edge = torch.autograd.graph.get_gradient_edge(y)
print(edge.node is node, edge.output_nr, torch.autograd.grad((y * y).sum(), edge))
torch.autograd.backward(edge, torch.ones(2))
print(x.grad, w.grad)
attempt(lambda: node._saved_self)
attempt(torch.autograd.graph.get_gradient_edge, torch.ones(1))
print(y.view(2, 1).expand(2, 3).sum().grad_fn.next_functions[0][0].next_functions[0][0].name())
""",
    "asking for gradients": """
x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2, requires_grad=True)
y = x * x
grad = torch.autograd.grad
attempt(grad, y, x)
attempt(grad, y.sum(), w, retain_graph=True)
attempt(grad, y.sum(), [x, w], allow_unused=True, retain_graph=True)
attempt(grad, y.sum(), [x, w], materialize_grads=True, retain_graph=True)
attempt(grad, y.sum(), {"x": x, "y": y}, retain_graph=True)
attempt(grad, y.sum(), [x], allow_unused=False, materialize_grads=True)
attempt(grad, y, x, torch.ones(3))
attempt(grad, y, x, torch.eye(2), is_grads_batched=True, retain_graph=True)
attempt(grad, y, x, torch.ones(3, 3), is_grads_batched=True)
attempt(grad, y.sum(), [])
attempt(grad, y.sum(), torch.ones(2))
attempt(grad, torch.ones(2).sum(), x)
attempt(grad, y.sum(), [x, 3])
attempt(y.backward)
attempt(y.backward, torch.ones(3))
attempt(y.sum().backward, inputs=[])
attempt(torch.autograd.backward, [y, y], [torch.ones(2)])
y.sum().backward(inputs=[y, x])
print(x.grad, y.grad)
kept = x.grad
(x * 3).sum().backward()
print(x.grad is kept, kept)
attempt(y.sum().backward)
(x * x).sum().backward(create_graph=False)
g = grad((x**3).sum(), x, create_graph=True)[0]
print(g, grad(g.sum(), x))
for wrong in [torch.ones(1), torch.ones(2).double(), torch.tensor([1, 2]), 3, x]:
    attempt(lambda: setattr(x, "grad", wrong))
attempt((x * 2).requires_grad_, False)
attempt(torch.tensor([1]).requires_grad_)
attempt(lambda: setattr(torch.tensor([1]), "requires_grad", True))
""",
    "tensors packed while kept": """
def pack(tensor):
    print("pack", tensor)
    return tensor * 2
def unpack(kept):
    print("unpack", kept)
    return kept / 2
x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
graph = torch.autograd.graph
with graph.saved_tensors_hooks(pack, unpack):
    y = x * w
print(y.grad_fn._saved_other)
y.sum().backward()
print(x.grad)
with graph.saved_tensors_hooks(lambda t: 7, lambda t: 3):
    y = x.sin()
attempt(y.sum().backward)
with graph.disable_saved_tensors_hooks("none of these here"):
    attempt(graph.saved_tensors_hooks(pack, unpack).__enter__)
with graph.allow_mutation_on_saved_tensors():
    y = x * 1
    z = y.sin()
    y.add_(5)
    z.sum().backward()
print(x.grad)
with graph.save_on_cpu():
    (x * x).sum().backward()
print(x.grad)
y = x * w
y.grad_fn._raw_saved_other.register_hooks(lambda t: t.tolist(), lambda t: torch.tensor(t) * 10)
y.sum().backward()
print(x.grad)
""",
    "inference and modes": """
with torch.inference_mode():
    a = torch.ones(2)
    print(a.is_inference(), torch.is_inference(a), torch.is_inference_mode_enabled(), a[:1].is_inference(), a[:1]._is_view())
    attempt(lambda: a._version)
x = torch.tensor([1.0, 2.0], requires_grad=True)
attempt(lambda: a.requires_grad_())
attempt(lambda: x * a)
print(a.clone().is_inference(), a[:1].is_inference(), (x + a).requires_grad)
attempt(lambda: a.add_(1))
n = torch.ones(2)
with torch.inference_mode():
    n.add_(1)
    m = n[:1]
print(n.is_inference(), n._version, m.is_inference())
@torch.no_grad()
def numbers():
    got = yield torch.is_grad_enabled()
    yield got, torch.is_grad_enabled()
generator = numbers()
print(next(generator), torch.is_grad_enabled(), generator.send(5), torch.is_grad_enabled())
@torch.set_grad_enabled(False)
def off():
    return torch.is_grad_enabled()
print(off(), torch.is_grad_enabled())
with torch.autograd.set_detect_anomaly(True, check_nan=False):
    print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
with torch.autograd.set_multithreading_enabled(False):
    (x * x).sum().backward()
print(x.grad)
attempt(x.numpy)
print(x.numpy(force=True), x.detach().numpy())
""",
    "copies of leaves": """
import copy, pickle
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 2
attempt(copy.deepcopy, y)
x.grad = torch.ones(2)
x.note = "kept"
for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
    print(twin, twin.is_leaf, twin.note, twin.data_ptr() == x.data_ptr())
print(copy.deepcopy(x).grad, copy.copy(x).data_ptr() == x.data_ptr())
base = torch.arange(4.0)
one, other = copy.deepcopy((base, base[1:]))
one[1] = 9
print(other, other._is_view(), base)
parameter = nn.Parameter(torch.ones(2))
parameter.grad = torch.ones(2)
twin = copy.deepcopy(parameter)
print(twin, twin.grad, type(pickle.loads(pickle.dumps(parameter))).__name__)
""",
}
