"""Losses, and softmax."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SCORES = "rows, classes = n; x = torch.randn(rows, classes); y = torch.randint(0, classes, (rows,)); leaves = [x]"
_SHAPES = ((4, 4), (64, 10), (2048, 1000))
_PAIR = "x = torch.randn(n); y = torch.rand(n); leaves = [x]"
_SIZES = (16, 10_000, 1_000_000)

ROWS: list[Row] = [
    *forward_and_backward("softmax", _SCORES, "F.softmax(x, 1)", _SHAPES),
    *forward_and_backward("log_softmax", _SCORES, "F.log_softmax(x, 1)", _SHAPES),
    *forward_and_backward("cross_entropy", _SCORES, "F.cross_entropy(x, y)", _SHAPES),
    *forward_and_backward(
        "cross_entropy, 2048 × 65", _SCORES, "F.cross_entropy(x, y)", ((4, 65), (64, 65), (2048, 65))
    ),
    *forward_and_backward("nll_loss", _SCORES, "F.nll_loss(x, y)", _SHAPES),
    *forward_and_backward("mse_loss", _PAIR, "F.mse_loss(x, y)", _SIZES),
    *forward_and_backward("l1_loss", _PAIR, "F.l1_loss(x, y)", _SIZES),
    *forward_and_backward("smooth_l1_loss", _PAIR, "F.smooth_l1_loss(x, y)", _SIZES),
    *forward_and_backward("huber_loss", _PAIR, "F.huber_loss(x, y)", _SIZES),
    *forward_and_backward("bce with logits", _PAIR, "F.binary_cross_entropy_with_logits(x, y)", _SIZES),
    *forward_and_backward("kl_div", _PAIR, "F.kl_div(x, y)", _SIZES),
]
