"""Sums, means, extremes, products and norms over some dimensions or all."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_MATRIX = "x = torch.rand(n) + 0.5; leaves = [x]"
_SIZES = ((4, 4), (100, 100), (1000, 1000))

ROWS: list[Row] = [
    *[
        row
        for name in ("sum", "mean", "amax", "var", "logsumexp", "cumsum", "norm")
        for row in forward_and_backward(
            f"{name} of rows", _MATRIX, f"x.{name}({'dim=' if name == 'norm' else ''}1)", _SIZES
        )
    ],
    *[
        row
        for name in ("sum", "mean", "std", "prod")
        for row in forward_and_backward(f"{name} of all", _MATRIX, f"x.{name}()", _SIZES)
    ],
    *forward_and_backward("sum of columns", _MATRIX, "x.sum(0)", _SIZES),
    Row("max of rows, with indices", _MATRIX, "x.max(1)", _SIZES),
    Row("argmax of rows", _MATRIX, "x.argmax(1)", _SIZES),
    Row("any", _MATRIX + "; b = x > 2", "b.any()", _SIZES),
]
