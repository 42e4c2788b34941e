"""Programs of differences, blocks, turns, splits, choices and indices; what each prints is in shaping_transcripts.json."""

_SETUP = """
x = torch.arange(12.0).reshape(3, 4) ** 2 % 7
v = torch.tensor([1.0, 4.0, 2.0, 8.0])
w = torch.arange(24.0).reshape(2, 3, 4)
n = torch.tensor([[3, 1, 4], [1, 5, 9]])
s = torch.tensor(2.0)
e = torch.zeros(0)
"""

PROGRAMS = {
    "differences": _SETUP
    + """
for t in (x, v, w, n, n.to(torch.uint8), n > 2, e, s, x.half()):
    for count in (0, 1, 2, 9, -1):
        attempt(torch.diff, t, count)
        attempt(torch.diff, t, n=count, dim=0)
attempt(torch.diff, x, prepend=x, append=x[:, :1])
attempt(torch.diff, x, prepend=v)
attempt(torch.diff, x, prepend=x[:2])
attempt(torch.diff, x, dim=2)
refused(torch.diff, 1)
refused(torch.diff, x, 1.5)
g = x.clone().requires_grad_()
d = torch.diff(g, 2)
print(type(d.grad_fn).__name__, type(torch.diff(g, 0).grad_fn).__name__)
(d ** 3).sum().backward()
print(g.grad)
""",
    "slopes": _SETUP
    + """
for t in (x, v, w, n, n.to(torch.uint8), e, s, x.half()):
    attempt(torch.gradient, t)
    attempt(torch.gradient, t, spacing=0.5)
    attempt(torch.gradient, t, dim=0, edge_order=2)
    attempt(torch.gradient, t, dim=-1, edge_order=2, spacing=2)
attempt(torch.gradient, x, spacing=[2.0, 3.0])
attempt(torch.gradient, x, spacing=(torch.tensor([0.0, 1.0, 4.0]), v.cumsum(0)), edge_order=2)
attempt(torch.gradient, x, spacing=(torch.tensor([0, 1, 4]),), dim=0)
attempt(torch.gradient, x, dim=(0, 0))
attempt(torch.gradient, x, dim=())
attempt(torch.gradient, x, edge_order=3)
attempt(torch.gradient, x, spacing=[1.0])
attempt(torch.gradient, x, spacing=[1.0, 2.0], dim=0)
attempt(torch.gradient, x, spacing=[x, x])
attempt(torch.gradient, x[:, :1])
g = v.clone().requires_grad_()
(slope,) = torch.gradient(g, spacing=(torch.tensor([0.0, 1.0, 3.0, 4.0]),))
print(type(slope.grad_fn).__name__)
(slope ** 2).sum().backward()
print(g.grad)
""",
    "integrals": _SETUP
    + """
for f in (torch.trapezoid, torch.cumulative_trapezoid, torch.trapz):
    for t in (x, v, w, n, n > 2, e, s):
        attempt(f, t)
        attempt(f, t, dx=2, dim=0)
    attempt(f, x, v)
    attempt(f, x, x, dim=0)
    attempt(f, x, torch.tensor([0, 1, 3]), dim=0)
    attempt(f, x, v[:2])
    attempt(f, x, dim=5)
    refused(f, x, 2)
    refused(f, 1)
    refused(lambda: f(x, v, dx=2))
    g = x.clone().requires_grad_()
    out = f(g, v)
    print(type(f(g).grad_fn).__name__, type(out.grad_fn).__name__)
    (out ** 2).sum().backward()
    print(g.grad)
""",
    "blocks, products and combinations": _SETUP
    + """
attempt(torch.block_diag)
attempt(torch.block_diag, x, v, s)
attempt(torch.block_diag, n, x)
attempt(torch.block_diag, e, n > 2)
refused(torch.block_diag, w)
refused(torch.block_diag, [x])
attempt(torch.cartesian_prod, v)
attempt(torch.cartesian_prod, v, v[:2])
attempt(torch.cartesian_prod, n[0], n[1], n[0])
attempt(torch.cartesian_prod, v, e)
refused(torch.cartesian_prod, v, n[0])
refused(torch.cartesian_prod, x, v)
refused(torch.cartesian_prod)
for r in range(6):
    attempt(torch.combinations, v, r)
    attempt(torch.combinations, n[0], r=r, with_replacement=True)
refused(torch.combinations, v, -1)
refused(torch.combinations, x)
refused(torch.combinations, v, 1.5)
g = v.clone().requires_grad_()
print(type(torch.block_diag(g, g).grad_fn).__name__, type(torch.combinations(g).grad_fn).__name__)
(torch.block_diag(g, x) ** 2).sum().backward()
torch.combinations(g).prod(1).sum().backward()
print(g.grad)
""",
    "columns, rows and splits": _SETUP
    + """
attempt(torch.column_stack, (v, v))
attempt(torch.column_stack, (x, v[:3], s.repeat(3)))
attempt(torch.column_stack, (n, n > 2))
attempt(torch.column_stack, (w, w))
attempt(torch.row_stack, [v, v])
refused(torch.column_stack, ())
refused(torch.row_stack, ())
refused(torch.column_stack, x)
refused(torch.row_stack, x)
refused(torch.column_stack, (x, v))
for f in (torch.hsplit, torch.vsplit, torch.dsplit):
    for t in (x, v, w, s):
        for parts in (1, 2, 3, 0, -1, [1], (1, 2), [-1]):
            attempt(f, t, parts)
attempt(x.hsplit, 1, 2)
attempt(x.vsplit, sections=3)
attempt(w.dsplit, indices=[1])
refused(torch.hsplit, x, 1.5)
refused(x.hsplit)
g = x.clone().requires_grad_()
print([type(each.grad_fn).__name__ for each in g.hsplit(1)])
""",
    "turns": _SETUP
    + """
for t in (x, w, n, v, s, x.T):
    for k in (0, 1, 2, 3, -1, 6):
        attempt(torch.rot90, t, k)
        attempt(torch.rot90, t, k, (-1, 0))
    attempt(torch.flip, t, (0,))
    attempt(torch.flip, t, ())
    attempt(t.flip, -1, 0)
    attempt(torch.roll, t, 1)
    attempt(torch.roll, t, (1, -1), (0, -1))
    attempt(torch.roll, t, 1, 0)
for dims in ((0, 0), (0,), (0, 2), (0, -2)):
    attempt(torch.rot90, x, 1, dims)
refused(torch.rot90, x, 1.5)
refused(torch.flip, x, 0)
refused(torch.flip, x, (0, -2))
print(torch.rot90(x).is_contiguous(), torch.rot90(x, 2).is_contiguous(), x.T.flip(0).is_contiguous())
g = x.clone().requires_grad_()
turned = torch.rot90(g)
print(type(turned.grad_fn).__name__)
(turned * torch.arange(12.0).reshape(4, 3)).sum().backward()
print(g.grad)
""",
    "parts, sizes and static coordinates": _SETUP
    + """
for t in (x, v, s, n):
    for size in ((), (1,), (4,), (3, 1), (1, 4), (3, 4), (1, 1, 1), (2, 4)):
        attempt(t.sum_to_size, size)
    for start, length in ((0, 2), (1, 1), (-1, 1), (-1, 2), (0, -1), (3, 0), (9, 1)):
        attempt(torch.narrow_copy, t, 0, start, length)
        attempt(t.narrow, -1, start, length)
    for size in (0, 3, 20, -1):
        attempt(torch.nonzero_static, t, size=size, fill_value=7)
    print(torch.is_same_size(t, x), t.is_same_size(v))
for f in (torch.tril_indices, torch.triu_indices):
    for dtype in (torch.int64, torch.int32, torch.int16, torch.uint8, torch.float32, torch.bool):
        attempt(f, 3, 2, dtype=dtype)
    refused(f, 3.0, 2)
    refused(f, 3, -1)
for steps in (0, 1, 2, 5, 8):
    attempt(torch.linspace, -3.7, 2.9, steps)
    attempt(torch.linspace, 0, 10, steps, dtype=torch.int32)
    attempt(torch.linspace, 0, 1, steps, dtype=torch.float16)
    attempt(torch.linspace, -1.0, 3, steps, dtype=torch.uint8)
refused(torch.logspace, 0, 1, True)
""",
    "places along a dimension": _SETUP
    + """
for index in ([0], [[0]], [[0, 2], [1, 1]], [], [9], [-1], [[0, 9, 1, 1]], 0):
    i = torch.tensor(index, dtype=torch.int64)
    for t in (x, v, s, e):
        for dim in (0, -1):
            attempt(torch.gather, t, dim, i)
            attempt(t.scatter, dim, i, t + 1)
            attempt(t.scatter, dim, i, 2.5)
            attempt(t.scatter_add, dim, i, t * 2)
            attempt(t.index_select, dim, i)
            attempt(t.index_add, dim, i, t, alpha=2)
            attempt(t.index_copy, dim, i, t + 1)
            attempt(t.take_along_dim, i, dim)
        attempt(t.take, i)
i = torch.tensor([[0, 2, 1, 0]])
attempt(x.gather, 0, i.int())
refused(x.gather, 0, i.to(torch.uint8))
refused(x.scatter, 0, i, x.double())
refused(x.scatter, 0, [0], x)
refused(torch.index_add, x, 0, torch.tensor([0.0]), x[:1])
refused(torch.index_copy, x, 0, torch.tensor([0]), x[:1].double())
for f in (lambda g: g.gather(0, i), lambda g: g.scatter(0, i, g[:1] * 3), lambda g: g.scatter_add(0, i, g[:1]), lambda g: g[0, 1].gather(0, torch.tensor([]))):
    g = x.clone().requires_grad_()
    out = f(g)
    print(type(out.grad_fn).__name__)
    (out ** 2).sum().backward()
    print(g.grad)
""",
    "choices by masks": _SETUP
    + """
m = x > 2
for t in (x, x.T, n, x.half(), x > 4):
    k = t > 1 if t.dtype is not torch.bool else t
    attempt(torch.where, k, t, t.flip((0,)))
    attempt(torch.masked_select, t, k)
    attempt(t.masked_fill, k, 1)
    attempt(t.masked_scatter, k, t.contiguous())
    attempt(lambda: t[k])
    print(t.masked_fill(k, 1).is_contiguous(), t.masked_scatter(k, t).is_contiguous(), torch.where(k, t, 1).is_contiguous())
big = (torch.arange(10000.0) * 7 % 11).reshape(100, 100).requires_grad_()
k = big.detach() % 3 == 0
for f in (lambda: torch.where(k, big, -big), lambda: big.masked_fill(k, 2.0), lambda: big[k], lambda: big.masked_select(k)):
    out = f()
    (g,) = torch.autograd.grad((out ** 2).sum(), big)
    print(out.sum().item(), g.sum().item(), tuple(out.shape))
z = big.detach().clone()
z[k] = 0
print(z.sum().item(), k.nonzero().sum().item(), [each.sum().item() for each in torch.where(k)])
z[k] = -1.5
print(z.sum().item())
z[1] = 3
z[2, 5:] = -7.0
print(z.sum().item())
for value in (-1, -1.0, -0.5, 255, 256, 256.5):
    attempt(torch.full, (2,), value, dtype=torch.uint8)
""",
    "subscripts that are wrong, and what is said": _SETUP
    + """
import numpy as np
indices = [(1, torch.tensor([True, False, True])), (5, torch.tensor([True, False, True])), (torch.tensor([0, 1], dtype=torch.int16), 0, 0),
           torch.tensor([0.0, 1.0]), torch.tensor(1, dtype=torch.uint8), np.bool_(True), (slice(None), torch.ones(3, dtype=torch.bool)), (torch.ones(3, 4, dtype=torch.bool), torch.tensor([0, 1])),
           (torch.tensor([0, 1]), torch.tensor([0, 1, 2])), torch.tensor([5]), (0, -7), (None, 9), (..., torch.tensor([4])), (slice(None, None, -1),), 1.5]
for index in indices:
    for t in (x, w):
        attempt(lambda: t[index])
        def write():
            z = t.clone()
            z[index] = 1.5
            return z
        attempt(write)
""",
    "shapes that do not fit": _SETUP
    + """
for size in ((-1,), (2, 3), (5, 4), (4,), (2, -1, 4), (-1, 3, 4), (-2, 4)):
    attempt(x.expand, size)
    attempt(s.expand, size)
    attempt(torch.broadcast_to, v, size)
for repeats in ((2,), (1, -1), (0, 2), (-1, -1), (2, 1, 2)):
    for t in (x, v, e):
        attempt(t.repeat, repeats)
        attempt(torch.tile, t, repeats)
refused(x.repeat)
refused(torch.tile, x, 2)
for repeats in (2, 0, -1, torch.tensor(2), torch.tensor([1, 2, 0]), torch.tensor([1, 2]), torch.tensor([1, -2, 1]), torch.tensor([1.0, 2, 3])):
    for dim in (None, 0, 1, 5):
        attempt(torch.repeat_interleave, x, repeats, dim)
    attempt(torch.repeat_interleave, s, repeats, 0)
attempt(torch.repeat_interleave, torch.tensor([1, 0, 3]))
attempt(torch.repeat_interleave, x, 2, 0, output_size=7)
for sizes in ((2, 2), (2, -1), (3, -1), (), (5,)):
    attempt(torch.unflatten, x, 1, sizes)
    attempt(torch.unflatten, torch.zeros(0, 3), 0, sizes)
for source in (v, w, x[:1], x.double(), n, s):
    attempt(lambda: x.clone().copy_(source))
    attempt(lambda: v.clone().copy_(source))
attempt(torch.tensordot, torch.ones(3, 1), torch.ones(4, 2), 1)
attempt(torch.tensordot, torch.ones(3, 2), torch.ones(4, 2), 1)
attempt(torch.softmax, n[:0], 0)
refused(torch.softmax, n, 0)
refused(torch.cumsum, x, None)
refused(torch.argmax, x, (0,))
refused(torch.prod, x, None)
""",
}
