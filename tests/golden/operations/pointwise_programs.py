"""Programs of elementwise operations; what each prints is in pointwise_transcripts.json."""

PROGRAMS = {
    "arithmetic of several types": """
values = [torch.tensor([1, -2, 3]), torch.tensor([True, False, True]), torch.tensor([1.5, -2.5, 0.5]), torch.tensor(2), 3, 0.5]
for a in values[:4]:
    for b in values:
        attempt(torch.add, a, b)
        attempt(torch.sub, a, b)
        attempt(torch.div, a, b)
""",
    "numbers where tensors are due": """
x = torch.tensor([1.5, -2.0])
for name in ("maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "logaddexp", "logaddexp2", "logical_and", "logical_or", "logical_xor"):
    attempt(getattr(torch, name), x, 2)
    attempt(getattr(torch, name), 0.5, x)
    refused(getattr(x, name), True)
for name in ("eq", "lt", "copysign"):
    attempt(getattr(torch, name), x, 1.5)
    refused(getattr(torch, name), 1.5, x)
""",
    "second derivatives of piecewise linear functions": """
x = torch.tensor([1.5, -2.0, 0.0, float("nan")], requires_grad=True)
for f in (torch.relu, F.leaky_relu, torch.abs, torch.sign, lambda x: x.clamp(0, 1)):
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    print(g, g.requires_grad)
    if g.requires_grad:
        print(torch.autograd.grad(g.sum(), x)[0] + 0)
""",
}
