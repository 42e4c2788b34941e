"""Differences, integrals, blocks, combinations, turns, column stacks, splits, copies of parts."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_ONE = "x = torch.rand(n, n); leaves = [x]"
_VECTOR = "x = torch.rand(n); leaves = [x]"
_BOTH = "x = torch.rand(n, n); y = torch.rand(n, n); leaves = [x, y]"
_SIZES = (4, 100, 1000)

ROWS: list[Row] = [
    *forward_and_backward("diff", _ONE, "torch.diff(x)", _SIZES),
    *forward_and_backward("gradient", _ONE, "torch.gradient(x, dim=1)[0]", _SIZES),
    *forward_and_backward("trapezoid", _ONE, "torch.trapezoid(x)", _SIZES),
    *forward_and_backward("cumulative_trapezoid", _ONE, "torch.cumulative_trapezoid(x)", _SIZES),
    *forward_and_backward("block_diag", _BOTH, "torch.block_diag(x, y)", _SIZES),
    *forward_and_backward("cartesian_prod", _VECTOR, "torch.cartesian_prod(x, x)", _SIZES),
    *forward_and_backward("combinations", _VECTOR, "torch.combinations(x)", (4, 100, 500)),
    *forward_and_backward("column_stack", _BOTH, "torch.column_stack((x, y))", _SIZES),
    *forward_and_backward("rot90", _ONE, "torch.rot90(x)", _SIZES),
    *forward_and_backward("narrow_copy", _ONE, "torch.narrow_copy(x, 0, 1, 2)", _SIZES),
    *forward_and_backward(
        "take_along_dim", f"{_ONE}; i = torch.randint(0, n, (n, n))", "x.take_along_dim(i, 0)", _SIZES
    ),
    Row("hsplit", _ONE, "torch.hsplit(x, 2)", _SIZES),
    Row("nonzero_static", _ONE, "torch.nonzero_static(x, size=10)", _SIZES),
    Row("linspace", "", "torch.linspace(0, 1, n)", (16, 10_000, 1_000_000)),
]
