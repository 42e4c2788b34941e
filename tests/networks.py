"""Networks as people write them for PyTorch: the same code for either library, which is given as `torch`.

Each function gives a model, a loss of its output, and a batch; sizes are those of the benchmarks unless given.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Network(NamedTuple):
    """A model, the loss of what it gives, and inputs with their targets."""

    model: Any
    loss: Any
    x: Any
    y: Any


def mlp(torch: Any, sizes: tuple[int, ...] = (64, 128, 10), batch: int = 64) -> Network:
    """Layers with ReLU between them."""
    nn = torch.nn
    layers = [layer for i, o in zip(sizes[:-1], sizes[1:], strict=True) for layer in (nn.Linear(i, o), nn.ReLU())]
    return _classes(torch, nn.Sequential(*layers[:-1]), torch.randn(batch, sizes[0]), sizes[-1])


def lenet(torch: Any, batch: int = 64) -> Network:
    """Two convolutions and three layers, for images of 28×28."""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    return _classes(torch, model, torch.randn(batch, 1, 28, 28), 10)


def residual(torch: Any, batch: int = 32, widths: tuple[int, ...] = (16, 16, 32, 32), size: int = 32) -> Network:
    """Residual blocks with batch normalization; a block that widens also halves the image."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, i: int, o: int) -> None:
            super().__init__()
            stride = 1 if i == o else 2
            self.conv1, self.norm1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
            self.conv2, self.norm2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
            self.short = nn.Identity() if i == o else nn.Conv2d(i, o, 1, stride, bias=False)

        def forward(self, x: Any) -> Any:
            h = self.norm1(self.conv1(x)).relu()
            return (self.norm2(self.conv2(h)) + self.short(x)).relu()

    first, last = widths[0], widths[-1]
    model = nn.Sequential(
        nn.Conv2d(3, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(),
        *[Block(i, o) for i, o in zip(widths[:-1], widths[1:], strict=True)],
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 10),
    )  # fmt: skip
    return _classes(torch, model, torch.randn(batch, 3, size, size), 10)


def recurrent(
    torch: Any, kind: str = "LSTM", batch: int = 32, steps: int = 32, inputs: int = 64, hidden: int = 128
) -> Network:
    """A recurrent layer whose last output is classified."""
    nn = torch.nn

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = getattr(nn, kind)(inputs, hidden, batch_first=True)
            self.last = nn.Linear(hidden, 10)

        def forward(self, x: Any) -> Any:
            return self.last(self.layer(x)[0][:, -1])

    return _classes(torch, Reader(), torch.randn(batch, steps, inputs), 10)


def gpt(
    torch: Any, batch: int = 16, length: int = 128, width: int = 128, layers: int = 4, heads: int = 4, words: int = 65,
    dropout: float = 0.0,
) -> Network:  # fmt: skip
    """A decoder of transformer blocks that predicts the next word."""
    nn, F = torch.nn, torch.nn.functional

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x: Any) -> Any:
            q, k, v = [
                each.view(*x.shape[:2], heads, width // heads).transpose(1, 2)
                for each in self.qkv(x).split(width, dim=2)
            ]
            attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out(attended.transpose(1, 2).contiguous().view(*x.shape))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), Attention(), nn.LayerNorm(width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(words, width), nn.Embedding(length, width)
            self.blocks = nn.ModuleList([Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
            nn.init.normal_(self.words.weight, std=0.02)
            self.head.weight = self.words.weight

        def forward(self, x: Any) -> Any:
            h = self.words(x) + self.places(torch.arange(x.shape[1]))
            for block in self.blocks:
                h = block(h)
            return self.head(self.norm(h)).flatten(0, 1)

    text = torch.randint(0, words, (batch, length + 1))
    return Network(GPT(), nn.CrossEntropyLoss(), text[:, :-1].contiguous(), text[:, 1:].flatten())


def _classes(torch: Any, model: Any, x: Any, classes: int) -> Network:
    return Network(model, torch.nn.CrossEntropyLoss(), x, torch.randint(0, classes, (x.shape[0],)))


def training(network: Network, optimizer: Any) -> Any:
    """The step as everyone writes it."""
    model, loss_function = network.model, network.loss

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step
