"""Views, joining and splitting, broadcasting."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_ONE = "x = torch.rand(n, n); leaves = [x]"
_SIZES = (4, 100, 1000)
_BOTH = "x = torch.rand(n, n); y = torch.rand(n, n); leaves = [x, y]"

ROWS: list[Row] = [
    *forward_and_backward("reshape", _ONE, "x.reshape(-1)", _SIZES),
    *forward_and_backward("transpose", _ONE, "x.transpose(0, 1)", _SIZES),
    *forward_and_backward("permute", _ONE, "x.permute(1, 0)", _SIZES),
    *forward_and_backward("unsqueeze", _ONE, "x.unsqueeze(1)", _SIZES),
    *forward_and_backward("expand", "x = torch.rand(1, n); leaves = [x]; m = n", "x.expand(m, m)", _SIZES),
    *forward_and_backward("contiguous of a transposed", _ONE, "x.t().contiguous()", _SIZES),
    *forward_and_backward("cat", _BOTH, "torch.cat([x, y], 1)", _SIZES),
    *forward_and_backward("stack", _BOTH, "torch.stack([x, y])", _SIZES),
    *forward_and_backward("repeat", _ONE, "x.repeat(2, 2)", _SIZES),
    *forward_and_backward("flip", _ONE, "x.flip(1)", _SIZES),
    *forward_and_backward("roll", _ONE, "x.roll(1, 1)", _SIZES),
    *forward_and_backward("tril", _ONE, "x.tril()", _SIZES),
    Row("chunk", _ONE, "x.chunk(2, 1)", _SIZES),
    Row("split", _ONE, "x.split(2)", _SIZES),
    Row("unbind", _ONE, "x.unbind(1)", (4, 16, 64)),
]
