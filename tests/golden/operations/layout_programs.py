"""Programs with images whose channels lie last in memory; what each prints is in layout_transcripts.json."""

PROGRAMS = {
    "channels last is kept": """
torch.manual_seed(0)
x = torch.randn(2, 4, 3, 6).permute(0, 3, 1, 2).requires_grad_()
w = torch.arange(1.0, 7.0)
for name, y in (
    ("group_norm", F.group_norm(x, 3, w, w)),
    ("group_norm of volumes", F.group_norm(torch.randn(2, 2, 2, 2, 4).permute(0, 4, 1, 2, 3), 2)),
    ("instance_norm", F.instance_norm(x)),
    ("batch_norm", F.batch_norm(x, None, None, w, w, True)),
    ("batch_norm with given statistics", F.batch_norm(x, w, w, w, w, False)),
    ("cat", torch.cat([x, x * 2], 1)),
    ("cat of two layouts", torch.cat([x, x.contiguous()], 1)),
):
    print(name, tuple(y.shape), y.stride(), f"{y.abs().sum().item():.3f}")
    print(F.dropout(y, 0.5)[0, :, 0, 0])
F.dropout(F.group_norm(torch.cat([x, x], 1), 4), 0.5).pow(2).sum().backward()
print(f"{x.grad.abs().sum().item():.3f}")
""",
    "channels last is asked for": """
t = torch.arange(24.0).reshape(1, 2, 3, 4)
y = t.contiguous(memory_format=torch.channels_last)
print(y.stride(), y.is_contiguous(), y.is_contiguous(memory_format=torch.channels_last), torch.equal(t, y))
print(t.is_contiguous(memory_format=torch.channels_last), y.contiguous(memory_format=torch.channels_last) is y)
print(t.to(memory_format=torch.channels_last).stride(), t.clone(memory_format=torch.channels_last).stride())
print(y.double().stride(), y.clone().stride(), y.contiguous().stride(), torch.nn.functional.relu(y).stride())
print(t.unsqueeze(2).contiguous(memory_format=torch.channels_last_3d).stride())
print(torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last).weight.stride())
for call in (
    lambda: torch.ones(2).contiguous(memory_format=torch.channels_last),
    lambda: t.contiguous(memory_format=torch.channels_last_3d),
    lambda: torch.ones(2, 3).to(memory_format=torch.channels_last),
    lambda: torch.ones(2, 3).clone(memory_format=torch.channels_last),
):
    try:
        print(call())
    except RuntimeError as error:
        print(error)
""",
}
