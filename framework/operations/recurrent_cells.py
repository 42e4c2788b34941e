"""One step of a recurrent layer: `lstm_cell`, `gru_cell`, `rnn_tanh_cell`, `rnn_relu_cell`.

`input` is (B, I), hidden states and cells are (B, H), the weights (K·H, I) and (K·H, H) for K gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd.direct import product, turned
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.linear import linear
from framework.operations.logistic import logistic
from framework.operations.pointwise import relu, sigmoid, tanh

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]


def _sums(input: Any, weight: Any, bias: Any) -> Any:
    found = product(input, turned(weight))
    return found if bias is None else np.add(found, bias, out=found)


def _of_bias(of_sums: Any) -> Any:
    # A product with ones takes a third of the time of a sum along columns.
    return product(np.ones_like(of_sums, shape=(of_sums.shape[0],)), of_sums)


@operation(outputs="list")
def lstm_cell_gates(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> list[Any]:
    """i, f, g and o of a step."""
    sums = _sums(input, w_ih, b_ih) + _sums(hx, w_hh, b_hh)
    width = hx.shape[1]
    gates = logistic(sums)
    return [
        gates[:, :width],
        gates[:, width : 2 * width],
        np.tanh(sums[:, 2 * width : 3 * width]),
        gates[:, 3 * width :],
    ]


@lstm_cell_gates.derivative("input", "hx", "w_ih", "w_hh", "b_ih", "b_hh")
def _(
    g: Any, input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih_shape: Any, out: list[Any], needs: tuple[bool, ...]
) -> tuple[Any, ...]:
    i, f, n, o = out
    of_i, of_f, of_n, of_o = g
    slopes = (of_i * i * (1.0 - i), of_f * f * (1.0 - f), of_n * (1.0 - n * n), of_o * o * (1.0 - o))
    return _of_products(np.concatenate(slopes, axis=1), None, input, hx, w_ih, w_hh, needs)


@operation(outputs="list")
def gru_cell_gates(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> list[Any]:
    """r, z, n, and what r is multiplied with in n, of a step."""
    by_input, by_hidden = _sums(input, w_ih, b_ih), _sums(hx, w_hh, b_hh)
    width = hx.shape[1]
    gates = logistic(by_input[:, : 2 * width] + by_hidden[:, : 2 * width])
    r, q = gates[:, :width], by_hidden[:, 2 * width :]
    return [r, gates[:, width:], np.tanh(by_input[:, 2 * width :] + r * q), q]


@gru_cell_gates.derivative("input", "hx", "w_ih", "w_hh", "b_ih", "b_hh")
def _(
    g: Any, input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih_shape: Any, out: list[Any], needs: tuple[bool, ...]
) -> tuple[Any, ...]:
    r, z, n, q = out
    of_r, of_z, of_n, of_q = g
    of_new = of_n * (1.0 - n * n)
    gates = ((of_r + of_new * q) * r * (1.0 - r), of_z * z * (1.0 - z))
    by_input, by_hidden = (np.concatenate([*gates, each], axis=1) for each in (of_new, of_q + of_new * r))
    return _of_products(by_input, by_hidden, input, hx, w_ih, w_hh, needs)


def _of_products(
    by_input: Any, by_hidden: Any, input: Any, hx: Any, w_ih: Any, w_hh: Any, needs: tuple[bool, ...]
) -> tuple[Any, ...]:
    """The gradients of all that is multiplied and added, from those of the sums; the same for both if one is None."""
    other = by_input if by_hidden is None else by_hidden
    of_bias = _of_bias(by_input) if needs[4] or needs[5] else None
    return (
        product(by_input, w_ih) if needs[0] else None,
        product(other, w_hh) if needs[1] else None,
        product(turned(by_input), input) if needs[2] else None,
        product(turned(other), hx) if needs[3] else None,
        of_bias if needs[4] else None,
        (of_bias if by_hidden is None else _of_bias(by_hidden)) if needs[5] else None,
    )


def _agree(gates: int, input: Tensor, hx: Tensor, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> bool:
    """Whether all is as the gates' operations take it: two dimensions, one type of numbers, sizes that agree."""
    x, h, v, w = input._array, hx._array, w_ih._array, w_hh._array
    dtype, rows = x.dtype, gates * w.shape[1]
    biases = [each._array for each in (b_ih, b_hh) if each is not None]
    return (
        x.ndim == h.ndim == v.ndim == w.ndim == 2
        and dtype.kind == "f"
        and dtype.itemsize > 2
        and h.dtype is v.dtype is w.dtype is dtype
        and v.shape[0] == w.shape[0] == rows
        and all([each.dtype is dtype and each.shape == (rows,) for each in biases])
    )


def _check_input(input: Tensor, size: int) -> None:
    if input.size(1) != size:
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {size}")


def _check_hidden(input: Tensor, hx: Tensor, size: int, label: int) -> None:
    if input.size(0) != hx.size(0):
        raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{label} batch size {hx.size(0)}")
    if hx.size(1) != size:
        raise RuntimeError(f"hidden{label} has inconsistent hidden_size: got {hx.size(1)}, expected {size}")


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The hidden state and cell after a step of a long short-term memory; `hx` are those before."""
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    _check_input(input, w_ih.size(1))
    for label, each in enumerate(hx):
        _check_hidden(input, each, w_hh.size(1), label)
    h, c = hx
    if _agree(4, input, h, w_ih, w_hh, b_ih, b_hh):
        i, f, g, o = lstm_cell_gates.function(input, h, w_ih, w_hh, b_ih, b_hh)
    else:
        i, f, g, o = (linear(h, w_hh, b_hh) + linear(input, w_ih, b_ih)).unsafe_chunk(4, 1)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    cell = f * c + i * g
    return o * tanh(cell), cell


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The hidden state after a step of a gated recurrent unit; `hx` is the one before."""
    _check_input(input, w_ih.size(1))
    _check_hidden(input, hx, w_hh.size(1), 0)
    if _agree(3, input, hx, w_ih, w_hh, b_ih, b_hh):
        _, z, n, _ = gru_cell_gates.function(input, hx, w_ih, w_hh, b_ih, b_hh)
    else:
        x_r, x_z, x_n = linear(input, w_ih, b_ih).unsafe_chunk(3, 1)
        h_r, h_z, h_n = linear(hx, w_hh, b_hh).unsafe_chunk(3, 1)
        z, n = sigmoid(h_z + x_z), tanh(x_n + sigmoid(h_r + x_r) * h_n)
    return (hx - n) * z + n


def _plain_cell(name: str, activation: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def cell(
        input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
    ) -> Tensor:
        _check_input(input, w_ih.size(1))
        _check_hidden(input, hx, w_hh.size(1), 0)
        return activation(linear(hx, w_hh, b_hh) + linear(input, w_ih, b_ih))

    cell.__name__ = cell.__qualname__ = name
    cell.__doc__ = "The hidden state after a step of a plain recurrent layer; `hx` is the one before."
    return cell


rnn_tanh_cell = _plain_cell("rnn_tanh_cell", tanh)
rnn_relu_cell = _plain_cell("rnn_relu_cell", relu)
