"""Programs of special functions and their kin; what each prints is in special_transcripts.json."""

PROGRAMS = {
    "of one number": """
points = [0.0, -0.0, 0.5, 1.0, 2.0, -0.7, -2.5, 3.0, 8.5, 1e10, float("inf"), -float("inf"), float("nan")]
names = '''erf erfc erfinv erfcx ndtr ndtri log_ndtr entr gammaln digamma psi i0 i0e i1 i1e modified_bessel_i0
modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1
spherical_bessel_j0 logit expit exp2 expm1 log1p sinc'''.split()
for name in names:
    f = getattr(torch.special, name)
    for dtype in (torch.float64, torch.float32):
        digits = 9 if dtype is torch.float64 else 4
        print(name, [f"{value:.{digits}g}" for value in f(torch.tensor(points[:9], dtype=dtype)).tolist()])
    print(name, f(torch.tensor(points[9:])))
    attempt(f, torch.tensor([1, 0, 3]))
    attempt(f, torch.tensor([True, False]))
    attempt(lambda: f(torch.tensor([[0.5]], dtype=torch.float16)).dtype)
    attempt(f, torch.empty(0, 2))
""",
    "bessel and airy": """
for name in "bessel_j0 bessel_j1 bessel_y0 bessel_y1 airy_ai".split():
    f = getattr(torch.special, name)
    points = torch.tensor([0.5, 1.0, 2.0, 3.0, 4.0, 0.0, -1.0, float("inf"), float("nan")], dtype=torch.float64)
    print(name, [f"{value:.6g}" for value in f(points).tolist()])
    attempt(f, torch.tensor([1, 0, 3]))
    attempt(f, torch.tensor([0.5], dtype=torch.float16))
    attempt(f, torch.tensor([0.5], requires_grad=True))
""",
    "gradients": """
for name in "erf erfc erfinv erfcx ndtr ndtri log_ndtr entr gammaln digamma i0 i0e i1 i1e sinc logit".split():
    x = torch.tensor([0.3, 0.6, 0.8], dtype=torch.float64, requires_grad=True)
    y = getattr(torch.special, name)(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    for part in (y, g, h):
        print(name, [f"{value:.9g}" for value in part.tolist()])
""",
    "gamma functions": """
x = torch.tensor([0.5, 1.0, 2.5, 20.0], dtype=torch.float64)
for n in range(4):
    print(torch.polygamma(n, x), torch.polygamma(n, torch.tensor([1, 2])), x.polygamma(n))
attempt(torch.polygamma, -1, x)
attempt(torch.polygamma, 1.5, x)
attempt(torch.polygamma, 1, [1.0])
print(torch.mvlgamma(x + 1, 2), torch.mvlgamma(x, 1), (x + 1).mvlgamma(3), torch.mvlgamma(torch.tensor([3, 4]), 2))
attempt(torch.mvlgamma, x, 0)
attempt(torch.mvlgamma, x, 1.5)
for a in (0.0, 0.1, 1.0, 5.0, 60.0):
    for b in (0.0, 0.05, 1.5, 4.0, 58.0, 70.0):
        pair = torch.tensor([a], dtype=torch.float64), torch.tensor([b], dtype=torch.float64)
        print(a, b, torch.igamma(*pair), torch.igammac(*pair), torch.special.gammainc(*pair), torch.special.gammaincc(*pair))
attempt(torch.igamma, torch.tensor([1, 2]), torch.tensor([1, 2]))
attempt(torch.igamma, torch.tensor([1.0, 2.0]), 2.0)
attempt(torch.special.gammaincc, 2.0, torch.tensor([1.0, 2.0]))
attempt(torch.igammac, torch.ones(2), torch.ones(3))
y = torch.tensor([0.5, 2.0], requires_grad=True)
out = torch.igamma(torch.tensor([1.0, 2.0]), y)
print(out, torch.autograd.grad(out.sum(), y))
for s, q in ((2.0, 1.0), (1.0, 2.0), (0.5, 1.0), (3.0, 0.0), (3.0, -0.5), (2.5, -0.5), (4, torch.tensor([1.5])), (torch.tensor([1.5]), 2)):
    if not isinstance(s, torch.Tensor) and not isinstance(q, torch.Tensor):
        s = torch.tensor([s])
    attempt(torch.special.zeta, s, q)
attempt(torch.special.zeta, 2.0, 2.0)
""",
    "orthogonal polynomials": """
for name in sorted(name for name in dir(torch.special) if "polynomial" in name):
    f = getattr(torch.special, name)
    for n in (-1, 0, 1, 2, 5, 9):
        print(name, n, f(torch.tensor([-1.0, -0.4, 0.0, 0.3, 1.0, 1.5], dtype=torch.float64), n))
    attempt(f, torch.tensor([0.5, 2.0]), torch.tensor([3, 2]))
    attempt(f, 0.5, torch.tensor([0.0, 4.0]))
    attempt(f, torch.tensor([1, 2]), 3)
    attempt(f, torch.tensor([0.5], dtype=torch.float16), 3)
    attempt(f, 2, 3)
    attempt(f, torch.ones(2), torch.ones(3))
""",
    "elementary": """
a, b = torch.tensor([[0.5, -1.0, 0.0], [2.0, 0.0, -3.0]]), torch.tensor([0.5, 3.0, 2.0])
print(torch.heaviside(a, b), torch.nextafter(a, b) - a, torch.ldexp(a, b), torch.frexp(a), torch.special.xlog1py(a, b))
print(torch.special.xlog1py(2, b), torch.special.xlog1py(a, 1), torch.logit(b / 4), torch.logit(b / 4, 0.3), b.logit(eps=0.2))
print(torch.gcd(torch.tensor([12, -8]), torch.tensor([18])), torch.lcm(torch.tensor([4, 0]), torch.tensor([6])))
attempt(torch.heaviside, a, b.double())
attempt(torch.heaviside, a, 1.0)
attempt(torch.nextafter, torch.tensor([1]), torch.tensor([2]))
attempt(torch.gcd, a, b)
attempt(torch.gcd, torch.tensor([1]), 2)
attempt(torch.frexp, torch.tensor([1]))
attempt(torch.special.xlog1py, [1.0], b)
attempt(torch.logit, a, "a")
print(torch.angle(a), torch.conj(a) is a, torch.real(a) is a, torch.is_conj(a), torch.is_neg(a), torch.is_signed(a), a.real is a)
attempt(torch.imag, a)
attempt(torch.view_as_real, a)
x = torch.tensor([0.5, 0.25])
for name in "sin_ exp_ sqrt_ neg_ erf_ logit_ sinc_ i0_".split():
    print(name, getattr(torch, name)(x.clone()))
print(torch.clamp_(x.clone(), max=0.3), torch.gcd_(torch.tensor([4]), torch.tensor([6])), torch.ldexp_(x.clone(), torch.tensor([2])))
attempt(torch.exp_, [1.0])
attempt(torch.exp_, x, x)
attempt(torch.exp_, torch.tensor([1]))
""",
    "windows and memory": """
for name in "hann_window hamming_window blackman_window bartlett_window kaiser_window".split():
    f = getattr(torch, name)
    for length in (0, 1, 2, 5, 8):
        print(name, f(length, dtype=torch.float64) + 1, f(length, False) + 1)
    attempt(f, -1)
    attempt(f, 2.5)
    attempt(f, 4, dtype=torch.int64)
print(torch.hamming_window(5, True, 0.5, 0.4), torch.kaiser_window(5, False, beta=3.0))
print(torch.range(1, 4), torch.range(0, 1, 0.25), torch.range(4, 1, -1.5), torch.range(0, 3, dtype=torch.int64))
attempt(torch.range, 4, 1)
attempt(torch.range, 1, 4, 0)
print(torch.empty_strided((2, 3), (1, 2)).stride(), torch.empty_permuted((2, 3, 4), (1, 2, 0)).stride())
attempt(torch.empty_strided, (2, 3), (1,))
attempt(torch.empty_strided, (2, 3), (-1, 1))
attempt(torch.empty_permuted, (2, 3), (0, 0))
attempt(torch.empty_permuted, (2, 3), (0,))
print(torch.frombuffer(bytearray(b"\\1\\2\\3\\4"), dtype=torch.uint8), torch.frombuffer(bytearray(16), dtype=torch.float32, count=2, offset=4))
for arguments in (dict(count=0), dict(count=9), dict(offset=16), dict(offset=-1), dict(offset=3)):
    attempt(torch.frombuffer, bytearray(16), dtype=torch.float32, **arguments)
attempt(torch.frombuffer, [1], dtype=torch.float32)
""",
    "counts": """
torch.manual_seed(0)
rates = torch.tensor([0.0, 0.5, 3.0, 12.0, 100.0, 5000.0])
print(torch.poisson(rates.repeat(3)), torch.poisson(rates.double()), torch.rand(2))
print(torch.binomial(torch.tensor([5.0, 50.0, 500.0, 0.0]), torch.tensor([0.3, 0.9, 0.4, 0.5])), torch.rand(2))
attempt(torch.poisson, torch.tensor([-1.0]))
attempt(torch.poisson, torch.tensor([1]))
attempt(torch.binomial, torch.tensor([1]), torch.tensor([0.5]))
attempt(torch.binomial, torch.tensor([1.0]), torch.tensor([0.5], dtype=torch.float64))
attempt(torch.binomial, torch.ones(2), torch.ones(3))
""",
}
