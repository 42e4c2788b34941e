"""Losses, and softmax."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_SCORES = "rows, classes = n; x = torch.randn(rows, classes); y = torch.randint(0, classes, (rows,)); leaves = [x]"
_SHAPES = ((4, 4), (64, 10), (2048, 1000))
_PAIR = "x = torch.randn(n); y = torch.rand(n); leaves = [x]"
_SHARE = "x = torch.rand(n) * 0.9 + 0.05; y = torch.rand(n); leaves = [x]"
_SIGNS = "x = torch.randn(n); y = torch.randn(n).sign(); leaves = [x]"
_ROWS = """
rows, width = n; x, y = torch.randn(rows, width), torch.randn(rows, width)
z = torch.rand(rows, width); t = y[:, 0].sign(); leaves = [x]
"""
_LABELS = "rows, classes = n; x = torch.randn(rows, classes); y = torch.randint(-1, classes, n); leaves = [x]"
_SEQUENCES = """
steps, samples, classes = n; x = torch.randn(n).log_softmax(2); y = torch.randint(1, classes, (samples, steps // 3))
lengths, counts = (steps,) * samples, (steps // 3,) * samples; leaves = [x]
"""
_PIXELS = (
    "count, classes, side = n; x = torch.randn(count, classes, side, side); leaves = [x]\n"
    "y = torch.randint(0, classes, (count, side, side))"
)
_SIZES = (16, 10_000, 1_000_000)

ROWS: list[Row] = [
    *forward_and_backward("softmax", _SCORES, "F.softmax(x, 1)", _SHAPES),
    *forward_and_backward("log_softmax", _SCORES, "F.log_softmax(x, 1)", _SHAPES),
    *forward_and_backward("cross_entropy", _SCORES, "F.cross_entropy(x, y)", _SHAPES),
    *forward_and_backward(
        "cross_entropy, 2048 × 65", _SCORES, "F.cross_entropy(x, y)", ((4, 65), (64, 65), (2048, 65))
    ),
    *forward_and_backward(
        "cross_entropy of images", _PIXELS, "F.cross_entropy(x, y)", ((1, 2, 2), (4, 8, 16), (4, 21, 64))
    ),
    *forward_and_backward("nll_loss", _SCORES, "F.nll_loss(x, y)", _SHAPES),
    *forward_and_backward("mse_loss", _PAIR, "F.mse_loss(x, y)", _SIZES),
    *forward_and_backward("l1_loss", _PAIR, "F.l1_loss(x, y)", _SIZES),
    *forward_and_backward("smooth_l1_loss", _PAIR, "F.smooth_l1_loss(x, y)", _SIZES),
    *forward_and_backward("huber_loss", _PAIR, "F.huber_loss(x, y)", _SIZES),
    *forward_and_backward("bce with logits", _PAIR, "F.binary_cross_entropy_with_logits(x, y)", _SIZES),
    *forward_and_backward("bce", _SHARE, "F.binary_cross_entropy(x, y)", _SIZES),
    *forward_and_backward("poisson_nll_loss", _PAIR, "F.poisson_nll_loss(x, y)", _SIZES),
    *forward_and_backward("gaussian_nll_loss", _PAIR, "F.gaussian_nll_loss(x, y, y)", _SIZES),
    *forward_and_backward("soft_margin_loss", _PAIR, "F.soft_margin_loss(x, y)", _SIZES),
    *forward_and_backward("hinge_embedding_loss", _SIGNS, "F.hinge_embedding_loss(x, y)", _SIZES),
    *forward_and_backward("margin_ranking_loss", _SIGNS, "F.margin_ranking_loss(x, x, y)", _SIZES),
    *forward_and_backward("cosine_embedding_loss", _ROWS, "F.cosine_embedding_loss(x, y, t)", _SHAPES),
    *forward_and_backward("triplet_margin_loss", _ROWS, "F.triplet_margin_loss(x, y, z)", _SHAPES),
    *forward_and_backward("multi_margin_loss", _SCORES, "F.multi_margin_loss(x, y)", _SHAPES),
    *forward_and_backward("multilabel_soft_margin_loss", _ROWS, "F.multilabel_soft_margin_loss(x, z)", _SHAPES),
    *forward_and_backward(
        "multilabel_margin_loss", _LABELS, "F.multilabel_margin_loss(x, y)", ((4, 4), (64, 10), (64, 50))
    ),
    *forward_and_backward(
        "ctc_loss", _SEQUENCES, "F.ctc_loss(x, y, lengths, counts)", ((4, 2, 4), (50, 16, 20), (200, 32, 60))
    ),
    *forward_and_backward("kl_div", _PAIR, "F.kl_div(x, y)", _SIZES),
]
