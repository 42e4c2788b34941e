"""Pooling, padding, resampling and sampling of images; n is a shape."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_IMAGE = "x = torch.rand(n); leaves = [x]"
_IMAGES = ((1, 1, 4, 4), (8, 16, 16, 16), (64, 16, 32, 32))
_SEQUENCES = ((1, 2, 8), (16, 32, 64), (64, 64, 512))
_VOLUMES = ((1, 1, 2, 2, 4), (2, 8, 8, 8, 8), (8, 16, 16, 16, 16))
_SMALLER = ((1, 1, 4, 4), (4, 8, 16, 16), (16, 16, 32, 32))

ROWS: list[Row] = [
    *forward_and_backward("max_pool2d 2", _IMAGE, "F.max_pool2d(x, 2)", _IMAGES),
    *forward_and_backward("max_pool2d 3, stride 2, padding 1", _IMAGE, "F.max_pool2d(x, 3, 2, 1)", _IMAGES),
    *forward_and_backward("max_pool1d 2", _IMAGE, "F.max_pool1d(x, 2)", _SEQUENCES),
    *forward_and_backward("max_pool3d 2", _IMAGE, "F.max_pool3d(x, 2)", _VOLUMES),
    Row("max_pool2d 2, with indices", _IMAGE, "F.max_pool2d(x, 2, return_indices=True)", _IMAGES),
    *forward_and_backward("avg_pool2d 2", _IMAGE, "F.avg_pool2d(x, 2)", _IMAGES),
    *forward_and_backward("avg_pool2d 3, stride 1, padding 1", _IMAGE, "F.avg_pool2d(x, 3, 1, 1)", _IMAGES),
    *forward_and_backward("avg_pool1d 2", _IMAGE, "F.avg_pool1d(x, 2)", _SEQUENCES),
    *forward_and_backward("adaptive_avg_pool2d 1", _IMAGE, "F.adaptive_avg_pool2d(x, 1)", _IMAGES),
    *forward_and_backward("adaptive_avg_pool2d 3", _IMAGE, "F.adaptive_avg_pool2d(x, 3)", _IMAGES),
    *forward_and_backward("adaptive_max_pool2d 2", _IMAGE, "F.adaptive_max_pool2d(x, 2)", _IMAGES),
    *forward_and_backward("pad, constant", _IMAGE, "F.pad(x, (1, 1, 1, 1))", _IMAGES),
    *forward_and_backward("pad, reflect", _IMAGE, "F.pad(x, (1, 1, 1, 1), 'reflect')", _IMAGES),
    *forward_and_backward("pad, replicate", _IMAGE, "F.pad(x, (1, 1, 1, 1), 'replicate')", _IMAGES),
    *forward_and_backward("interpolate, nearest", _IMAGE, "F.interpolate(x, scale_factor=2)", _SMALLER),
    *forward_and_backward(
        "interpolate, bilinear", _IMAGE, "F.interpolate(x, scale_factor=2, mode='bilinear')", _SMALLER
    ),
    *forward_and_backward("interpolate, bicubic", _IMAGE, "F.interpolate(x, scale_factor=2, mode='bicubic')", _SMALLER),
    *forward_and_backward(
        "pixel_shuffle", "x = torch.rand(n[0], n[1] * 4, n[2], n[3]); leaves = [x]", "F.pixel_shuffle(x, 2)", _SMALLER
    ),
    *forward_and_backward(
        "grid_sample",
        "x = torch.rand(n); grid = torch.rand(n[0], n[2], n[3], 2) * 2 - 1; leaves = [x, grid]",
        "F.grid_sample(x, grid, align_corners=False)",
        _SMALLER,
    ),
    *forward_and_backward("unfold, a view", _IMAGE, "x.unfold(2, 3, 1)", _SEQUENCES),
]
