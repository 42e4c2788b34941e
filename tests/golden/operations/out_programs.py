"""Programs that write results into tensors with out=; what each prints is in out_transcripts.json."""

PROGRAMS = {
    "shapes": """
x, y = torch.arange(6.0).reshape(2, 3), torch.ones(2, 3)
out = torch.empty(0)
print(torch.add(x, y, out=out) is out, out)
for out in (torch.empty(2, 3), torch.empty(3, 2).t(), torch.empty(2, 6)[:, ::2], torch.empty(0, 4)):
    torch.mul(x, 2, out=out)
    print(out, out.stride())
print(torch.add(x, y, alpha=3, out=None))
base = torch.zeros(4, 3)
torch.add(x, y, out=base[:2])
print(base, base._version)
x = torch.arange(6.0).reshape(2, 3)
torch.add(x[:, :2], y[:, :2], out=x[:, 1:])
print(x)
""",
    "types": """
x, n, b = torch.tensor([1.5, -2.0]), torch.tensor([1, 2]), torch.tensor([True, False])
types = (torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.bool)
for name in ("add", "mul", "div", "maximum", "pow", "eq", "logical_and", "remainder"):
    for given in (x, n, b):
        for dtype in types:
            out = torch.empty(2, dtype=dtype)
            print(name, given.dtype, dtype)
            if given is not b or name in ("eq", "logical_and", "mul"):
                attempt(lambda: getattr(torch, name)(given, given, out=out))
for name in ("exp", "abs", "sqrt", "floor", "sigmoid", "neg", "logical_not", "isneginf", "signbit", "nan_to_num"):
    for given in (x, n):
        for dtype in types:
            print(name, given.dtype, dtype)
            attempt(lambda: getattr(torch, name)(given, out=torch.empty(2, dtype=dtype)))
m = torch.arange(4.0).reshape(2, 2)
for name in ("matmul", "mm", "softmax", "cumsum", "amax", "argmax", "sum", "mean", "all", "tril", "index_select", "take", "where", "cat", "stack", "var", "logsumexp", "nonzero"):
    further = {"matmul": (m,), "mm": (m,), "tril": (), "index_select": (0, n[:1]), "take": (n,), "where": (m, m), "cat": (), "stack": (), "nonzero": ()}.get(name, (1,))
    first = m > 1 if name in ("all", "where") else [m, m] if name in ("cat", "stack") else m
    for dtype in types[:2] + types[3:]:
        print(name, dtype)
        if name != "sum" or dtype is not torch.bool:
            attempt(lambda: getattr(torch, name)(first, *further, out=torch.empty(0, dtype=dtype)))
""",
    "several results": """
x = torch.tensor([[3.0, 1.0], [2.0, 5.0]])
values, indices = torch.empty(0), torch.empty(0, dtype=torch.long)
print(torch.max(x, 1, out=(values, indices)), values, indices)
print(torch.min(x, 0, True, out=(values, indices)), values)
attempt(torch.max, x, 1, out=(torch.empty(0), torch.empty(0)))
""",
    "no gradient": """
x = torch.ones(2, requires_grad=True)
y = torch.ones(2)
attempt(torch.add, x, y, out=torch.empty(2))
attempt(torch.exp, y, out=torch.empty(2, requires_grad=True))
attempt(torch.stack, [x, y], out=torch.empty(0))
with torch.no_grad():
    out = torch.empty(2)
    print(torch.add(x, y, out=out), out.requires_grad)
z = torch.empty(2)
w = (x * 2).detach()
torch.mul(w, 3, out=z)
print(z)
saved = torch.ones(2)
product = x * saved
torch.add(y, y, out=saved)
attempt(product.sum().backward)
""",
}
