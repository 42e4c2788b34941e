"""One LSTM layer over a whole sequence, in one direction, as one operation.

    i, f, o = sigmoid(x @ W.T + h @ V.T + b)        of each gate
    g = tanh(x @ W.T + h @ V.T + b)
    c' = f * c + i * g
    h' = o * tanh(c')                               or, projected, h' = (o * tanh(c')) @ R.T

The products with x are done for all steps at once, and so are those that give the gradients of weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.operations.recurrence import (
    Carry,
    Sizes,
    column_sums,
    earlier,
    gate_planes,
    of_planes,
    spans,
    step_parts,
    weight_gradients,
    with_bias,
    zeros_where_none,
)

__all__ = ["lstm_layer"]


@operation(name="lstm_layer", grad_fn="MkldnnRnnLayerBackward0", outputs="list", materialize=False)
def lstm_layer(
    input: Any,
    hx: Any,
    cx: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    weight_hr: Any,
    sizes: Sizes,
    reverse: bool,
) -> list[Any]:
    """The hidden states of all steps, the last hidden state and cell, and the gates and cells (5, N, H) of all steps.

    input: rows (N, I) or (T, B, I). hx: (B, P). cx: (B, H). The biases are both given or neither.
    """
    rows = np.reshape(input, (sum(sizes), input.shape[-1]))
    states = np.empty_like(rows, shape=(5, rows.shape[0], cx.shape[1]))
    out = np.empty_like(rows, shape=(rows.shape[0], hx.shape[1]))
    # sigmoid(x) is 0.5 + 0.5 * tanh(x / 2): one tanh serves all gates, with the halves of x in the weights.
    factors = np.full_like(rows, 0.5, shape=(4, 1, 1))
    factors[2] = 1.0
    shifts = np.full_like(rows, 0.5, shape=(4, 1, 1))
    shifts[2] = 0.0
    by_hidden = np.multiply(np.swapaxes(gate_planes(weight_hh, 4), 1, 2), factors, order="C")
    by_input = np.swapaxes(gate_planes(weight_ih, 4), 1, 2) * factors
    if bias_ih is not None:
        rows, by_input = with_bias(rows, by_input, np.reshape(bias_ih + bias_hh, (4, 1, cx.shape[1])) * factors)
    gates = states[:4]
    np.matmul(rows, by_input, out=gates)
    project = None if weight_hr is None else np.copy(np.transpose(weight_hr), order="C")
    hidden, cells = Carry(hx), Carry(cx)
    bounds = spans(sizes)
    for start, stop in bounds[::-1] if reverse else bounds:
        h, c = hidden.at(stop - start), cells.at(stop - start)
        here = gates[:, start:stop]
        np.add(here, np.matmul(h, by_hidden), out=here)
        np.tanh(here, out=here)
        np.multiply(here, factors, out=here)
        np.add(here, shifts, out=here)
        cell, h = states[4, start:stop], out[start:stop]
        np.multiply(here[1], c, out=cell)
        np.add(cell, here[0] * here[2], out=cell)
        if project is None:
            np.tanh(cell, out=h)
            np.multiply(here[3], h, out=h)
        else:
            np.matmul(here[3] * np.tanh(cell), project, out=h)
        hidden.rows, cells.rows = h, cell
    out = np.reshape(out, (*input.shape[:-1], hx.shape[1]))
    return [out, np.copy(hidden.end()), np.copy(cells.end()), states]


def _slopes(states: Any, cx: Any, sizes: Sizes, reverse: bool) -> tuple[Any, ...]:
    """What a gradient is multiplied by on its way: from cells to the sums in i, f and g (3, N, H), from hidden states to
    the sum in o and to cells (N, H)."""
    i, f, g, o, c = [states[number] for number in range(5)]
    t = np.tanh(c)
    to_sums = np.stack([g * i * (1.0 - i), earlier(cx, c, sizes, reverse) * f * (1.0 - f), i * (1.0 - g * g)])
    return to_sums, t * o * (1.0 - o), o * (1.0 - t * t)


def _through(
    g: tuple[Any, ...],
    hx: Any,
    cx: Any,
    weight_hh: Any,
    weight_hr: Any,
    states: Any,
    sizes: Sizes,
    reverse: bool,
) -> tuple[Any, ...]:
    """The gradients of the sums in i, f and g (3, N, H), of that in o, of hidden states, and of the first states."""
    of_out, of_hidden, of_cell, of_states = g
    to_sums, to_output, to_cells = [
        step_parts(each, sizes, each.ndim - 2) for each in _slopes(states, cx, sizes, reverse)
    ]
    forget = step_parts(states[1], sizes)
    of_out = step_parts(of_out, sizes)
    extra = None if of_states is None else _from_states(of_states, states, sizes)
    weights = gate_planes(weight_hh, 4)
    first, last = weights[:3], weights[3]
    hidden, cells = Carry(of_hidden), Carry(of_cell)
    sums: list[Any] = [None] * len(sizes)
    outputs, projected = list(sums), list(sums)
    for step in range(len(sizes)) if reverse else range(len(sizes) - 1, -1, -1):
        h = of_out[step] + hidden.at(sizes[step])
        if weight_hr is not None:
            projected[step] = h
            h = np.matmul(h, weight_hr)
        c = cells.at(sizes[step]) + h * to_cells[step]
        by_output = h * to_output[step]
        if extra is not None:
            c = c + extra[0][step]
            by_output = by_output + extra[2][step]
        by_cell = to_sums[step] * c
        if extra is not None:
            by_cell = by_cell + extra[1][step]
        sums[step], outputs[step] = by_cell, by_output
        hidden.rows = of_planes(by_cell, first) + np.matmul(by_output, last)
        cells.rows = c * forget[step]
    of_projected: Any = None if weight_hr is None else np.concatenate(projected)
    return np.concatenate(sums, axis=1), np.concatenate(outputs), of_projected, hidden.end(), cells.end()


def _from_states(of_states: Any, states: Any, sizes: Sizes) -> tuple[list[Any], ...]:
    """For gradients of gates and cells themselves: what they add to those of cells and of sums, step by step."""
    i, f, g, o = [states[number] for number in range(4)]
    of_sums = of_states[:3] * np.stack([i * (1.0 - i), f * (1.0 - f), 1.0 - g * g])
    of_output = of_states[3] * (o * (1.0 - o))
    return step_parts(of_states[4], sizes), step_parts(of_sums, sizes, 1), step_parts(of_output, sizes)


@lstm_layer.derivative("input", "hx", "cx", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
def _(
    g: tuple[Any, ...],
    input: Any,
    hx: Any,
    cx: Any,
    weight_ih: Any,
    weight_hh: Any,
    weight_hr: Any,
    bias_ih_shape: Any,
    out: list[Any],
    sizes: Sizes,
    reverse: bool,
    needs: tuple[bool, ...],
) -> tuple[Any, ...]:
    states = out[3]
    hiddens = np.reshape(out[0], (states.shape[1], hx.shape[1]))
    of_out = np.reshape(zeros_where_none(g[0], hiddens), hiddens.shape)
    g = (of_out, zeros_where_none(g[1], hx), zeros_where_none(g[2], cx), g[3])
    of_sums, of_output, of_projected, of_hx, of_cx = _through(g, hx, cx, weight_hh, weight_hr, states, sizes, reverse)
    found: list[Any] = [None, of_hx, of_cx, *[None] * 5]
    outputs = of_output[None]
    if needs[0]:
        weights = gate_planes(weight_ih, 4)
        found[0] = np.reshape(of_planes(of_sums, weights[:3]) + np.matmul(of_output, weights[3]), input.shape)
    if needs[3]:
        rows = np.reshape(input, (states.shape[1], input.shape[-1]))
        found[3] = np.concatenate([weight_gradients(of_sums, rows), weight_gradients(outputs, rows)])
    if needs[4]:
        before = earlier(hx, hiddens, sizes, reverse)
        found[4] = np.concatenate([weight_gradients(of_sums, before), weight_gradients(outputs, before)])
    if needs[5] or needs[6]:
        found[5] = found[6] = np.concatenate([column_sums(of_sums), column_sums(outputs)])
    if needs[7]:
        found[7] = np.matmul(np.transpose(of_projected), states[3] * np.tanh(states[4]))
    return tuple(found)
