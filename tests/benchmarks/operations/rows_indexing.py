"""Reading and writing by index, mask and gather."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = (4, 100, 1000)
_SETUP = """
x = torch.rand(n, n); y = torch.rand(n, n); leaves = [x]
index = torch.randint(0, n, (n,)); places = torch.randint(0, n, (n, n)); mask = y > 0.5
"""

ROWS: list[Row] = [
    *forward_and_backward("x[1]", _SETUP, "x[1]", _SIZES),
    *forward_and_backward("x[1:3, ::2]", _SETUP, "x[1:3, ::2]", _SIZES),
    *forward_and_backward("x[:, None]", _SETUP, "x[:, None]", _SIZES),
    *forward_and_backward("x[index]", _SETUP, "x[index]", _SIZES),
    *forward_and_backward("x[:, index]", _SETUP, "x[:, index]", _SIZES),
    *forward_and_backward("x[mask]", _SETUP, "x[mask]", _SIZES),
    *forward_and_backward("index_select", _SETUP, "x.index_select(0, index)", _SIZES),
    *forward_and_backward("gather", _SETUP, "x.gather(1, places)", _SIZES),
    *forward_and_backward("scatter_add", _SETUP, "x.scatter_add(1, places, y)", _SIZES),
    *forward_and_backward("scatter", _SETUP, "x.scatter(1, places, y)", _SIZES),
    *forward_and_backward("index_add", _SETUP, "x.index_add(0, index, y)", _SIZES),
    *forward_and_backward("masked_fill", _SETUP, "x.masked_fill(mask, 0.0)", _SIZES),
    *forward_and_backward("where", _SETUP, "torch.where(mask, x, y)", _SIZES),
    Row("x[1] = 0", _SETUP, "x[1] = 0", _SIZES),
    Row("x[mask] = 0", _SETUP, "x[mask] = 0", _SIZES),
    Row("x[index] = y", _SETUP, "x[index] = y", _SIZES),
    Row("nonzero", _SETUP, "mask.nonzero()", _SIZES),
]
