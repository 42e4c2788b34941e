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
    keep_whole,
    of_planes,
    room,
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
    """The hidden states of all steps, the last hidden state and cell, and of all steps the gates, the cells and their
    tanh (6, N, H).

    input: rows (N, I) or (T, B, I). hx: (B, P). cx: (B, H). The biases are both given or neither.
    """
    keep_whole(input, sizes)
    rows = np.reshape(input, (sum(sizes), input.shape[-1]))
    states = np.empty_like(rows, shape=(6, rows.shape[0], cx.shape[1]))
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
    project = None if weight_hr is None else np.copy(np.transpose(weight_hr), order="C")
    hidden, cells = Carry(hx), Carry(cx)
    bounds = spans(sizes)
    np.matmul(rows, by_input, out=states[:4])
    for start, stop in bounds[::-1] if reverse else bounds:
        every, h = states[:, start:stop], out[start:stop]
        here, cell, turned = every[:4], every[4], every[5]
        before = cells.at(stop - start)
        np.add(here, np.matmul(hidden.at(stop - start), by_hidden), out=here)
        np.tanh(here, out=here)
        np.multiply(here, factors, out=here)
        np.add(here, shifts, out=here)
        np.multiply(here[1], before, out=cell)
        np.add(cell, here[0] * here[2], out=cell)
        if project is None:
            np.multiply(here[3], np.tanh(cell, out=turned), out=h)
        else:
            np.matmul(here[3] * np.tanh(cell, out=turned), project, out=h)
        hidden.rows, cells.rows = h, cell
    out = np.reshape(out, (*input.shape[:-1], hx.shape[1]))
    return [out, np.copy(hidden.end()), np.copy(cells.end()), states]


def _slopes(states: Any, before: Any) -> tuple[Any, ...]:
    """What a gradient is multiplied by on its way: from cells to the sums in i, f and g (3, N, H), from hidden states to
    the sum in o and to cells (N, H). `before` are the cells before each step."""
    i, f, g, o, t = [states[number] for number in (0, 1, 2, 3, 5)]
    added, kept, shown = i * g, f * before, o * t
    pairs = ((added, added * i), (kept, kept * f), (i, added * g))
    to_sums = room(states, 3, *states.shape[1:])
    if to_sums is None:
        to_sums = np.stack([first - second for first, second in pairs])
    else:
        for number, (first, second) in enumerate(pairs):
            np.subtract(first, second, out=to_sums[number])
    return to_sums, shown - shown * o, o - shown * t


def _of_states(of_states: Any, states: Any) -> tuple[Any, Any]:
    """For gradients of all that is kept, what they add to those of cells (N, H) and of sums (4, N, H)."""
    i, f, g, o, t = [states[number] for number in (0, 1, 2, 3, 5)]
    of_cells = of_states[4] + of_states[5] * (1.0 - t * t)
    return of_cells, of_states[:4] * np.stack([i * (1.0 - i), f * (1.0 - f), 1.0 - g * g, o * (1.0 - o)])


def _through(
    g: tuple[Any, ...],
    cx: Any,
    weight_hh: Any,
    weight_hr: Any,
    states: Any,
    sizes: Sizes,
    reverse: bool,
    to_first: bool,
) -> tuple[Any, ...]:
    """The gradients of the sums in all gates (4, N, H), of projected hidden states, and, `to_first`, of the first states."""
    of_out, of_hidden, of_cell, of_states = g
    count = len(sizes)
    weights = gate_planes(weight_hh, 4)
    slopes = _slopes(states, earlier(cx, states[4], sizes, reverse))
    to_sums, to_output, to_cells = [step_parts(each, sizes, each.ndim - 2) for each in slopes]
    forget, of_out = step_parts(states[1], sizes), step_parts(of_out, sizes)
    more = None
    if of_states is not None:
        of_cells, of_gates = _of_states(of_states, states)
        more = step_parts(of_cells, sizes), step_parts(of_gates, sizes, 1)
    found = room(states, 4, *states.shape[1:])
    sums: list[Any] = [None] * count if found is None else step_parts(found, sizes, 1)
    projected: list[Any] = [None] * count
    hidden, cells = Carry(of_hidden), Carry(of_cell)
    first = count - 1 if reverse else 0
    for step in range(count) if reverse else range(count - 1, -1, -1):
        h = of_out[step] + hidden.at(sizes[step])
        if weight_hr is not None:
            projected[step] = h
            h = np.matmul(h, weight_hr)
        c = cells.at(sizes[step]) + h * to_cells[step]
        if more is not None:
            c = c + more[0][step]
        here = sums[step]
        if here is None:
            here = sums[step] = np.concatenate([to_sums[step] * c, (h * to_output[step])[None]])
        else:
            np.multiply(to_sums[step], c, out=here[:3])
            np.multiply(h, to_output[step], out=here[3])
        if more is not None:
            here = sums[step] = here + more[1][step]
        if to_first or step != first:
            hidden.rows = of_planes(here, weights)
            cells.rows = c * forget[step]
    of_sums = found if found is not None and more is None else np.concatenate(sums, axis=1)
    of_projected: Any = None if weight_hr is None else np.concatenate(projected)
    return of_sums, of_projected, *((hidden.end(), cells.end()) if to_first else (None, None))


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
    keep_whole(out[0], sizes)
    states = out[3]
    hiddens = np.reshape(out[0], (states.shape[1], hx.shape[1]))
    of_out = np.reshape(zeros_where_none(g[0], hiddens), hiddens.shape)
    g = (of_out, zeros_where_none(g[1], hx), zeros_where_none(g[2], cx), g[3])
    of_sums, of_projected, of_hx, of_cx = _through(
        g, cx, weight_hh, weight_hr, states, sizes, reverse, needs[1] or needs[2]
    )
    found: list[Any] = [None, of_hx, of_cx, *[None] * 5]
    if needs[0]:
        found[0] = np.reshape(of_planes(of_sums, gate_planes(weight_ih, 4)), input.shape)
    if needs[3]:
        found[3] = weight_gradients(of_sums, np.reshape(input, (states.shape[1], input.shape[-1])))
    if needs[4]:
        found[4] = weight_gradients(of_sums, earlier(hx, hiddens, sizes, reverse))
    if needs[5] or needs[6]:
        found[5] = found[6] = column_sums(of_sums)
    if needs[7]:
        found[7] = np.matmul(np.transpose(of_projected), states[3] * states[5])
    return tuple(found)
