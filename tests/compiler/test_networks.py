"""Whole networks, compiled: every step equals the eager one to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.nn import functional as F
from tests import networks
from tests.compiler.models import Training, step_of, train_both


def parameter(*shape):
    return nn.Parameter(framework.randn(*shape) * 0.1)


class Transformer(nn.Module):
    """One block: embedding, attention over heads, a hidden layer, the embedding again."""

    def __init__(self, words=7, length=5, width=8, heads=2):
        super().__init__()
        self.heads = heads
        self.table, self.places = parameter(words, width), parameter(length, width)
        self.qkv, self.out = parameter(3 * width, width), parameter(width, width)
        self.inner, self.outer = parameter(2 * width, width), parameter(width, 2 * width)
        self.scale, self.shift = nn.Parameter(framework.ones(width)), nn.Parameter(framework.zeros(width))

    def forward(self, x):
        batch, length = x.shape
        width = self.table.shape[1]
        h = F.embedding(x, self.table) + self.places
        q, k, v = [
            each.view(batch, length, self.heads, -1).transpose(1, 2)
            for each in F.linear(F.layer_norm(h, (width,), self.scale, self.shift), self.qkv).split(width, -1)
        ]
        h = h + F.linear(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2), self.out)
        h = F.dropout(h, 0.1, self.training)
        h = h + F.linear(F.gelu(F.linear(F.rms_norm(h, (width,)), self.inner)), self.outer)
        return (h @ self.table.t()).flatten(0, 1)


class Convolutional(nn.Module):
    """Convolutions with batch normalization, pooled; running statistics are buffers."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = parameter(3, 1, 3, 3), parameter(4, 3, 3, 3), parameter(3, 16)
        self.register_buffer("mean", framework.zeros(3))
        self.register_buffer("var", framework.ones(3))

    def forward(self, x):
        h = F.conv2d(x, self.first, padding=1)
        h = F.max_pool2d(F.relu(F.batch_norm(h, self.mean, self.var, training=self.training)), 2)
        h = F.avg_pool2d(F.conv2d(h, self.second, padding="same"), 2)
        return F.linear(F.pad(h, (0, 0)).flatten(1), self.last)


def word_batches():
    generator = np.random.default_rng(0)
    words = [generator.integers(7, size=(4, 5)) for _ in range(6)]
    return [(framework.from_numpy(x), framework.from_numpy(np.roll(x, 1).ravel())) for x in words]


def image_batches():
    generator = np.random.default_rng(0)
    return [
        (
            framework.from_numpy(generator.standard_normal((5, 1, 8, 8)).astype(np.float32)),
            framework.from_numpy(generator.integers(3, size=5)),
        )
        for _ in range(6)
    ]


SMALL = {
    "mlp": lambda: networks.mlp(framework, (6, 8, 3), batch=5),
    "lenet": lambda: networks.lenet(framework, batch=2),
    "residual": lambda: networks.residual(framework, batch=3, widths=(4, 4, 6), size=8),
    "lstm": lambda: networks.recurrent(framework, "LSTM", batch=3, steps=4, inputs=5, hidden=6),
    "gru": lambda: networks.recurrent(framework, "GRU", batch=3, steps=4, inputs=5, hidden=6),
    "gpt": lambda: networks.gpt(framework, batch=2, length=5, width=8, layers=2, heads=2, words=7, dropout=0.1),
}
OPTIMIZERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=0.01),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", SMALL)
def test_a_network_of_layers_trains_alike(name, optimizer):
    """As people write it, with layers, an optimizer and a schedule; nothing falls back."""
    data = SMALL[name]()

    def make():
        network = SMALL[name]()
        made = OPTIMIZERS[optimizer](network.model.parameters())
        schedule = optim.lr_scheduler.CosineAnnealingLR(made, T_max=5)
        step = networks.training(network, made)
        return Training(step, network.model, made, between=lambda number: number and schedule.step())

    def batches():
        x = data.x
        return [(x if x.dtype is framework.int64 else x * (1 + number), data.y) for number in range(5)]

    train_both(make, batches, fullgraph=True)


@pytest.mark.parametrize(("network", "batches"), [(Transformer, word_batches), (Convolutional, image_batches)])
def test_a_network_trains_alike(network, batches):
    def make():
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Training(step_of(model, optimizer), model, optimizer)

    train_both(make, batches, fullgraph=True)
