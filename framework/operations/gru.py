"""One GRU layer over a whole sequence, in one direction, as one operation.

    r, z = sigmoid(x @ W.T + h @ V.T + b)           of each gate
    q = h @ V.T + b                                 of the new gate
    n = tanh(x @ W.T + b + r * q)
    h' = n + z * (h - n)

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
    spans,
    step_parts,
    weight_gradients,
    with_bias,
    zeros_where_none,
)

__all__ = ["gru_layer"]


@operation(name="gru_layer", outputs="list", materialize=False)
def gru_layer(
    input: Any,
    hx: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    sizes: Sizes,
    reverse: bool,
) -> list[Any]:
    """The hidden states of all steps, the last one, and r, z, n and q (4, N, H) of all steps.

    input: rows (N, I) or (T, B, I). hx: (B, H). The biases are both given or neither.
    """
    keep_whole(input, sizes)
    rows = np.reshape(input, (sum(sizes), input.shape[-1]))
    width = hx.shape[1]
    states = np.empty_like(rows, shape=(4, rows.shape[0], width))
    out = np.empty_like(rows, shape=(rows.shape[0], width))
    # sigmoid(x) is 0.5 + 0.5 * tanh(x / 2): the halves of x are in the weights.
    factors = np.full_like(rows, 0.5, shape=(3, 1, 1))
    factors[2] = 1.0
    by_hidden = np.multiply(np.swapaxes(gate_planes(weight_hh, 3), 1, 2), factors, order="C")
    by_input = np.swapaxes(gate_planes(weight_ih, 3), 1, 2) * factors
    shift = None
    if bias_ih is not None:
        ours, theirs = [np.reshape(each, (3, 1, width)) * factors for each in (bias_ih, bias_hh)]
        shift = theirs[2]
        rows, by_input = with_bias(rows, by_input, np.concatenate([ours[:2] + theirs[:2], ours[2:]]))
    np.matmul(rows, by_input, out=states[:3])
    hidden = Carry(hx)
    bounds = spans(sizes)
    for start, stop in bounds[::-1] if reverse else bounds:
        before = hidden.at(stop - start)
        here, h = states[:, start:stop], out[start:stop]
        gates, n, q = here[:2], here[2], here[3]
        products = np.matmul(before, by_hidden)
        np.add(gates, products[:2], out=gates)
        np.tanh(gates, out=gates)
        np.multiply(gates, 0.5, out=gates)
        np.add(gates, 0.5, out=gates)
        if shift is None:
            q[...] = products[2]
        else:
            np.add(products[2], shift, out=q)
        np.add(n, here[0] * q, out=n)
        np.tanh(n, out=n)
        np.subtract(before, n, out=h)
        np.multiply(h, here[1], out=h)
        np.add(h, n, out=h)
        hidden.rows = h
    return [np.reshape(out, (*input.shape[:-1], width)), np.copy(hidden.end()), states]


@gru_layer.derivative("input", "hx", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
def _(
    g: tuple[Any, ...],
    input: Any,
    hx: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih_shape: Any,
    out: list[Any],
    sizes: Sizes,
    reverse: bool,
    needs: tuple[bool, ...],
) -> tuple[Any, ...]:
    keep_whole(out[0], sizes)
    states = out[2]
    hiddens = np.reshape(out[0], states.shape[1:])
    of_out = np.reshape(zeros_where_none(g[0], hiddens), hiddens.shape)
    before = earlier(hx, hiddens, sizes, reverse)
    of_sums, of_new, of_hx = _through(
        (of_out, zeros_where_none(g[1], hx), g[2]), before, weight_hh, states, sizes, reverse, needs[1]
    )
    found: list[Any] = [None, of_hx, *[None] * 4]
    gates, new = of_sums[:2], of_new[None]
    if needs[0]:
        weights = gate_planes(weight_ih, 3)
        found[0] = np.reshape(of_planes(gates, weights[:2]) + np.matmul(of_new, weights[2]), input.shape)
    if needs[2]:
        rows = np.reshape(input, (states.shape[1], input.shape[-1]))
        found[2] = np.concatenate([weight_gradients(gates, rows), weight_gradients(new, rows)])
    if needs[3]:
        found[3] = weight_gradients(of_sums, before)
    if needs[4]:
        found[4] = np.concatenate([column_sums(gates), column_sums(new)])
    if needs[5]:
        found[5] = column_sums(of_sums)
    return tuple(found)


def _through(
    g: tuple[Any, ...], before: Any, weight_hh: Any, states: Any, sizes: Sizes, reverse: bool, to_first: bool
) -> tuple[Any, ...]:
    """The gradients of the sums in r and z and of q (3, N, H), of the sum in n (N, H), and, `to_first`, of the first
    state."""
    of_out, of_hidden, of_states = g
    r, z, n, q = [states[number] for number in range(4)]
    to_new = (1.0 - z) * (1.0 - n * n)
    through_new = to_new * r
    slope_r, slope_z = r * (1.0 - r), z * (1.0 - z)
    to_sums = np.stack([to_new * q * slope_r, (before - n) * slope_z, through_new])
    extra = None
    if of_states is not None:
        # Gradients of r, z, n and q themselves add to those of the sums.
        of_n = of_states[2] * (1.0 - n * n)
        more = np.stack([(of_n * q + of_states[0]) * slope_r, of_states[1] * slope_z, of_n * r + of_states[3]])
        extra = step_parts(more, sizes, 1)
    keep, of_out = step_parts(z, sizes), step_parts(of_out, sizes)
    to_sum = step_parts(to_sums, sizes, 1)
    weights = gate_planes(weight_hh, 3)
    hidden = Carry(of_hidden)
    sums: list[Any] = [None] * len(sizes)
    hiddens = list(sums)
    first = len(sizes) - 1 if reverse else 0
    for step in range(len(sizes)) if reverse else range(len(sizes) - 1, -1, -1):
        h = hiddens[step] = of_out[step] + hidden.at(sizes[step])
        here = to_sum[step] * h
        if extra is not None:
            here = here + extra[step]
        sums[step] = here
        if to_first or step != first:
            hidden.rows = of_planes(here, weights) + h * keep[step]
    of_new = np.concatenate(hiddens) * to_new
    if of_states is not None:
        of_new = of_new + of_n
    return np.concatenate(sums, axis=1), of_new, hidden.end() if to_first else None
