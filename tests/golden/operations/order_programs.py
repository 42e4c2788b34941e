"""Programs that sort, select, search and count; what each prints is in order_transcripts.json."""

_NAMED = """
def named(tensor):
    return type(tensor.grad_fn).__name__
"""
_TENSORS = (
    _NAMED
    + """
nan = float("nan")
x = torch.tensor([[3.0, 1, 2, 2], [0, nan, 5, 1]])
n = torch.tensor([3, 1, 1, 2])
m = torch.tensor([[1, 2], [1, 2], [0, 5], [1, 2]])
"""
)

PROGRAMS = {
    "sort and argsort": _TENSORS
    + """
for t in (x, x.T, n, n.to(torch.uint8), x > 1, torch.tensor(3.0), torch.zeros(0), torch.zeros(2, 0), x.half()):
    for dim in (0, -1):
        for descending in (False, True):
            attempt(torch.sort, t, dim, descending)
            attempt(t.argsort, dim, descending)
            attempt(torch.sort, t, dim=dim, descending=descending, stable=True)
attempt(torch.msort, x)
attempt(torch.msort, torch.tensor(3.0))
print(x.T.sort(0)[0].is_contiguous(), x.sort(0)[0].is_contiguous(), x.T.sort(1)[1].stride())
g = torch.tensor([[3.0, 1, 2]], requires_grad=True)
values, indices = g.sort(descending=True)
print(named(values), named(g.sort(stable=True).values), indices.requires_grad)
(values * torch.tensor([1.0, 2, 3])).sum().backward()
print(g.grad)
attempt(torch.sort, x, 5)
attempt(torch.sort, 3)
attempt(torch.argsort, [1, 2])
attempt(torch.msort, 3)
""",
    "ties": """
n = torch.tensor([2, 0, 1, 2, 0, 1, 2, 2, 0, 0, 1, 1, 2, 0, 1, 2, 1, 0, 2, 1, 0, 1])
for descending in (False, True):
    print(n.argsort(descending=descending), n.argsort(descending=descending, stable=True))
    for k in (1, 3, 8, 22):
        for order in (False, True):
            print(n.topk(k, largest=descending, sorted=order))
for k in (1, 5, 11, 22):
    print(n.kthvalue(k))
print(n.median(0), n.mode(), n.unique(return_inverse=True, return_counts=True))
print(n.repeat(10).topk(3), n.repeat(10).topk(3, largest=False))
""",
    "topk": _TENSORS
    + """
for t in (x, x.T, n, torch.tensor(3.0), x.half()):
    for k in (0, 1, 2):
        for dim in (0, -1):
            for largest in (True, False):
                attempt(torch.topk, t, k, dim, largest)
attempt(torch.topk, x, 9)
attempt(torch.topk, x, -1)
attempt(torch.topk, x, 1, 5)
attempt(torch.topk, x, "a")
attempt(torch.topk, x, True)
attempt(torch.topk, x, 1, sorted=1)
attempt(torch.topk, [1], 1)
attempt(torch.topk, x > 1, 1)
g = torch.tensor([[3.0, 1, 2], [5, 6, 4]], requires_grad=True)
top = g.topk(2)
print(named(top.values))
(top.values * torch.tensor([1.0, 2])).sum().backward()
print(g.grad)
""",
    "kthvalue, median and mode": _TENSORS
    + """
for t in (x, x.T, n, torch.tensor(3.0), torch.zeros(0), torch.zeros(2, 0), x.half(), x > 1, n.to(torch.uint8)):
    attempt(torch.median, t)
    attempt(torch.nanmedian, t)
    for dim in (0, -1):
        for keepdim in (False, True):
            attempt(torch.kthvalue, t, 1, dim, keepdim)
            attempt(torch.median, t, dim, keepdim)
            attempt(torch.nanmedian, t, dim, keepdim)
            attempt(torch.mode, t, dim, keepdim)
for values in ([nan, nan, 1.0], [1.0, nan, nan], [nan, 1.0, nan, 1.0], [nan, nan], [1, 2, 2, 1, 3], [5, 5, 4, 4]):
    t = torch.tensor(values)
    print(t.mode(), t.median(), t.nanmedian(), t.median(0), t.nanmedian(0))
for k in (0, 5):
    attempt(torch.kthvalue, n, k)
    attempt(torch.kthvalue, torch.tensor(3.0), k)
attempt(torch.kthvalue, n, 1, 7)
attempt(torch.kthvalue, 3, 1)
attempt(torch.median, x, 7)
attempt(torch.median, 3)
attempt(torch.median, x, keepdim=True)
attempt(torch.mode, x, 4)
attempt(torch.mode, 3)
for function in (torch.median, torch.nanmedian):
    g = torch.tensor([2.0, 1, 2, 5, nan if function is torch.nanmedian else 7], requires_grad=True)
    print(named(function(g)), named(function(g, 0).values), torch.autograd.grad(function(g), g))
    print(torch.autograd.grad(g.mode().values, g), torch.autograd.grad(g.kthvalue(2).values, g))
""",
    "quantiles": _TENSORS
    + """
c = torch.tensor([[0.5, 1.0, 2.0, 3.0], [4, 2, 1, 0]])
q = torch.tensor([0.1, 0.5])
for function in (torch.quantile, torch.nanquantile):
    for t in (c, x, x * nan, torch.tensor(3.0)):
        for interpolation in ("linear", "lower", "higher", "midpoint", "nearest"):
            for part in (0.3, 0, 1, q, torch.tensor(0.5)):
                attempt(function, t, part, interpolation=interpolation)
                attempt(function, t, part, 0, interpolation=interpolation)
                attempt(function, t, part, -1, True, interpolation=interpolation)
attempt(torch.quantile, c, q[:0], 0)
attempt(torch.quantile, c, q[None])
attempt(torch.quantile, c, 1.5)
attempt(torch.quantile, c, -0.5)
attempt(torch.quantile, c, q + 1)
attempt(torch.quantile, c, q.double())
attempt(torch.quantile, c, 0.5, 4)
attempt(torch.quantile, c, 0.5, interpolation="cubic")
attempt(torch.quantile, c.half(), 0.5)
attempt(torch.quantile, n, 0.5)
attempt(torch.quantile, torch.zeros(0), 0.5)
attempt(torch.quantile, torch.zeros(2, 0), 0.5, 0)
attempt(torch.quantile, c, "a")
attempt(torch.quantile, c, [0.5])
attempt(torch.quantile, 3, 0.5)
g, h = c.clone().requires_grad_(), q.clone().requires_grad_()
found = torch.quantile(g, h, 1)
print(named(found), found.is_contiguous())
print(torch.autograd.grad((found * torch.tensor([[1.0, 2], [3, 4]])).sum(), [g, h]))
""",
    "unique": _TENSORS
    + """
for t in (n, m, x, torch.tensor([nan, nan, 1]), torch.tensor(3), torch.zeros(0), x > 1):
    for inverse in (False, True):
        for counts in (False, True):
            attempt(torch.unique, t, return_inverse=inverse, return_counts=counts)
            attempt(torch.unique_consecutive, t, return_inverse=inverse, return_counts=counts)
            attempt(torch.unique, t, True, inverse, counts, dim=0)
            attempt(torch.unique_consecutive, t, return_inverse=inverse, return_counts=counts, dim=0)
attempt(torch.unique, m, dim=1, return_inverse=True)
print(torch.unique(m, dim=1).is_contiguous())
attempt(torch.unique, torch.zeros(0, 3), dim=0)
attempt(torch.unique, torch.zeros(2, 0), dim=0)
attempt(torch.unique, torch.zeros(0, 0), dim=0)
attempt(torch.unique, m, dim=5)
attempt(torch.unique, m, dim="a")
attempt(torch.unique, 3)
attempt(torch.unique, m, sorted=1)
attempt(torch.unique_consecutive, 3)
attempt(torch.unique_consecutive, m, dim="a")
g = torch.tensor([2.0, 1, 2], requires_grad=True)
for found in (g.unique(), g.unique_consecutive(), g.unique(dim=0)):
    print(found)
    attempt(found.sum().backward)
""",
    "searching": _TENSORS
    + """
s = torch.tensor([1, 3, 5])
rows = torch.tensor([[1, 3, 5], [2, 4, 6]])
for right in (False, True):
    for values in (torch.tensor([[1, 6], [3, 0]]), torch.tensor([3.0, nan]), torch.tensor(3), 3, 3.5, torch.zeros(0)):
        attempt(torch.searchsorted, s, values, right=right)
        attempt(torch.bucketize, values, s, right=right, out_int32=True)
    attempt(torch.searchsorted, rows, torch.tensor([[3, 6], [3, 5]]), right=right)
attempt(torch.searchsorted, torch.tensor([1.0, nan]), torch.tensor([nan, 3.0]))
attempt(torch.searchsorted, torch.tensor([5.0, 1, 3]), torch.tensor([3.0]), sorter=torch.tensor([1, 2, 0]))
attempt(torch.searchsorted, torch.tensor([5.0, 1, 3]), torch.tensor([3.0]), sorter=torch.tensor([1, 2]))
attempt(torch.searchsorted, torch.tensor([5.0, 1, 3]), torch.tensor([3.0]), sorter=torch.tensor([1, 2, 9]))
attempt(torch.searchsorted, torch.tensor([5.0, 1, 3]), torch.tensor([3.0]), sorter=torch.tensor([1.0, 2, 0]))
for side in ("left", "right", "middle"):
    attempt(torch.searchsorted, s, torch.tensor([3]), side=side)
    attempt(torch.searchsorted, s, torch.tensor([3]), side=side, right=True)
attempt(torch.searchsorted, rows, torch.tensor([3, 6]))
attempt(torch.searchsorted, rows, 3)
attempt(torch.searchsorted, torch.tensor(1), torch.tensor([3]))
attempt(torch.searchsorted, x > 1, x > 1)
attempt(torch.searchsorted, 3, x)
attempt(torch.searchsorted, x, "a")
attempt(torch.bucketize, x, rows)
attempt(torch.bucketize, [3], s)
for shape in ((3, 4), 12, (), [2, 2, 3], (3, -4), (3.0, 4)):
    attempt(torch.unravel_index, torch.tensor([5, 7]), shape)
attempt(torch.unravel_index, torch.tensor(5), (3, 4))
attempt(torch.unravel_index, torch.tensor([5.0]), (3, 4))
attempt(torch.isin, n, torch.tensor([1, 2]))
attempt(torch.isin, n, torch.tensor([1, 2]), invert=True, assume_unique=False)
attempt(torch.isin, n, 1)
attempt(torch.isin, 1, n)
attempt(torch.isin, 1, 1)
attempt(torch.isin, n, torch.tensor([1.0, 2.5]))
attempt(torch.isin, n, torch.tensor([]))
attempt(torch.isin, torch.tensor([nan]), torch.tensor([nan]))
attempt(torch.isin, elements=n, test_element=1)
attempt(torch.isin, element=1, test_elements=n)
attempt(torch.isin, n, [1, 2])
attempt(torch.isin, x > 1, 1)
""",
    "histograms": _TENSORS
    + """
w = torch.tensor([0.5, 1.0, 2.0, 3.0])
for weights in (None, w, w.double(), w.half(), n, n > 1):
    attempt(torch.bincount, n, weights, 5)
attempt(torch.bincount, n.to(torch.uint8))
attempt(torch.bincount, n[:0], minlength=3)
attempt(torch.bincount, n, minlength=-1)
attempt(torch.bincount, n - 5)
attempt(torch.bincount, w)
attempt(torch.bincount, n[None])
attempt(torch.bincount, n, w[:2])
attempt(torch.bincount, 3)
for t in (w, w.double(), w.half(), torch.zeros(3), torch.zeros(0), torch.tensor(3.0)):
    attempt(torch.histc, t, 4)
    attempt(torch.histc, t, 3, 0, 2)
    attempt(torch.histogram, t, 3)
    attempt(torch.histogram, t, 3, range=(0.0, 2.0), density=True)
attempt(torch.histc, n, 3)
attempt(torch.histc, w, 0)
attempt(torch.histc, w, 3, 2, 1)
attempt(torch.histc, w, 3, 0, nan)
attempt(torch.histc, 3)
attempt(torch.histogram, w, torch.tensor([0.0, 1.0, 5.0]), weight=w, density=True)
attempt(torch.histogram, w, torch.tensor([0.0, 1.0, 5.0]).double())
attempt(torch.histogram, w, torch.tensor([1.0]))
attempt(torch.histogram, w, torch.zeros(0))
attempt(torch.histogram, w, torch.zeros(2, 2))
attempt(torch.histogram, w, 0)
attempt(torch.histogram, w, 3, range=(2.0, 1.0))
attempt(torch.histogram, w, 3, range=(2.0, 2.0))
attempt(torch.histogram, w, 3, range=(0, nan))
attempt(torch.histogram, w, 3, range=(0.0,))
attempt(torch.histogram, w, 3, weight=torch.ones(3))
attempt(torch.histogram, w, 3, weight=w.double())
attempt(torch.histogram, n, 3)
attempt(torch.histogram, 3, 3)
p = torch.tensor([[0.0, 1], [1, 0], [2, 2]])
attempt(torch.histogramdd, p, [2, 3])
attempt(torch.histogramdd, p, 2, density=True)
attempt(torch.histogramdd, p, [2, 2], range=[0.0, 1.0, 0.0, 2.0])
attempt(torch.histogramdd, p, [torch.tensor([0.0, 1, 2]), torch.tensor([0.0, 2])], weight=torch.ones(3))
attempt(torch.histogramdd, p, [2])
attempt(torch.histogramdd, p[0], [2])
attempt(torch.histogramdd, p, [2, 2], range=[0.0, 1.0])
attempt(torch.histogramdd, p, [2, 2], weight=torch.ones(2))
g = w.clone().requires_grad_()
attempt(torch.bincount(n, g).sum().backward)
attempt(torch.histogram(g, 3).hist.sum().backward)
print(torch.histc(g, 3))
""",
    "running extremes": _TENSORS
    + """
for function in (torch.cummax, torch.cummin, torch.logcumsumexp):
    for t in (x, x.T, n, torch.tensor(3.0), torch.zeros(0), torch.zeros(2, 0), x > 1, x.half()):
        for dim in (0, -1):
            attempt(function, t, dim)
    attempt(function, x, 4)
    attempt(function, torch.tensor(3.0), 1)
    attempt(function, 3, 0)
    g = torch.tensor([1.0, 3, 3, 2], requires_grad=True)
    found = function(g, 0)
    found = found if isinstance(found, torch.Tensor) else found.values
    print(found, torch.autograd.grad((found * torch.tensor([1.0, 2, 3, 4])).sum(), g))
print(torch.cummax(x.T, 0).values.is_contiguous())
inf = float("inf")
print(torch.logcumsumexp(torch.tensor([-inf, -inf, 1, 2, inf, nan]), 0))
""",
    "reductions at an index": """
import warnings

warnings.simplefilter("ignore")
c = torch.tensor([[0.5, 1.0, 2.0], [4, 2, 0]], requires_grad=True)
s = torch.tensor([[3.0, 5, 7], [2, 2, 0]], requires_grad=True)
i = torch.tensor([[0, 1, 1], [0, 0, 1]])
whole, part = torch.tensor([[1, 2, 3], [4, 5, 6]]), torch.tensor([[3, 5, 7]])
for reduce in ("sum", "prod", "mean", "amax", "amin", "median"):
    for include_self in (True, False):
        attempt(torch.scatter_reduce, c, 0, i, s, reduce, include_self=include_self)
        attempt(torch.scatter_reduce, whole, 0, i[:1], part, reduce, include_self=include_self)
        attempt(torch.index_reduce, c, 0, torch.tensor([1, 1]), s, reduce, include_self=include_self)
        attempt(whole.clone().index_reduce_, 1, torch.tensor([0, 1, 0]), whole, reduce, include_self=include_self)
        if reduce != "median":
            found = torch.scatter_reduce(c, 0, i, s, reduce, include_self=include_self)
            print(torch.autograd.grad((found * torch.tensor([[1.0, 2, 3], [4, 5, 6]])).sum(), [c, s]))
attempt(torch.scatter_reduce, c, 0, i, part, "sum")
attempt(torch.scatter_reduce, c, 0, i.float(), s, "sum")
attempt(torch.scatter_reduce, c, 5, i, s, "sum")
attempt(torch.scatter_reduce, c, 0, i + 5, s, "sum")
attempt(torch.scatter_reduce, c, 0, i[0], s, "sum")
attempt(torch.scatter_reduce, c, 0, i, s[:, :1], "sum")
attempt(torch.scatter_reduce, c, 0, i, 3.0, "sum")
attempt(torch.scatter_reduce, c > 1, 0, i, s > 4, "mean")
attempt(c.scatter_reduce_, 0, i, s, "mean")
attempt(torch.index_reduce, c, 0, torch.tensor([1]), s, "mean")
attempt(torch.index_reduce, c, 0, torch.tensor([1, 5]), s, "mean")
attempt(torch.index_reduce, c, 0, torch.tensor([[1, 1]]), s, "mean")
attempt(torch.index_reduce, c, 0, torch.tensor([1.0, 1]), s, "mean")
attempt(torch.index_reduce, c, 0, torch.tensor([1, 1]), s.double(), "mean")
for reduce in ("add", "multiply", "max"):
    attempt(torch.scatter, whole, 0, i[:1], 2, reduce=reduce)
    attempt(torch.scatter, whole, 0, i[:1], part, reduce=reduce)
attempt(torch.scatter(c, 0, i, 2.0, reduce="add").sum().backward)
for accumulate in (False, True):
    attempt(torch.put, c, torch.tensor([1, -1]), torch.tensor([9.0, 8.0]), accumulate)
    attempt(whole.clone().put_, torch.tensor([[1], [4]]), torch.tensor([9, 8]), accumulate)
    v = torch.tensor([9.0, 8.0], requires_grad=True)
    found = torch.put(c, torch.tensor([1, 4]), v, accumulate)
    print(torch.autograd.grad((found * torch.tensor([[1.0, 2, 3], [4, 5, 6]])).sum(), [c, v]))
attempt(torch.put, c, torch.tensor([9]), torch.tensor([9.0]))
attempt(torch.put, c, torch.tensor([1]), torch.tensor([9.0, 8]))
attempt(torch.put, c, torch.tensor([1.0]), torch.tensor([9.0]))
attempt(torch.put, c, torch.tensor([1]), torch.tensor([9]))
attempt(torch.put, torch.zeros(0), torch.tensor([0]), torch.tensor([1.0]))
attempt(torch.put, c, torch.tensor([1]), 3.0)
""",
    "covariance": _NAMED
    + """
import warnings

warnings.simplefilter("ignore")
c = torch.tensor([[0.5, 1.0, 2.0, 3.5], [4, 2, 1, 0]])
f, a = torch.tensor([1, 2, 1, 1]), torch.tensor([1.0, 2, 1, 0.5])
for t in (c, c.T, c[0], torch.tensor([[1, 2], [3, 5]]), c.double(), torch.zeros(0, 2), torch.tensor(2.0)):
    attempt(torch.cov, t)
    attempt(torch.cov, t, correction=0)
    attempt(torch.corrcoef, t)
attempt(torch.cov, c, fweights=f)
attempt(torch.cov, c, aweights=a)
attempt(torch.cov, c, fweights=f, aweights=a, correction=0)
attempt(torch.cov, c, fweights=f, aweights=a)
for weights in (a, f[:3], -f, f * 0, f[None]):
    attempt(torch.cov, c, fweights=weights)
for weights in (f, a[:3], -a, a * 0, a[None]):
    attempt(torch.cov, c, aweights=weights)
attempt(torch.cov, c > 1)
attempt(torch.cov, c[None])
attempt(torch.corrcoef, c[None])
attempt(torch.cov, 3)
attempt(torch.cov, c, correction=1.5)
g = c.clone().requires_grad_()
print(named(torch.cov(g)), named(torch.corrcoef(g)))
weights = torch.tensor([[1.0, 2], [3, 4]])
print(torch.autograd.grad((torch.cov(g, aweights=a) * weights).sum(), g))
print(torch.autograd.grad((torch.cov(g, fweights=f, correction=0) * weights).sum(), g))
""",
}
