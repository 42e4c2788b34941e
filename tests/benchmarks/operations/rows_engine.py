"""Views, windows on memory, writes through views, and custom functions."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_X = "x = torch.rand(n, 4) + 0.5; leaves = [x]"
_XS = "x = torch.rand(n, 4) + 0.5; s = torch.rand(n); leaves = [x, s]"
_SQUARE = "x = torch.rand(n, n); s = torch.rand(n); leaves = [x, s]"
_WRITTEN = """
def written(x):
    y = x * 1
    y[:, 0].mul_(2)
    return y
x = torch.rand(n, 4); leaves = [x]
"""
_FUNCTION = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g
x = torch.rand(n); leaves = [x]
"""
_SIZES = (4, 2_500, 250_000)

ROWS: list[Row] = [
    *forward_and_backward("as_strided", _X, "x.as_strided((n, 2), (4, 1), 1)", _SIZES),
    *forward_and_backward("select_scatter", _XS, "torch.select_scatter(x, s, 1, 0)", _SIZES),
    *forward_and_backward("slice_scatter", _XS, "torch.slice_scatter(x, s.view(n, 1), 1, 1, 2)", _SIZES),
    *forward_and_backward("diagonal_scatter", _SQUARE, "torch.diagonal_scatter(x, s)", (4, 100, 1000)),
    *forward_and_backward("unbind", _X, "x.unbind(1)[0]", _SIZES),
    *forward_and_backward("write through a view", _WRITTEN, "written(x)", _SIZES),
    *forward_and_backward("Function", _FUNCTION, "Square.apply(x)", _SIZES),
    Row("detach", _X, "x.detach()", _SIZES),
    Row("fill_diagonal_", "x = torch.rand(n, 4)", "x.fill_diagonal_(1)", _SIZES),
]
