"""Programs of torch.fft from real to real; what each prints is in spectra_transcripts.json."""

# The sign of a zero, and what rounding leaves of one, is not compared.
_SHOW = """
def show(*tensors):
    print(*[(each.detach() * 1e4).round() / 1e4 + 0 for each in tensors])
"""

PROGRAMS = {
    "transforms": _SHOW
    + """
x = torch.tensor([[1.0, 2.0, -1.0, 0.5, 3.0], [0.0, 1.0, 4.0, -2.0, 1.5]])
for name in ("fft", "ifft", "rfft", "ihfft", "fft2", "ifft2", "rfft2", "fftn", "ifftn", "rfftn"):
    for norm in (None, "ortho", "forward"):
        z = getattr(torch.fft, name)(x, norm=norm)
        print(name, norm, z.shape)
        show(z.real.clone(), z.imag.clone())
show(torch.fft.fft(x, n=3).real, torch.fft.fft(x, n=7, dim=0).imag)
show(torch.fft.irfft(torch.fft.rfft(x), n=5), torch.fft.irfft(torch.fft.rfft(x)), torch.fft.irfft2(torch.fft.rfft2(x), s=(2, 5)))
show(torch.fft.hfft(torch.fft.ihfft(x), n=5), torch.fft.irfftn(torch.fft.rfftn(x), s=(2, 5)))
show(torch.fft.fftfreq(5, 0.5), torch.fft.rfftfreq(4), torch.fft.fftfreq(4, dtype=torch.float64))
show(torch.fft.fftshift(x), torch.fft.ifftshift(x, dim=1), torch.fft.fftshift(x, dim=(0, 1)))
""",
    "filters and gradients": _SHOW
    + """
x = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
kernel = torch.tensor([0.5, 0.25, 0.0, 0.25], dtype=torch.float64, requires_grad=True)
y = torch.fft.irfft(torch.fft.rfft(x) * torch.fft.rfft(kernel), n=4)
show(y.detach())
y.square().sum().backward()
show(x.grad, kernel.grad)
z = torch.fft.rfft(x.detach())
show(z.abs(), z.angle(), (z * 2 - 1).real, (z / z).imag, z[1:].real, z.conj().imag)
mixed = torch.fft.fft(torch.fft.fft(torch.arange(6.0).reshape(2, 3), dim=-1), dim=-2).real
show(mixed)
""",
    "errors": """
attempt(torch.fft.fft, torch.ones(3), norm="other")
attempt(torch.fft.fft, torch.ones(3), 0)
attempt(torch.fft.fft, torch.tensor(1.0))
attempt(torch.fft.rfft, torch.ones(3), dim=2)
attempt(torch.fft.fftn, torch.ones(3, 3), dim=(0, 0))
attempt(torch.fft.irfft, torch.fft.rfft(torch.ones(1)))
""",
}
