"""Convolutions: of tiny problems, and of the layers of well-known models."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_LAYER = "x = torch.rand({input}); w = torch.rand({weight}) - 0.5; b = torch.rand({outputs}); leaves = [x, w, b]"


def _rows(name: str, input: str, weight: str, call: str, sizes: tuple[int, int, int], outputs: str = "") -> list[Row]:
    setup = _LAYER.format(input=input, weight=weight, outputs=outputs or weight.split(",")[0])
    return forward_and_backward(name, setup, call, sizes)


# Where n counts images: one, a few, a batch.
_BATCHES = (1, 8, 64)

ROWS: list[Row] = [
    # LeNet
    *_rows("conv 5x5 pad 2, 1 to 6, 28", "n, 1, 28, 28", "6, 1, 5, 5", "F.conv2d(x, w, b, padding=2)", _BATCHES),
    *_rows("conv 5x5, 6 to 16, 14", "n, 6, 14, 14", "16, 6, 5, 5", "F.conv2d(x, w, b)", _BATCHES),
    # ResNet
    *_rows("conv 3x3, 3 to 16, 32", "n, 3, 32, 32", "16, 3, 3, 3", "F.conv2d(x, w, b, padding=1)", _BATCHES),
    *_rows("conv 3x3, 16 to 16, 32", "n, 16, 32, 32", "16, 16, 3, 3", "F.conv2d(x, w, b, padding=1)", _BATCHES),
    *_rows("conv 3x3, 32 to 32, 16", "n, 32, 16, 16", "32, 32, 3, 3", "F.conv2d(x, w, b, padding=1)", _BATCHES),
    *_rows("conv 3x3, 64 to 64, 8", "n, 64, 8, 8", "64, 64, 3, 3", "F.conv2d(x, w, b, padding=1)", _BATCHES),
    *_rows("conv 3x3 stride 2, 16 to 32, 32", "n, 16, 32, 32", "32, 16, 3, 3", "F.conv2d(x, w, b, 2, 1)", _BATCHES),
    *_rows("conv 1x1, 32 to 64, 16", "n, 32, 16, 16", "64, 32, 1, 1", "F.conv2d(x, w, b)", _BATCHES),
    *_rows("conv 3x3 depthwise, 32, 16", "n, 32, 16, 16", "32, 1, 3, 3", "F.conv2d(x, w, b, 1, 1, 1, 32)", _BATCHES),
    *_rows("conv 3x3 2 groups, 32, 16", "n, 32, 16, 16", "32, 16, 3, 3", "F.conv2d(x, w, b, 1, 1, 1, 2)", _BATCHES),
    # Patches of a transformer
    *_rows("conv 8x8 stride 8, 3 to 64, 64", "n, 3, 64, 64", "64, 3, 8, 8", "F.conv2d(x, w, b, 8)", _BATCHES),
    # A generator
    *_rows(
        "transposed 4x4 stride 2, 32 to 16, 8",
        "n, 32, 8, 8",
        "32, 16, 4, 4",
        "F.conv_transpose2d(x, w, b, 2, 1)",
        _BATCHES,
        "16",
    ),
    # Sound
    *_rows("conv1d 9, 16 to 32, 1000", "n, 16, 1000", "32, 16, 9", "F.conv1d(x, w, b, padding=4)", (1, 4, 16)),
    *_rows("conv1d 10 stride 5, 1 to 32, 4000", "n, 1, 4000", "32, 1, 10", "F.conv1d(x, w, b, 5)", (1, 4, 16)),
    *_rows("conv3d 3x3x3, 4 to 8, 8", "n, 4, 8, 8, 8", "8, 4, 3, 3, 3", "F.conv3d(x, w, b, padding=1)", (1, 4, 16)),
    # Of n by n points
    *_rows("conv 3x3, 1 to 1", "1, 1, n, n", "1, 1, 3, 3", "F.conv2d(x, w, b)", (4, 32, 224)),
    *_rows("conv 3x3, 2 to 4", "1, 2, n, n", "4, 2, 3, 3", "F.conv2d(x, w, b, padding=1)", (3, 16, 112)),
    *_rows("conv1d 3, 1 to 2", "1, 1, n", "2, 1, 3", "F.conv1d(x, w, b, padding=1)", (8, 256, 16384)),
    *forward_and_backward("unfold 3x3", "x = torch.rand(1, 4, n, n); leaves = [x]", "F.unfold(x, 3)", (4, 32, 128)),
    *forward_and_backward(
        "fold 3x3", "x = torch.rand(1, 36, (n - 2) ** 2); leaves = [x]", "F.fold(x, (n, n), 3)", (4, 32, 128)
    ),
    *forward_and_backward(
        "bilinear",
        "x = torch.rand(n, 8); y = torch.rand(n, 8); w = torch.rand(8, 8, 8); leaves = [x, y, w]",
        "F.bilinear(x, y, w)",
        (2, 128, 4096),
    ),
    *forward_and_backward(
        "conv_tbc",
        "x = torch.rand(n, 2, 8); w = torch.rand(3, 8, 8); b = torch.rand(8); leaves = [x, w, b]",
        "torch.conv_tbc(x, w, b, 1)",
        (4, 64, 2048),
    ),
]
