"""Results of several named parts: a tuple that prints as PyTorch's do."""

from __future__ import annotations

from operator import itemgetter
from typing import Any


class _Named(tuple[Any, ...]):
    """A tuple whose elements have names too."""

    __slots__ = ()

    _names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={part!r}" for name, part in zip(self._names, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


def _named(name: str, *parts: str) -> Any:
    fields = {part: property(itemgetter(number)) for number, part in enumerate(parts)}
    return type(name, (_Named,), {"__slots__": (), "_names": parts, **fields})


def with_out(result: Any, targets: Any) -> Any:
    """The tensors that a result was written into, by the result's names."""
    kind = type(result)
    return type(f"{kind.__name__}_out", (kind,), {"__slots__": ()})(targets) if kind is not tuple else tuple(targets)


max = _named("max", "values", "indices")
min = _named("min", "values", "indices")
aminmax = _named("aminmax", "min", "max")
frexp = _named("frexp", "mantissa", "exponent")
sort = _named("sort", "values", "indices")
topk = _named("topk", "values", "indices")
kthvalue = _named("kthvalue", "values", "indices")
median = _named("median", "values", "indices")
nanmedian = _named("nanmedian", "values", "indices")
mode = _named("mode", "values", "indices")
cummax = _named("cummax", "values", "indices")
cummin = _named("cummin", "values", "indices")
histogram = _named("histogram", "hist", "bin_edges")
histogramdd = _named("histogramdd", "hist", "bin_edges")
_lu_with_info = _named("_lu_with_info", "LU", "pivots", "info")
geqrf = _named("geqrf", "a", "tau")
linalg_cholesky_ex = _named("linalg_cholesky_ex", "L", "info")
linalg_eigh = _named("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_inv_ex = _named("linalg_inv_ex", "inverse", "info")
linalg_ldl_factor = _named("linalg_ldl_factor", "LD", "pivots")
linalg_ldl_factor_ex = _named("linalg_ldl_factor_ex", "LD", "pivots", "info")
linalg_lstsq = _named("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
linalg_lu = _named("linalg_lu", "P", "L", "U")
linalg_lu_factor = _named("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = _named("linalg_lu_factor_ex", "LU", "pivots", "info")
linalg_qr = _named("linalg_qr", "Q", "R")
linalg_slogdet = _named("linalg_slogdet", "sign", "logabsdet")
linalg_solve_ex = _named("linalg_solve_ex", "result", "info")
linalg_svd = _named("linalg_svd", "U", "S", "Vh")
lu_unpack = _named("lu_unpack", "P", "L", "U")
qr = _named("qr", "Q", "R")
slogdet = _named("slogdet", "sign", "logabsdet")
svd = _named("svd", "U", "S", "V")
triangular_solve = _named("triangular_solve", "solution", "cloned_coefficient")
