"""Products of matrices, batches of them, vectors, and einsum."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = (4, 64, 512)
_PAIR = "a = torch.rand(n, n); b = torch.rand(n, n); leaves = [a, b]"
_BATCH = "a = torch.rand(8, n, n); b = torch.rand(8, n, n); leaves = [a, b]"
_LINEAR = "x = torch.rand(32, n); w = torch.rand(n, n); b = torch.rand(n); leaves = [x, w, b]"
_VECTORS = "a = torch.rand(n); b = torch.rand(n); leaves = [a, b]"

ROWS: list[Row] = [
    *forward_and_backward("matmul", _PAIR, "a @ b", _SIZES),
    *forward_and_backward("mm with a transposed operand", _PAIR, "torch.mm(a, b.t())", _SIZES),
    *forward_and_backward("bmm", _BATCH, "torch.bmm(a, b)", (4, 32, 128)),
    *forward_and_backward("linear", _LINEAR, "F.linear(x, w, b)", _SIZES),
    *forward_and_backward("addmm", _PAIR, "torch.addmm(a, a, b)", _SIZES),
    *forward_and_backward("dot", _VECTORS, "torch.dot(a, b)", (16, 10_000, 1_000_000)),
    *forward_and_backward("outer", _VECTORS, "torch.outer(a, b)", (4, 100, 1000)),
    *forward_and_backward("einsum, a matrix product", _PAIR, "torch.einsum('ij,jk->ik', a, b)", _SIZES),
    *forward_and_backward("einsum, batches", _BATCH, "torch.einsum('bij,bkj->bik', a, b)", (4, 32, 128)),
]
