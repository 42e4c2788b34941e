"""Programs with complex numbers that come and go inside a line; what each prints is in complex_transcripts.json."""

PROGRAMS = {
    "rotary positions": """
torch.manual_seed(0)
def rotated(q):
    frequencies = 1.0 / (10000 ** (torch.arange(0, 4, 2).float() / 4))
    turns = torch.polar(torch.ones(3, 2), torch.outer(torch.arange(3.0), frequencies))
    pairs = torch.view_as_complex(q.float().reshape(*q.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns.view(1, 3, 1, 2)).flatten(3).type_as(q)
q = torch.randn(2, 3, 2, 4, requires_grad=True)
print(rotated(q).detach())
(rotated(q).pow(2) * torch.arange(1.0, 5.0)).sum().backward()
print(q.grad)
""",
    "functions of a spectrum": """
x = torch.tensor([[1.0, 2.0, -1.0, 0.5], [0.3, -2.0, 4.0, 1.0]], requires_grad=True)
s = torch.fft.rfft(x)
for part in (torch.abs(s), torch.angle(s), torch.real(s), torch.imag(s), torch.conj(s).imag, torch.view_as_real(s)):
    print(part.detach())
print(torch.mul(s, 2).imag.detach(), torch.neg(s).real.detach(), s.view(3, 2).real.detach(), s.sum(0).real.detach())
print(len(s), s.numel(), s.size(), s.device, s.unsqueeze(1).shape, s.transpose(0, 1).shape)
torch.abs(torch.fft.fft(x)).pow(1.5).sum().backward()
print(x.grad)
""",
    "complex numbers of parts": """
print(torch.complex(torch.ones(2), torch.ones(3, 1)).imag, torch.view_as_complex(torch.arange(8.0).view(2, 2, 2)).abs())
for call in (
    lambda: torch.view_as_complex(torch.ones(3)),
    lambda: torch.view_as_complex(torch.ones(3, 2).long()),
    lambda: torch.view_as_complex(torch.tensor(1.0)),
    lambda: torch.complex(torch.ones(2), torch.ones(2).double()),
    lambda: torch.polar(torch.ones(2), torch.ones(2).long()),
    lambda: torch.polar(2, 3),
    lambda: torch.view_as_real(torch.ones(2)),
):
    try:
        print(call())
    except (RuntimeError, TypeError) as error:
        print(type(error).__name__, error)
""",
    "new tensors of a type": """
t = torch.ones(2, 3)
print(t.new().shape, t.new(2).shape, t.new(2, 3).shape, t.new(t.size()).shape, t.new(size=(2, 3)).shape)
print(t.new([1, 2]), t.new((1, 2)), t.new(t), t.long().new([1.5]), t.bool().new([1, 0]), t.half().new([1]))
print(t.double().new(2).dtype, t.new(range(3)), t.new(device="cpu"), t.new(data=[1, 2]))
for data in (2.5, True, "a", t.long()):
    try:
        print(t.new(data))
    except TypeError as error:
        print(error)
print(t.requires_grad_().new(t), torch.nn.Parameter(t).new([2.0]))
""",
}
