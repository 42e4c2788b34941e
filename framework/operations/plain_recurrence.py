"""One plain recurrent layer over a whole sequence, in one direction, as one operation: h' = tanh(x @ W.T + h @ V.T + b).

Or relu in place of tanh. The products with x are done for all steps at once, and so are those that give the gradients
of weights.
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
    keep_whole,
    spans,
    step_parts,
    weight_gradients,
    with_bias,
    zeros_where_none,
)

__all__ = ["rnn_layer"]


@operation(name="rnn_layer", outputs="list", materialize=False)
def rnn_layer(
    input: Any,
    hx: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    tanh: bool,
    sizes: Sizes,
    reverse: bool,
) -> list[Any]:
    """The hidden states of all steps, and the last one.

    input: rows (N, I) or (T, B, I). hx: (B, H). The biases are both given or neither.
    """
    keep_whole(input, sizes)
    rows = np.reshape(input, (sum(sizes), input.shape[-1]))
    by_input = np.transpose(weight_ih)[None]
    if bias_ih is not None:
        rows, by_input = with_bias(rows, by_input, np.reshape(bias_ih + bias_hh, (1, 1, hx.shape[1])))
    out = np.matmul(rows, by_input[0])
    by_hidden = np.copy(np.transpose(weight_hh), order="C")
    hidden = Carry(hx)
    bounds = spans(sizes)
    for start, stop in bounds[::-1] if reverse else bounds:
        h = out[start:stop]
        np.add(h, np.matmul(hidden.at(stop - start), by_hidden), out=h)
        if tanh:
            np.tanh(h, out=h)
        else:
            np.maximum(h, 0.0, out=h)
        hidden.rows = h
    return [np.reshape(out, (*input.shape[:-1], hx.shape[1])), np.copy(hidden.end())]


@rnn_layer.derivative("input", "hx", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
def _(
    g: tuple[Any, ...],
    input: Any,
    hx: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih_shape: Any,
    tanh: bool,
    out: list[Any],
    sizes: Sizes,
    reverse: bool,
    needs: tuple[bool, ...],
) -> tuple[Any, ...]:
    keep_whole(out[0], sizes)
    hiddens = np.reshape(out[0], (sum(sizes), hx.shape[1]))
    slopes = step_parts(1.0 - hiddens * hiddens if tanh else np.sign(hiddens), sizes)
    of_out = step_parts(np.reshape(zeros_where_none(g[0], hiddens), hiddens.shape), sizes)
    hidden = Carry(zeros_where_none(g[1], hx))
    sums: list[Any] = [None] * len(sizes)
    first = len(sizes) - 1 if reverse else 0
    for step in range(len(sizes)) if reverse else range(len(sizes) - 1, -1, -1):
        here = sums[step] = (of_out[step] + hidden.at(sizes[step])) * slopes[step]
        if needs[1] or step != first:
            hidden.rows = np.matmul(here, weight_hh)
    of_sums = np.concatenate(sums)
    planes = of_sums[None]
    found: list[Any] = [None, hidden.end() if needs[1] else None, *[None] * 4]
    if needs[0]:
        found[0] = np.reshape(np.matmul(of_sums, weight_ih), input.shape)
    if needs[2]:
        found[2] = weight_gradients(planes, np.reshape(input, (sum(sizes), input.shape[-1])))
    if needs[3]:
        found[3] = weight_gradients(planes, earlier(hx, hiddens, sizes, reverse))
    if needs[4] or needs[5]:
        found[4] = found[5] = column_sums(planes)
    return tuple(found)
