"""Programs of single calls that PyTorch's own samples of its operators make; what each prints is in samples_transcripts.json."""

# The sign of a zero, and what rounding leaves of one, is not compared.
_SHOW = """
def show(*tensors):
    print(*[(each.detach() * 1e4).round() / 1e4 + 0 for each in tensors])
"""

PROGRAMS = {
    "transforms over several dimensions": _SHOW
    + """
x = torch.tensor([[1.0, 2.0, -1.0, 0.5, 3.0], [0.0, 1.0, 4.0, -2.0, 1.5]])
for name in ("ihfft2", "ihfftn"):
    z = getattr(torch.fft, name)(x, norm="ortho")
    print(name, z.shape)
    show(z.real.clone(), z.imag.clone() + 0)
for name in ("hfft2", "hfftn", "irfft2", "irfftn"):
    show(getattr(torch.fft, name)(x), getattr(torch.fft, name)(x, (2, 3)), getattr(torch.fft, name)(x, dim=(1, 0), norm="forward"))
show(torch.fft.fftn(x, dim=-1).real, torch.fft.fft2(x, s=3, dim=0).real, torch.fft.rfftn(x, s=(4, -1)).real, torch.fft.irfftn(x, dim=1))
w = torch.arange(6.0, dtype=torch.float64).reshape(2, 3).requires_grad_()
print(torch.autograd.grad(torch.fft.hfft2(w).square().sum(), w))
""",
    "transforms refuse": """
x, scalar = torch.ones(2, 3), torch.tensor(1.0)
for name in ("fft", "irfft", "hfft", "fftn", "rfft2", "irfftn", "hfftn", "ihfft2"):
    transform = getattr(torch.fft, name)
    refused(transform, 3.0)
    refused(transform, scalar)
    refused(transform, x.half())
    refused(transform, x, dim=5)
    refused(transform, x, norm="other")
    refused(transform, x, norm=3)
    refused(transform, x, 0)
for name in ("fftn", "rfftn", "irfftn", "hfftn", "ihfftn"):
    transform = getattr(torch.fft, name)
    attempt(transform, x, (1, 2, 3))
    attempt(transform, x, (2,), (0, 1))
    attempt(transform, x, dim=(0, 0))
    attempt(transform, x, (-2, 1))
    refused(transform, x, "a")
for name in ("rfftn", "irfft2", "hfftn", "ihfft2"):
    refused(getattr(torch.fft, name), x, dim=())
refused(torch.fft.fft2, x, None, None)
refused(torch.fft.fftshift, scalar)
refused(torch.fft.fftshift, scalar, 0)
refused(torch.fft.ifftshift, x, ())
""",
    "frequencies": """
print(torch.fft.fftfreq(0), torch.fft.fftfreq(1), torch.fft.fftfreq(5, 2), torch.fft.rfftfreq(5, d=0.5), torch.fft.rfftfreq(-1))
print(torch.fft.fftfreq(4, dtype=torch.float16), torch.fft.fftfreq(3, out=torch.empty(3)), torch.fft.rfftfreq(2, device="cpu"))
for name in ("fftfreq", "rfftfreq"):
    refused(getattr(torch.fft, name), -3)
    refused(getattr(torch.fft, name), 2.5)
    refused(getattr(torch.fft, name), 3, dtype=torch.int64)
print(torch.fft.fftfreq(3, 0))
""",
    "symmetric windows": _SHOW
    + """
windows = torch.signal.windows
for name in ("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser", "nuttall"):
    window = getattr(windows, name)
    print(name)
    show(window(0), window(1), window(1, sym=False), window(2), window(5), window(6, sym=False), window(3, dtype=torch.float64))
    print(window(4, requires_grad=True).requires_grad)
    attempt(window, -1)
    attempt(window, 3, dtype=torch.int64)
    attempt(window, 3, dtype=torch.float16)
show(windows.general_cosine(5, a=[0.5, 0.3, 0.2]), windows.general_hamming(4, alpha=0.6, sym=False), windows.kaiser(4, beta=0))
show(windows.exponential(4, center=1, tau=2, sym=False), windows.gaussian(4, std=0.5))
attempt(windows.exponential, 4, center=1)
attempt(windows.exponential, 4, tau=0)
attempt(windows.gaussian, 4, std=-1)
attempt(windows.kaiser, 4, beta=-1)
attempt(windows.general_cosine, 4, a=[])
attempt(windows.general_cosine, 4, a=0.5)
""",
    "ldl": _SHOW
    + """
A = torch.tensor([[0.0, 2.0, 1.0, 4.0], [2.0, 1.0, -3.0, 0.5], [1.0, -3.0, 2.0, 1.0], [4.0, 0.5, 1.0, -1.0]], dtype=torch.float64)
B = torch.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
LD, pivots = torch.linalg.ldl_factor(A)
show(LD)
print(pivots, torch.linalg.ldl_factor_ex(torch.zeros(2, 2)), LD.stride())
show(torch.linalg.ldl_solve(LD, pivots, B), A @ torch.linalg.ldl_solve(LD, pivots, B))
both = torch.stack([A, torch.eye(4, dtype=torch.float64)])
show(*torch.linalg.ldl_factor_ex(both)[:1])
show(torch.linalg.ldl_solve(*torch.linalg.ldl_factor(both), B.expand(2, 4, 2)))
print(torch.linalg.ldl_factor(A.clone().requires_grad_()).LD.requires_grad)
attempt(torch.linalg.ldl_factor, torch.ones(3))
attempt(torch.linalg.ldl_factor, torch.ones(2, 3))
attempt(torch.linalg.ldl_factor, torch.ones(2, 2, dtype=torch.int64))
attempt(torch.linalg.ldl_factor, torch.ones(2, 2).half())
attempt(torch.linalg.ldl_factor_ex, 3.0)
attempt(torch.linalg.ldl_solve, LD, pivots, B[0])
attempt(torch.linalg.ldl_solve, LD, pivots, B[:3])
attempt(torch.linalg.ldl_solve, LD, pivots[:2], B)
attempt(torch.linalg.ldl_solve, LD, pivots.double(), B)
attempt(torch.linalg.ldl_solve, LD, pivots, B.float())
attempt(torch.linalg.ldl_solve, LD, 3, B)
attempt(lambda: torch.autograd.grad(torch.linalg.ldl_solve(LD, pivots, B.clone().requires_grad_()).sum(), B))
""",
    "products with reflections": _SHOW
    + """
A = torch.tensor([[1.0, 2.0], [0.5, 1.0], [-1.0, 2.0]], dtype=torch.float64, requires_grad=True)
tau = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
C = torch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0], [-1.0, 2.0, 1.0]], dtype=torch.float64, requires_grad=True)
for left in (True, False):
    for transpose in (True, False):
        product = torch.ormqr(A, tau, C, left, transpose)
        show(product, *torch.autograd.grad(product.pow(3).sum(), (A, tau, C)))
show(A.detach().ormqr(tau.detach(), C.detach(), left=False))
attempt(torch.ormqr, A[0], tau, C)
attempt(torch.ormqr, A, tau[:1], C)
attempt(torch.ormqr, A, tau, C[:2])
attempt(torch.ormqr, A, tau.float(), C)
attempt(torch.ormqr, A, tau, C.float())
attempt(torch.ormqr, A, tau.reshape(1, 2), C)
attempt(torch.ormqr, A, tau, C.expand(2, 3, 3))
attempt(torch.ormqr, A.half(), tau.half(), C.half())
attempt(torch.ormqr, A, tau, 3)
attempt(torch.ormqr, A, tau, C, 1)
""",
    "extremes of whole numbers and a tensor": """
for dtype in (torch.int64, torch.bool, torch.uint8):
    x, bound = torch.tensor([0, 1, 1]).to(dtype), torch.tensor(1).to(dtype)
    print(torch.max(x, bound), torch.min(x, bound), x.max(bound), torch.min(bound, bound))
print(torch.max(torch.tensor([1, 5]), torch.tensor(3)))
""",
    "types of results": """
for dtype in (torch.uint8, torch.int8, torch.int32, torch.float16):
    print(torch.trace(torch.ones(2, 2, dtype=dtype)), torch.trace(torch.ones(0, 2, dtype=dtype)).dtype)
    print(torch.all(torch.ones(2, dtype=dtype), dim=()), torch.any(torch.tensor(3).to(dtype), dim=()))
observed = torch.tensor([[1.0, 2.0, 4.0], [0.0, 1.0, -1.0]])
weights = torch.tensor([1.0, 2.0, 1.0])
for dtype in (torch.float16, torch.float32, torch.float64, torch.int64):
    print([torch.cov(observed.to(dtype), aweights=weights.to(each)).dtype for each in (torch.float16, torch.float32, torch.float64)])
half, single = torch.ones(1, 2, 3).half(), torch.ones(2)
print([each.dtype for each in torch.native_group_norm(half, single, single, 1, 2, 3, 1, 1e-5)])
print([each.dtype for each in torch.native_group_norm(half, single.half(), single.half(), 1, 2, 3, 1, 1e-5)])
print([each.dtype for each in torch.native_layer_norm(half, (3,), None, None, 1e-5)])
print([each.dtype for each in torch.native_layer_norm(half, (3,), torch.ones(3), torch.ones(3), 1e-5)])
""",
    "gradients of what comes along": _SHOW
    + """
x = torch.arange(16.0).reshape(1, 4, 4).requires_grad_()
out, mean, rate = torch.native_group_norm(x, None, None, 1, 4, 4, 2, 1e-5)
show(*torch.autograd.grad(mean.sum() * 2 + (rate**2).sum() * 3 + (out**3).sum(), x))
a = torch.tensor([1.0, 1.0, 0.0, float("inf"), float("nan")], requires_grad=True)
b = torch.tensor([2.0, 1.0, 0.0, 1.0, 1.0], requires_grad=True)
print(torch.autograd.grad(torch.nextafter(a, b), (a, b), torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])))
empty = torch.zeros(2, 0, 0, requires_grad=True)
print(torch.cholesky(empty).requires_grad)
""",
    "normal numbers": """
one = torch.ones(3)
mean, std = torch.ones(2, 3, requires_grad=True), torch.ones(3, requires_grad=True)
for drawn in (torch.normal(2.5, std), torch.normal(mean, 2.0), torch.normal(mean, std), torch.normal(mean.detach(), std)):
    print(type(drawn.grad_fn).__name__, drawn.shape)
print(torch.autograd.grad(torch.normal(mean, std).sum(), (mean, std)))
refused(torch.normal, one, 0, 5)
refused(torch.normal, one, 1, (3,))
refused(torch.normal, 1.0, 2.0)
refused(torch.normal, 1.0, 2.0, 3)
refused(torch.normal, "a", 1.0, (2,))
refused(torch.normal, one, None)
""",
    "refusals": """
one = torch.ones(3)
refused(torch.clamp_min, 2, one)
refused(torch.clamp_max, None, one)
refused(torch.clamp_max, one, None)
attempt(torch.clamp_min, one.bool(), True)
attempt(torch.linalg.pinv, torch.eye(2), rtol=torch.tensor(1.0, requires_grad=True))
""",
    "memory of results": """
def line():
    return torch.arange(8.0)

for name, call in {
    "exp": lambda b: torch.exp(b[:4], out=b[1:5]),
    "exp in place": lambda b: torch.exp(b[:2], out=b[:2]),
    "add": lambda b: torch.add(b[:4], b[1:5], out=b[2:6]),
    "clamp": lambda b: torch.clamp(b[:4], 1, 2, out=b[1:5]),
    "cumsum": lambda b: torch.cumsum(b[:4], 0, out=b[1:5]),
    "cat": lambda b: torch.cat([b[:2], b[2:4]], out=b[:4]),
    "cat apart": lambda b: torch.cat([b[:2], b[2:4]], out=b[4:]),
    "gather": lambda b: torch.gather(b, 0, torch.tensor([0, 1]), out=b[:2]),
    "take": lambda b: torch.take(b, torch.tensor([0, 1]), out=b[:2]),
    "index_select": lambda b: torch.index_select(b, 0, torch.tensor([0, 1]), out=b[:2]),
    "masked_select": lambda b: torch.masked_select(b, b > 2, out=b),
    "sum": lambda b: torch.sum(b.reshape(4, 2), 1, out=torch.empty(4)),
}.items():
    print(name, end=" ")
    attempt(call, line())
""",
    "sampling of bytes and halves": """
image = (torch.arange(2 * 3 * 5 * 4) * 37 % 256).reshape(2, 3, 5, 4)
for size in ((3, 3), (7, 9), (2, 8)):
    print(torch.nn.functional.interpolate(image.byte(), size=size, mode="bicubic", align_corners=False))
half = (image.float() / 256 - 0.4).half()
grid = ((torch.arange(2 * 2 * 3 * 2) * 7 % 13) / 6 - 1).reshape(2, 2, 3, 2).half()
for mode in ("bilinear", "bicubic", "nearest"):
    print(torch.nn.functional.grid_sample(half, grid, mode=mode, align_corners=False))
""",
    "results of namespaces written into tensors": """
S = torch.tensor([[4.0, 1.0], [1.0, 3.0]])
for name in ("det", "inv", "cholesky", "svdvals", "norm", "matrix_norm", "vector_norm", "cond", "pinv", "matrix_rank"):
    function = getattr(torch.linalg, name)
    found = function(S)
    out = torch.empty_like(found)
    print(name, function(S, out=out) is out, torch.allclose(out, found))
    attempt(lambda: function(S, out=torch.empty(found.shape, dtype=torch.int64)))
    refused(function, S, out=3)
for name in ("qr", "eigh", "lu_factor", "ldl_factor", "inv_ex"):
    function = getattr(torch.linalg, name)
    out = tuple([torch.empty_like(each) for each in function(S)])
    print(type(function(S, out=out)).__name__, all([torch.allclose(a, b) for a, b in zip(out, function(S))]))
    attempt(lambda: function(S, out=3))
out = torch.empty(2, 2)
print(torch.linalg.solve(S, S, out=out), torch.ormqr(S, S[0], S, out=out) is out)
x = torch.tensor([0.25, 0.5])
for name in ("erf", "i1e", "entr", "ndtri", "bessel_j0", "expit", "gammaln"):
    function = getattr(torch.special, name)
    out = torch.empty(2, dtype=torch.float64)
    print(name, function(x, out=out) is out, torch.allclose(out, function(x).double()))
    attempt(lambda: function(x, out=torch.empty(2, dtype=torch.int64)))
attempt(lambda: torch.special.i1e(x, out=torch.empty(2, requires_grad=True)))
""",
    "operators by name and equations of whole numbers": """
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
print(x.__rmatmul__(torch.ones(2, 2)), x.__rdiv__(2))
a, b = torch.arange(6).reshape(2, 3).to(torch.uint8), torch.tensor([100, 200, 250], dtype=torch.uint8)
for equation in ("ik,j->ij", "ik,j->i", "ik,k->i", "ik,j->ikj", "ik->i"):
    attempt(torch.einsum, equation, *((a,) if "," not in equation else (a, b)))
print(torch.einsum("aik,j->ij", a[None], b), torch.einsum("ij,k->k", a[:1, 1:2], b))
""",
    "powers of whole numbers": """
for dtype in (torch.int64, torch.uint8):
    print(torch.logspace(0, 1.9, 3, dtype=dtype), torch.logspace(0.9, 1.9, 1, dtype=dtype), torch.logspace(0.5, 2.9, 4, base=2.5, dtype=dtype))
""",
    "a Python function for each element": """
x = torch.arange(4.0).reshape(2, 2)
print(x.t().apply_(lambda v: v * 2 + 1), x, torch.arange(3).apply_(lambda v: v + 0.7))
print(x.map_(torch.tensor([10.0, 20.0]), lambda a, b: a + b))
attempt(torch.ones(2, requires_grad=True).apply_, abs)
attempt(x.map_, 3, max)
attempt(x.map_, torch.ones(2, 2, dtype=torch.int32), max)
print(x.is_cpu, torch.get_device(x), torch.detach(torch.ones(1, requires_grad=True)))
attempt(torch.detach, 3)
""",
    "what scripts of older days write": """
x, a, b = torch.ones(2), torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print(x.clone().add_(-0.5, a), torch.add(x, 2, a), x.sub(2, a), torch.addcmul(x, 0.5, a, b), x.clone().addcdiv_(-0.5, a, b))
refused(torch.add, x, a, b)
refused(x.clone().add_, a, 2)
attempt(torch.addcmul, x, 0.5, a)
torch.manual_seed(0)
print(torch.empty(3).normal_(0, torch.tensor(0.5)), torch.split(torch.arange(4), torch.tensor(2)))
out = torch.zeros(())
torch.norm(torch.ones(4), out=out)
print(out)
""",
    "more elements than there are": """
for r in (1, 2, 3, 4):
    for n in (0, 1, 2):
        for again in (False, True):
            print(torch.combinations(torch.arange(n), r, again).tolist(), torch.combinations(torch.arange(n), r, again).shape)
""",
    "graphs that stay": """
import warnings
x = torch.ones(2, requires_grad=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    print(torch.asarray(x * 2), torch.asarray(x) is x, torch.asarray(x, requires_grad=False), torch.asarray(x * 2, requires_grad=True))
matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64, requires_grad=True)
vectors = torch.linalg.eigh(matrix).eigenvectors
print(torch.autograd.grad((vectors**2)[0, 0], matrix)[0])
(slope,) = torch.autograd.grad((torch.linalg.eigvalsh(matrix) ** 3).sum(), matrix, create_graph=True)
print(slope.detach(), torch.autograd.grad(slope[0, 1], matrix)[0])
for f in (torch.equal, torch.Tensor.view_as, torch.Tensor.reshape_as, torch.Tensor.expand_as):
    refused(f, x.detach(), 3)
""",
}
