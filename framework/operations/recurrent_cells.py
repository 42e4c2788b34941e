"""One step of a recurrent layer: `lstm_cell`, `gru_cell`, `rnn_tanh_cell`, `rnn_relu_cell`.

`input` is (B, I), hidden states and cells are (B, H), the weights (K·H, I) and (K·H, H) for K gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from framework.autograd.tensor import Tensor
from framework.operations.linear import linear
from framework.operations.pointwise import relu, sigmoid, tanh

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]


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
    i, f, g, o = (linear(h, w_hh, b_hh) + linear(input, w_ih, b_ih)).unsafe_chunk(4, 1)
    cell = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(cell), cell


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The hidden state after a step of a gated recurrent unit; `hx` is the one before."""
    _check_input(input, w_ih.size(1))
    _check_hidden(input, hx, w_hh.size(1), 0)
    x_r, x_z, x_n = linear(input, w_ih, b_ih).unsafe_chunk(3, 1)
    h_r, h_z, h_n = linear(hx, w_hh, b_hh).unsafe_chunk(3, 1)
    n = tanh(x_n + sigmoid(h_r + x_r) * h_n)
    return (hx - n) * sigmoid(h_z + x_z) + n


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
