"""Transforms of vectors and matrices: to simplices, to Cholesky factors, to positive definite matrices."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import finfo
from framework.distributions import constraints
from framework.distributions.elementwise_transforms import _clipped_sigmoid, _Fixed
from framework.distributions.transform import Transform
from framework.distributions.utils import tril_matrix_to_vec, vec_to_tril_matrix
from framework.operations import eye, logsigmoid, pad, softplus
from framework.operations.cholesky import linalg_cholesky as cholesky

__all__ = [
    "CorrCholeskyTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "SoftmaxTransform",
    "StickBreakingTransform",
]

_FEW = "Too few dimensions on input"


class CorrCholeskyTransform(Transform):
    """To the Cholesky factor of a correlation matrix, from as many numbers as it has below the diagonal.

    Each number's tanh is the share that it takes of what its row has left of length 1.
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        eps = finfo(x.dtype).eps
        r = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - r**2).sqrt().cumprod(-1)
        r = r + eye(r.shape[-1], dtype=r.dtype)
        return r * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        left = pad((1 - (y * y).cumsum(-1))[..., :-1], [1, 0], value=1)
        t = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        of_tanh = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + of_tanh

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError(_FEW)
        count = shape[-1]
        size = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return shape[:-1] + (size, size)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError(_FEW)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return shape[:-2] + (shape[-1] * (shape[-1] - 1) // 2,)


class _OfVectors(_Fixed):
    domain = constraints.real_vector
    codomain: Any = constraints.simplex
    # How many more numbers a result has.
    _gained = 0

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError(_FEW)
        return shape[:-1] + (shape[-1] + self._gained,)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError(_FEW)
        return shape[:-1] + (shape[-1] - self._gained,)


class SoftmaxTransform(_OfVectors):
    """To a simplex by softmax; the inverse is the logarithm, though other vectors give the same."""

    def _call(self, x: Any) -> Any:
        probs = (x - x.max(-1, True)[0]).exp()
        return probs / probs.sum(-1, True)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(_OfVectors):
    """To a simplex of one dimension more: each number's sigmoid breaks its share off what is left."""

    bijective = True
    _gained = 1

    def _call(self, x: Any) -> Any:
        z = _clipped_sigmoid(x - _countdown(x).log())
        return pad(z, [0, 1], value=1) * pad((1 - z).cumprod(-1), [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        y_crop = y[..., :-1]
        left = (1 - y_crop.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return y_crop.log() - left.log() + _countdown(y_crop).log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - _countdown(x).log()
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)


def _countdown(x: Any) -> Any:
    """Numbers down to 1, one for each place of the last dimension."""
    count = x.shape[-1]
    return count + 1 - x.new_ones(count).cumsum(-1)


class LowerCholeskyTransform(_Fixed):
    """To a lower triangle with a positive diagonal, which is the exponential of the input's."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(_Fixed):
    """To a positive definite matrix, by its Cholesky factor."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        x = LowerCholeskyTransform()(x)
        return x @ x.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(cholesky(y))
