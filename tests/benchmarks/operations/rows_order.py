"""Sorting, selecting, quantiles, unique elements, searching, histograms, running extremes, reductions at an index."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = (16, 10_000, 1_000_000)
_X = "x = torch.rand(n); leaves = [x]"
_ROWS = "x = torch.rand(*n); leaves = [x]"
_TABLES = ((4, 4), (128, 100), (1000, 1000))
_WHOLE = "x = torch.randint(0, 100, (n,))"
_AT = "x = torch.rand(n); leaves = [x]; i = torch.randint(0, n, (n,)); s = torch.rand(n); leaves = [x, s]"

ROWS: list[Row] = [
    *forward_and_backward("sort", _X, "x.sort()[0]", _SIZES),
    *forward_and_backward("sort of rows", _ROWS, "x.sort(-1)[0]", _TABLES),
    Row("sort of columns", _ROWS, "x.sort(0)", _TABLES),
    Row("argsort, descending", _X, "x.argsort(descending=True)", _SIZES),
    Row("argsort of whole numbers, stable", _WHOLE, "x.argsort(stable=True)", _SIZES),
    *forward_and_backward("topk", _X, "x.topk(5)[0]", _SIZES),
    *forward_and_backward("topk of rows", _ROWS, "x.topk(3)[0]", _TABLES),
    *forward_and_backward("kthvalue", _ROWS, "x.kthvalue(2)[0]", _TABLES),
    *forward_and_backward("median", _X, "x.median()", _SIZES),
    Row("median of rows", _ROWS, "x.median(-1)", _TABLES),
    Row("mode", "x = torch.randint(0, 10, n)", "x.mode()", _TABLES),
    *forward_and_backward("quantile", _X, "x.quantile(0.3)", _SIZES),
    Row("quantiles of rows", f"{_ROWS}; q = torch.tensor([0.1, 0.5, 0.9])", "x.quantile(q, 1)", _TABLES),
    Row("unique", _WHOLE, "x.unique()", _SIZES),
    Row("unique with counts", _WHOLE, "x.unique(return_inverse=True, return_counts=True)", _SIZES),
    Row("unique_consecutive", _WHOLE, "x.unique_consecutive()", _SIZES),
    Row("searchsorted", f"{_X}; s = torch.rand(n).sort()[0]", "torch.searchsorted(s, x)", _SIZES),
    Row("bucketize", f"{_X}; s = torch.linspace(0, 1, 11)", "torch.bucketize(x, s)", _SIZES),
    Row("isin", f"{_WHOLE}; t = torch.arange(0, 100, 3)", "torch.isin(x, t)", _SIZES),
    Row("bincount", _WHOLE, "x.bincount()", _SIZES),
    Row("histc", _X, "x.histc(10)", _SIZES),
    Row("histogram", _X, "torch.histogram(x, 10)", _SIZES),
    *forward_and_backward("cummax", _X, "x.cummax(0)[0]", _SIZES),
    *forward_and_backward("logcumsumexp", _X, "x.logcumsumexp(0)", _SIZES),
    *forward_and_backward("scatter_reduce, amax", _AT, "x.scatter_reduce(0, i, s, 'amax')", _SIZES),
    *forward_and_backward("scatter_reduce, mean", _AT, "x.scatter_reduce(0, i, s, 'mean')", _SIZES),
    *forward_and_backward("put", _AT, "x.put(i, s)", _SIZES),
    *forward_and_backward("cov", _ROWS, "torch.cov(x)", ((4, 4), (64, 100), (200, 1000))),
    Row("corrcoef", _ROWS, "torch.corrcoef(x)", ((4, 4), (64, 100), (200, 1000))),
]
