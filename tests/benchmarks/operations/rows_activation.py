"""Activations and dropout."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_ONE = "x = torch.randn(n); leaves = [x]"
_IMAGE = "x = torch.randn(*n); leaves = [x]"
_CHANNELS = "x = torch.randn(*n); w = torch.rand(n[1]); leaves = [x, w]"
_IMAGES = ((2, 4, 2), (16, 16, 40), (64, 64, 256))
_SIZES = (16, 10_000, 1_000_000)

ROWS: list[Row] = [
    *[
        row
        for name in (
            "sigmoid",
            "silu",
            "softplus",
            "logsigmoid",
            "mish",
            "elu",
            "selu",
            "leaky_relu",
            "relu6",
            "hardtanh",
            "hardswish",
            "hardsigmoid",
            "hardshrink",
            "softshrink",
            "softsign",
            "tanhshrink",
        )
        for row in forward_and_backward(name, _ONE, f"F.{name}(x)", _SIZES)
    ],
    *forward_and_backward("threshold", _ONE, "F.threshold(x, 0.1, 20)", _SIZES),
    *forward_and_backward("rrelu", _ONE, "F.rrelu(x, training=True)", _SIZES),
    *forward_and_backward("dropout", _ONE, "F.dropout(x, 0.3)", _SIZES),
    *forward_and_backward("alpha_dropout", _ONE, "F.alpha_dropout(x, 0.3, True)", _SIZES),
    *forward_and_backward("prelu", _CHANNELS, "F.prelu(x, w)", _IMAGES),
    *forward_and_backward("dropout1d", _IMAGE, "F.dropout1d(x, 0.3)", _IMAGES),
    Row("silu in place", "x = torch.randn(n)", "F.silu(x, inplace=True)", _SIZES),
    Row("leaky_relu in place", "x = torch.randn(n)", "F.leaky_relu(x, inplace=True)", _SIZES),
]
