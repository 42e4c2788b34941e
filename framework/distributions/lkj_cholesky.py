"""`LKJCholesky`.

Source: D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on vines and extended
onion method" (2009).
"""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Size, Tensor, finfo
from framework.distributions import constraints
from framework.distributions.beta import Beta
from framework.distributions.distribution import Distribution
from framework.distributions.utils import EMPTY, Shape, broadcast_all
from framework.operations import arange, cat, diag_embed, mvlgamma, randn

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors of random correlation matrices of `dim` variables, nearer to 1 for larger `concentration`."""

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _expanded = {"concentration": 0, "_beta": 1}
    _kept = ("dim",)

    def __init__(self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # Row by row, by the onion method: the first row draws too, for nothing.
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = arange(dim - 1, dtype=self.concentration.dtype)
        offset = cat([offset.new_zeros((1,)), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        squares = self._beta.sample(sample_shape).unsqueeze(-1)
        normal = randn(self._extended_shape(sample_shape), dtype=squares.dtype).tril(-1)
        directions = normal / normal.norm(dim=-1, keepdim=True)
        directions[..., 0, :].fill_(0.0)
        rows = squares.sqrt() * directions
        diagonal = (1 - (rows**2).sum(-1)).clamp(min=finfo(rows.dtype).tiny).sqrt()
        return rows + diag_embed(diagonal)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        count = self.dim - 1
        alpha = self.concentration + 0.5 * count
        log_norm = 0.5 * count * math.log(math.pi) + mvlgamma(alpha - 0.5, count) - alpha.lgamma() * count
        return (order * diagonal.log()).sum(-1) - log_norm
