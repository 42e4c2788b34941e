"""The rows of recurrent layers, packed sequences, and normalized weights."""

from __future__ import annotations

from tests.operations.sampling import Row


def lstm_layers(r):
    def row(sizes, reverse, bias=True, projected=False):
        hidden = 1 if projected else 2
        return (
            r(sum(sizes), 2),
            r(sizes[0], hidden),
            r(sizes[0], 2),
            r(8, 2),
            r(8, hidden),
            r(8) if bias else None,
            r(8) if bias else None,
            r(1, 2) if projected else None,
            sizes,
            reverse,
        )

    return [
        row((2, 2), False),
        row((1, 1, 1), True, bias=False),
        row((2, 1), False, projected=True),
        row((2, 2, 1), True),
        row((1,), False),
    ]


def gated(r, gates, sizes, bias=True):
    return (
        r(sum(sizes), 2),
        r(sizes[0], 2),
        r(gates * 2, 2),
        r(gates * 2, 2),
        r(gates * 2) if bias else None,
        r(gates * 2) if bias else None,
    )


CASES = [((2, 2), False, True), ((1, 1, 1), True, False), ((2, 1), False, True), ((2, 2, 1), True, True)]


def gru_layers(r):
    return [(*gated(r, 3, sizes, bias), sizes, reverse) for sizes, reverse, bias in CASES]


def rnn_layers(r):
    return [
        (*gated(r, 1, sizes, bias), tanh, sizes, reverse) for sizes, reverse, bias in CASES for tanh in (True, False)
    ]


def cell_gates(r, gates):
    return [
        (r(3, 2), r(3, 2), r(gates * 2, 2), r(gates * 2, 2), r(gates * 2), r(gates * 2)),
        (r(1, 3), r(1, 1), r(gates, 3), r(gates, 1), None, None),
    ]


ROWS = [
    Row("gru_cell_gates", lambda r: cell_gates(r, 3)),
    Row("lstm_cell_gates", lambda r: cell_gates(r, 4)),
    Row("apart_padded", lambda r: [(r(2, 3),)]),
    Row("apart_packed", lambda r: [(r(2, 3),)]),
    Row("gru_layer", gru_layers),
    Row("lstm_layer", lstm_layers),
    Row("pack_steps", lambda r: [(r(3, 2, 2), (2, 1, 1)), (r(2, 2), (2, 2))]),
    Row("pad_sequence", lambda r: [([r(2, 2), r(3, 2)], True, 0.5, False), ([r(1), r(2)], False, 0.0, True)]),
    Row("pad_steps", lambda r: [(r(4, 2), (2, 1, 1), 4, 3, 0.5), (r(4), (2, 2), 2, 2, 0.0)]),
    Row("rnn_layer", rnn_layers),
    Row("weight_norm_interface", lambda r: [(r(2, 3), r.positive(2, 1), 0), (r(2, 1, 2), r(1, 1, 2), 2)]),
]
