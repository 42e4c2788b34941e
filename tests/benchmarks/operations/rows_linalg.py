"""Linear algebra: solutions, decompositions, norms, products, distances. Sizes are the rows of a matrix."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SQUARE = "x = torch.randn(n, n) + n * torch.eye(n); leaves = [x]"
_TWO = "x = torch.randn(n, n) + n * torch.eye(n); y = torch.randn(n, n); leaves = [x, y]"
_DEFINITE = "x = torch.randn(n, n); x = x @ x.mT + torch.eye(n); leaves = [x]"
_BATCH = "x = torch.randn(n, 4, 4) + 4 * torch.eye(4); leaves = [x]"
_POINTS = "x = torch.randn(n, 8); y = torch.randn(n, 8); leaves = [x, y]"
_ONE = "x = torch.randn(n, 8); leaves = [x]"
_SIZES = (4, 32, 256)

ROWS: list[Row] = [
    *forward_and_backward("inv", _SQUARE, "torch.linalg.inv(x)", _SIZES),
    *forward_and_backward("inv of a batch", _BATCH, "torch.linalg.inv(x)", (2, 100, 10_000)),
    *forward_and_backward("det", _SQUARE, "torch.linalg.det(x / n)", _SIZES),
    *forward_and_backward("slogdet", _SQUARE, "torch.linalg.slogdet(x)[1]", _SIZES),
    *forward_and_backward("solve", _TWO, "torch.linalg.solve(x, y)", _SIZES),
    *forward_and_backward("solve_triangular", _TWO, "torch.linalg.solve_triangular(x, y, upper=True)", _SIZES),
    *forward_and_backward("cholesky", _DEFINITE, "torch.linalg.cholesky(x)", _SIZES),
    *forward_and_backward("eigh", _DEFINITE, "torch.linalg.eigh(x)[0]", _SIZES),
    *forward_and_backward("svd", _SQUARE, "torch.linalg.svd(x)[1]", _SIZES),
    *forward_and_backward("qr", _SQUARE, "torch.linalg.qr(x)[1]", _SIZES),
    *forward_and_backward("pinv", _SQUARE, "torch.linalg.pinv(x)", _SIZES),
    Row("lu_factor", _SQUARE, "torch.linalg.lu_factor(x)", _SIZES),
    Row("lstsq", _TWO, "torch.linalg.lstsq(x, y)", _SIZES),
    *forward_and_backward("matrix_exp", _SQUARE, "torch.matrix_exp(x / n)", _SIZES),
    *forward_and_backward("matrix_norm", _SQUARE, "torch.linalg.matrix_norm(x)", _SIZES),
    *forward_and_backward("multi_dot", _TWO, "torch.linalg.multi_dot([x, y, x])", _SIZES),
    *forward_and_backward("addmv", "v = torch.randn(n); " + _SQUARE, "torch.addmv(v, x, v)", _SIZES),
    *forward_and_backward("kron", _TWO, "torch.kron(x, y)", (2, 8, 32)),
    *forward_and_backward(
        "cross", "x = torch.randn(n, 3); y = torch.randn(n, 3); leaves = [x, y]", "torch.linalg.cross(x, y)",
        (5, 1_000, 100_000),
    ),
    *forward_and_backward("cdist", _POINTS, "torch.cdist(x, y)", (4, 100, 1_000)),
    *forward_and_backward("pdist", _ONE, "torch.pdist(x)", (4, 50, 300)),
    *forward_and_backward("renorm", _ONE, "torch.renorm(x, 2, 0, 1.0)", (4, 1_000, 100_000)),
]  # fmt: skip
