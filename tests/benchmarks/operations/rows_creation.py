"""New tensors: filled, counted, drawn, copied, converted."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = (16, 10_000, 1_000_000)
_ONE = "x = torch.rand(n); leaves = [x]"

ROWS: list[Row] = [
    Row("zeros", "", "torch.zeros(n)", _SIZES),
    Row("full", "", "torch.full((n,), 2.0)", _SIZES),
    Row("arange", "", "torch.arange(n)", _SIZES),
    Row("linspace", "", "torch.linspace(0, 1, n)", _SIZES),
    Row("zeros_like", _ONE, "torch.zeros_like(x)", _SIZES),
    Row("tensor of a list", "values = [0.5] * n", "torch.tensor(values)", (16, 1000, 10_000)),
    Row("rand", "", "torch.rand(n)", _SIZES),
    Row("randn", "", "torch.randn(n)", _SIZES),
    Row("randint", "", "torch.randint(0, 10, (n,))", _SIZES),
    Row("randperm", "", "torch.randperm(n)", (16, 1000, 100_000)),
    Row("bernoulli", _ONE, "torch.bernoulli(x)", _SIZES),
    *forward_and_backward("clone", _ONE, "x.clone()", _SIZES),
    *forward_and_backward("to float64", _ONE, "x.double()", _SIZES),
    *forward_and_backward("dropout", _ONE, "F.dropout(x, 0.1)", _SIZES),
    Row("item", "x = torch.rand(1)", "x.item()", _SIZES),
    Row("detach", _ONE, "x.detach()", _SIZES),
    Row("copy_", _ONE + "; y = torch.rand(n)", "x.copy_(y)", _SIZES),
]
