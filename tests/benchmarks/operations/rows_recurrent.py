"""Recurrent layers, their cells, transformers, and clipped gradients."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SIZES = ((4, 1, 4, 4), (16, 16, 64, 64), (32, 32, 64, 128))
_TOKENS = ((2, 1, 4, 2), (32, 8, 64, 4), (128, 16, 128, 4))


def _layer(kind: str, **options: object) -> str:
    given = "".join(f", {name}={value}" for name, value in options.items())
    return (
        f"layer = torch.nn.{kind}(*n[2:]{given}); x = torch.randn(n[0], n[1], n[2]); leaves = list(layer.parameters())"
    )


_CELLS = (
    "cell = torch.nn.{}(*n[2:]); x = torch.randn(n[0], n[1], n[2]); leaves = list(cell.parameters())\n"
    "def steps():\n"
    "    state = None\n"
    "    for each in x: state = cell(each, state)\n"
    "    return state[0] if isinstance(state, tuple) else state"
)
_ENCODER = (
    "layer = torch.nn.TransformerEncoderLayer(n[2], n[3], 4 * n[2], dropout=0.0, batch_first=True)\n"
    "x = torch.randn(n[1], n[0], n[2]); leaves = list(layer.parameters())"
)
_GRADIENTS = (
    "ps = [torch.nn.Parameter(torch.randn(*size)) for size in [(n, n), (n,)] * 8]\n"
    "for p in ps: p.grad = torch.randn(p.shape)"
)

ROWS: list[Row] = [
    *forward_and_backward("RNN", _layer("RNN"), "layer(x)[0]", _SIZES),
    *forward_and_backward("LSTM", _layer("LSTM"), "layer(x)[0]", _SIZES),
    *forward_and_backward(
        "LSTM, two layers both ways", _layer("LSTM", num_layers=2, bidirectional=True), "layer(x)[0]", _SIZES
    ),
    *forward_and_backward("GRU", _layer("GRU"), "layer(x)[0]", _SIZES),
    *forward_and_backward("LSTMCell", _CELLS.format("LSTMCell"), "steps()", _SIZES),
    *forward_and_backward("GRUCell", _CELLS.format("GRUCell"), "steps()", _SIZES),
    *forward_and_backward("TransformerEncoderLayer", _ENCODER, "layer(x)", _TOKENS),
    Row("clip_grad_norm_", _GRADIENTS, "torch.nn.utils.clip_grad_norm_(ps, 1.0)", (2, 64, 256)),
]
