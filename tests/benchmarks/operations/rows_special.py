"""The special functions, and the error function above all."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = (16, 10_000, 1_000_000)
_ANY = "x = torch.randn(n); leaves = [x]"
_SHARE = "x = torch.rand(n) * 0.9 + 0.05; leaves = [x]"
_POSITIVE = "x = torch.rand(n) * 5 + 0.1; leaves = [x]"

ROWS: list[Row] = [
    *[row for name in ("erf", "erfc", "sinc") for row in forward_and_backward(name, _ANY, f"torch.{name}(x)", _SIZES)],
    *[row for name in ("erfinv", "logit") for row in forward_and_backward(name, _SHARE, f"torch.{name}(x)", _SIZES)],
    *[
        row
        for name in ("lgamma", "digamma", "i0")
        for row in forward_and_backward(name, _POSITIVE, f"torch.{name}(x)", (16, 10_000, 100_000))
    ],
    Row("erf, float64", "x = torch.randn(n, dtype=torch.float64)", "torch.erf(x)", _SIZES),
    Row("log_ndtr", "x = torch.randn(n)", "torch.special.log_ndtr(x)", _SIZES),
    Row("bessel_j0", "x = torch.rand(n) * 20", "torch.special.bessel_j0(x)", _SIZES),
    Row("igamma", "x = torch.rand(n) * 9; a = torch.rand(n) * 9", "torch.igamma(a, x)", (16, 1_000, 20_000)),
    Row("legendre_polynomial_p", _ANY, "torch.special.legendre_polynomial_p(x, 5)", _SIZES),
    Row("hann_window", "", "torch.hann_window(n)", (16, 1_000, 100_000)),
    Row("poisson", "x = torch.full((n,), 20.0)", "torch.poisson(x)", (16, 1_000, 10_000)),
]
