"""Programs of linear algebra; what each prints is in linalg_transcripts.json."""

START = """
import warnings
warnings.simplefilter("ignore")
L = torch.linalg
A = torch.tensor([[4.0, 1.0, -2.0], [0.5, 3.0, 1.0], [1.0, -1.5, 5.0]], dtype=torch.float64)
S = A @ A.mT + torch.eye(3, dtype=torch.float64)
B = torch.tensor([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]], dtype=torch.float64)
R = A[:, :2]
def show(*results):
    for each in results:
        for one in each if isinstance(each, (tuple, list)) else [each]:
            print(one.shape, one.dtype, one.is_contiguous(), ((one * 1000).round() / 1000 + 0).tolist())
def slope(function, *inputs):
    inputs = [each.clone().requires_grad_() for each in inputs]
    result = function(*inputs)
    print(type(result.grad_fn).__name__)
    gradients = torch.autograd.grad((result * result).sum(), inputs, create_graph=True)
    show(*[each.detach().contiguous() for each in gradients])
    second = torch.autograd.grad(sum((each * each).sum() for each in gradients), inputs)
    show(*[each.contiguous() for each in second])
"""

PROGRAMS = {
    name: START + program
    for name, program in {
        "inverses and determinants": """
show(L.inv(A), torch.inverse(A), A.inverse(), L.inv_ex(A), L.det(A), A.det(), L.slogdet(A), A.slogdet(), S.logdet())
show(L.inv(torch.stack([A, S])), L.det(torch.stack([A, S])) / 7, L.inv(A.float()), L.inv(torch.ones(0, 3, 3)), L.det(torch.ones(0, 0)))
show(L.det(torch.zeros(2, 2)), torch.logdet(-torch.eye(1)), L.inv_ex(torch.stack([A, A * 0])).info)
print(L.slogdet(A), type(L.inv_ex(A)).__name__)
for f in (L.inv, L.det, lambda x: L.slogdet(x)[1], torch.logdet):
    slope(f, S / 10)
for x in (torch.zeros(2, 2), torch.ones(2, 3), torch.ones(3), torch.eye(2).long(), torch.eye(2).half(), torch.stack([torch.eye(2), torch.zeros(2, 2)])):
    for f in (L.inv, L.det, L.slogdet, torch.inverse, torch.logdet):
        attempt(f, x)
""",
        "solutions": """
show(L.solve(A, B), L.solve(A, B.mT, left=False), L.solve(A, B[:, 0]), L.solve_ex(A, B), L.solve(torch.stack([A, S]), B), L.solve(torch.stack([A, S]), torch.ones(2, 3).double()))
show(L.solve_triangular(A, B, upper=True), L.solve_triangular(A, B, upper=False), L.solve_triangular(A, B.mT, upper=True, left=False), L.solve_triangular(A, B, upper=False, unitriangular=True))
show(torch.triangular_solve(B, A), torch.triangular_solve(B, A, upper=False, transpose=True, unitriangular=True))
show(L.tensorsolve(A.reshape(3, 1, 3), B[:, :1]), L.tensorinv(S.reshape(3, 1, 3), ind=1))
slope(L.solve, A, B)
slope(lambda a, b: L.solve(a, b, left=False), A, B.mT)
slope(lambda a, b: L.solve_triangular(a, b, upper=True), A, B)
slope(lambda b, a: torch.triangular_solve(b, a)[0], B, A)
for a, b in ((A * 0, B), (A, B.float()), (A, B[:2]), (R, B), (A.long(), B.long()), (A, torch.tensor(1.0).double()), (torch.stack([A, A]), torch.stack([B, B, B]))):
    attempt(L.solve, a, b)
    attempt(L.solve_triangular, a, b, upper=True) if a.dtype == b.dtype else None
attempt(L.tensorinv, R)
attempt(L.tensorsolve, A, R)
""",
        "Cholesky": """
show(L.cholesky(S), L.cholesky(S, upper=True), L.cholesky_ex(S), torch.cholesky(S), S.cholesky(upper=True), L.cholesky_ex(-S).info, L.cholesky(torch.stack([S, S + 1])))
C = L.cholesky(S)
show(torch.cholesky_solve(B, C), torch.cholesky_solve(B, C.mT, upper=True), torch.cholesky_inverse(C), C.mT.cholesky_inverse(upper=True))
slope(L.cholesky, S)
slope(lambda x: L.cholesky(x, upper=True), S)
slope(torch.cholesky_solve, B, C)
slope(torch.cholesky_inverse, C)
for x in (-S, torch.stack([S, -S]), R, torch.ones(3), S.long(), S.half()):
    for f in (L.cholesky, torch.cholesky, torch.cholesky_inverse):
        if not (f is torch.cholesky_inverse and x.ndim > 1):
            attempt(f, x)
attempt(torch.cholesky_inverse, S * 0)
attempt(torch.cholesky_solve, B[:2], C)
""",
        "LU": """
P, LL, U = L.lu(A[[1, 2, 0]])
show(P, LL, U, *L.lu(R), *L.lu(R.mT), L.lu_factor(A[[1, 2, 0]]), L.lu_factor_ex(A * 0), torch.lu(A, get_infos=True))
LU, pivots = L.lu_factor(A[[1, 2, 0]])
for left in (True, False):
    for adjoint in (True, False):
        show(L.lu_solve(LU, pivots, B if left else B.mT, left=left, adjoint=adjoint))
        slope(lambda lu, b: L.lu_solve(lu, pivots, b, left=left, adjoint=adjoint), LU, B if left else B.mT)
show(torch.lu_unpack(LU, pivots), torch.lu_solve(B, LU, pivots))
for x in (A, R, R.mT):
    slope(lambda x: L.lu_factor(x)[0], x)
    slope(lambda x: L.lu(x)[1] * 2, x)
    slope(lambda x: L.lu(x)[2], x)
slope(lambda x: torch.lu_unpack(x, pivots)[1], A)
for x in (A * 0, A.long(), torch.ones(3)):
    for f in (L.lu_factor, L.lu):
        attempt(f, x) if x.any() or f is L.lu_factor else None
attempt(L.lu, A, pivot=False)
attempt(L.lu_solve, LU, pivots.long(), B)
attempt(L.lu_solve, LU, pivots, B[:2])
""",
        "eigenvalues, singular values and QR": """
show(L.eigvalsh(S), L.eigvalsh(A, UPLO="U"), L.eigh(S)[0], L.eigh(S)[1].abs(), L.svdvals(A), L.svdvals(R.mT), L.svd(R)[1], L.svd(R)[0].abs(), L.svd(R, full_matrices=False)[0].abs(), L.svd(R)[2].abs(), torch.svd(R)[2].abs(), torch.svd(R, compute_uv=False))
show(*L.qr(A), *L.qr(R), *L.qr(R.mT), *L.qr(R, "complete"), *L.qr(A, mode="r"), *torch.qr(R, some=False))
print([[tuple(x.shape) for x in f(torch.ones(*s))] for f in (L.svd, L.qr) for s in ((0, 3), (3, 0), (0, 0), (2, 0, 3))])
slope(L.eigvalsh, S)
slope(L.svdvals, A)
slope(lambda x: L.eigh(x)[1].abs(), S)
slope(lambda x: L.svd(x, full_matrices=False)[0].abs(), A)
slope(lambda x: L.qr(x)[0], R)
slope(lambda x: L.qr(x)[1], R.mT)
for f in (lambda x: L.qr(x, "r")[1], lambda x: L.qr(x, "complete")[0]):
    attempt(lambda: f(R.clone().requires_grad_()).sum().backward())
for x in (R, torch.ones(3), A.long(), A.half(), torch.full((2, 2), torch.nan)):
    for f in (L.eigh, L.eigvalsh, L.svdvals, L.qr):
        attempt(f, x) if x.ndim < 2 or x.dtype != torch.float64 and not (x.isnan().any() and f not in (L.svdvals,)) else None
attempt(L.eigh, S, "X")
attempt(L.qr, A, "x")
attempt(L.svd, A, driver="gesvd")
""",
        "pseudoinverses, ranks and least squares": """
show(L.pinv(R), L.pinv(R.mT), torch.pinverse(A), L.pinv(A, rtol=0.5), L.pinv(A, atol=3.0), L.pinv(S, hermitian=True), L.pinv(torch.ones(0, 3)), L.pinv(torch.stack([A, S]), rtol=torch.tensor([0.5, 1e-9])))
show(L.matrix_rank(A), L.matrix_rank(A, 3.0), L.matrix_rank(S, hermitian=True), L.matrix_rank(torch.ones(2, 3, 3)), L.matrix_rank(A, atol=1.0, rtol=0.9))
for driver in (None, "gels", "gelsd"):
    show(*L.lstsq(R, B, driver=driver), *L.lstsq(A, B[:, 0], driver=driver))
slope(L.pinv, R)
slope(L.pinv, R.mT)
slope(lambda a, b: L.lstsq(a, b)[0], R, B)
for a, b in ((R, B[:2]), (A.long(), B.long()), (A, B.float()), (torch.ones(3), torch.ones(3))):
    attempt(L.lstsq, a, b)
attempt(L.lstsq, R, B, driver="x")
attempt(L.pinv, torch.ones(3))
attempt(L.pinv, A.long())
attempt(L.matrix_rank, torch.ones(3))
""",
        "norms": """
for p in ("fro", "nuc", 1, -1, 2, -2, torch.inf, -torch.inf):
    show(L.matrix_norm(R, p), L.matrix_norm(torch.stack([A, S]), p, dim=(0, 2), keepdim=True), L.norm(R, p), L.norm(R, p, dim=(1, 0)), torch.norm(R, p), L.cond(A, p))
    slope(lambda x: L.matrix_norm(x, p), A)
for p in (0, 0.5, 1, 3, torch.inf, -1):
    show(L.norm(R, p, dim=0), L.vector_norm(R, p), torch.norm(R, p, dim=1, keepdim=True), R.norm(p))
show(L.norm(R), L.cond(R), L.norm(R.float(), dtype=torch.float64), torch.nuclear_norm(R), torch.frobenius_norm(R, dim=0), L.cond(torch.zeros(2, 2), 1), L.norm(torch.ones(0)))
for call in (
    lambda: L.matrix_norm(A, 3), lambda: L.matrix_norm(A, "x"), lambda: L.matrix_norm(A, dim=(0, 0)), lambda: L.matrix_norm(A[0]),
    lambda: L.matrix_norm(A.long()), lambda: L.matrix_norm(A, dim=(0,)), lambda: L.norm(torch.ones(2, 2, 2), 1), lambda: L.norm(A, dim=(0, 1, 2)),
    lambda: L.cond(R, 1), lambda: L.cond(A, 3), lambda: L.cond(A[0]), lambda: L.norm(torch.ones(0), torch.inf), lambda: L.norm(A, dtype=torch.float32),
    lambda: torch.norm(A, "x"), lambda: torch.norm(torch.ones(2, 2, 2), "nuc"), lambda: torch.norm(A.long()), lambda: L.vector_norm(A, "fro"),
):
    attempt(call)
""",
        "powers, exponentials and chains": """
for n in (0, 1, 2, 3, 5, -1, -2):
    show(L.matrix_power(A / 2, n), torch.matrix_power(A, n))
    slope(lambda x: L.matrix_power(x, n) * x, A / 2)
show(L.matrix_exp(A), torch.matrix_exp(-A), (torch.stack([A, S]) / 9).matrix_exp(), L.matrix_exp(torch.ones(0, 2, 2)), torch.matrix_power(torch.tensor([[1, 1], [1, 0]]), 9))
slope(L.matrix_exp, A / 3)
show(L.multi_dot([A, R, R.mT]), L.multi_dot([A[0], R, B[:2]]), L.multi_dot([A[0], S, A[1]]), torch.chain_matmul(A, R))
slope(lambda a, b, c: L.multi_dot([a, b, c]), A, R, R.mT)
show(L.householder_product(A, B[:, 0]), L.householder_product(R, B[0]))
slope(L.householder_product, R, B[0])
for call in (
    lambda: L.matrix_power(R, 2), lambda: L.matrix_power(A, 2.0), lambda: L.matrix_power(A * 0, -1), lambda: L.matrix_exp(R), lambda: L.matrix_exp(A.long()),
    lambda: L.multi_dot([A]), lambda: L.multi_dot([A, B.float()]), lambda: L.multi_dot([A, A[:2]]), lambda: L.multi_dot([A, A[0], A]), lambda: L.multi_dot(A),
    lambda: L.householder_product(R.mT, B[0]), lambda: L.householder_product(A, B[0].float()), lambda: torch.chain_matmul(A, A[0]),
):
    attempt(call)
""",
        "products": """
a, b = A[0], A[1]
show(torch.vdot(a, b), torch.inner(A, R.mT), torch.inner(a, b), torch.inner(A, torch.tensor(2.0)), torch.ger(a, B[:, 0]), torch.kron(R, B[:2]), torch.kron(a, R), torch.kron(torch.tensor([1, 2]), torch.tensor([3, 4])))
show(L.cross(A, S), torch.cross(A, S, dim=0), L.cross(a[None], S), L.vecdot(A, S), L.vecdot(A, S, dim=0), L.vecdot(a, b), L.diagonal(A, offset=1), L.vander(a), L.vander(a, N=5), torch.vander(a), torch.vander(a, 2, increasing=True), torch.vander(torch.tensor([1, 2, 3])))
show(torch.addmv(B[:, 0], A, a), torch.addmv(B[:, 0], A, a, beta=0, alpha=2), torch.addr(A, a, b, beta=0.5), torch.addr(a.long(), a.long(), b.long()), torch.addbmm(A, A[None], S[None], alpha=-1), A.clone().addmv_(A, a) if False else a.clone().addmv_(A, b), A.clone().addr_(a, b), A.clone().addbmm_(A[None], S[None]))
for f in (torch.vdot, torch.ger, torch.inner, L.cross, torch.kron):
    slope(f, a, b)
slope(torch.kron, R, B[:2])
slope(torch.addmv, B[:, 0], A, a)
slope(torch.addr, A, a, b)
slope(torch.addbmm, A, A[None], S[None])
slope(L.vander, a)
for call in (
    lambda: torch.vdot(A, a), lambda: torch.vdot(a, a[:2]), lambda: torch.inner(A, B), lambda: torch.inner(A, B.float()), lambda: torch.ger(A, a), lambda: L.cross(R, R), lambda: L.cross(A, a),
    lambda: torch.cross(A, A, dim=5), lambda: L.vecdot(A.long(), A.long()), lambda: L.vecdot(A, A.float()), lambda: torch.addmv(a, A, B), lambda: torch.addmv(a[:2], A, b), lambda: torch.addmv(a.float(), A, b),
    lambda: torch.addr(A, A, a), lambda: torch.addr(R, a, b), lambda: torch.addbmm(A, A, A), lambda: torch.addbmm(A, A[None], torch.stack([A, A])), lambda: L.vander(a, N=1), lambda: torch.vander(A), lambda: torch.vander(a, -1),
):
    attempt(call)
""",
        "distances": """
for p in (0, 0.5, 1, 2, 3, torch.inf):
    show(torch.cdist(A, B.mT.repeat(2, 2)[:, :3], p=p), torch.pdist(A, p), torch.dist(A, S, p), A.dist(S[0], p), torch.cdist(A, A, p))
    if p >= 1:
        slope(lambda x, y: torch.dist(x, y, p), A, S)
show(torch.cdist(torch.stack([A, S]), A), torch.cdist(A, A + 1, compute_mode="use_mm_for_euclid_dist"), F.pdist(B), torch.cdist(torch.ones(2, 0), torch.ones(3, 0)), torch.pdist(torch.ones(1, 3)))
x = A.clone().requires_grad_()
for d in (torch.cdist(x, x + 1), torch.cdist(x, S, 1.0), torch.cdist(x, S, 3.0), torch.pdist(x), torch.pdist(x, 1), torch.cdist(x, S, torch.inf)):
    print(type(d.grad_fn).__name__)
    show(torch.autograd.grad((d * d).sum(), x)[0])
for p, dim, longest in ((2, 0, 1), (1, 1, 2.5), (torch.inf, -1, 100)):
    show(torch.renorm(A, p, dim, longest), A.clone().renorm_(p, dim, longest))
slope(lambda x: torch.renorm(x, 2, 0, 1.0), A)
for call in (
    lambda: torch.cdist(A, R), lambda: torch.cdist(A[0], A), lambda: torch.cdist(A.long(), A.long()), lambda: torch.cdist(A, A.float()), lambda: torch.cdist(A, A, -1.0), lambda: torch.cdist(A, A, compute_mode="x"),
    lambda: torch.pdist(A[0]), lambda: torch.pdist(A.long()), lambda: torch.pdist(A, -1), lambda: torch.dist(A, R), lambda: torch.dist(A.long(), A.long()), lambda: torch.renorm(A[0], 2, 0, 1), lambda: torch.renorm(A, -1, 0, 1), lambda: torch.renorm(A, 2, 5, 1),
):
    attempt(call)
""",
    }.items()
}
