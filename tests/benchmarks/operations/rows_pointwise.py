"""Arithmetic and what works element by element."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_ONE = "x = torch.rand(n) + 0.5; leaves = [x]"
_TWO = "x = torch.rand(n) + 0.5; y = torch.rand(n) + 0.5; leaves = [x, y]"
_SIZES = (16, 10_000, 1_000_000)

ROWS: list[Row] = [
    *[
        row
        for name in ("add", "mul", "div", "maximum", "atan2")
        for row in forward_and_backward(name, _TWO, f"torch.{name}(x, y)", _SIZES)
    ],
    *[
        row
        for name in ("exp", "log", "sqrt", "sin", "tanh", "sigmoid", "abs")
        for row in forward_and_backward(name, _ONE, f"torch.{name}(x)", _SIZES)
    ],
    *forward_and_backward("pow", _ONE, "x ** 2", _SIZES),
    *forward_and_backward("clamp", _ONE, "x.clamp(0.6, 1.2)", _SIZES),
    Row("comparison", _TWO, "x > y", _SIZES),
    Row("add_", _TWO, "x.add_(y)", _SIZES),
]
