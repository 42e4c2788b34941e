"""Recurrent layers, transformers and clipping, compiled: every step equals the eager one to the last bit."""

from __future__ import annotations

import pytest

import framework
from framework import nn, optim
from tests.compiler.models import Training, train_both


class Recurrent(nn.Module):
    """A recurrent layer whose output is read out at each step."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.read = nn.Linear(layer(framework.zeros(1, 1, 3))[0].shape[-1], 2)

    def forward(self, x):
        return self.read(self.layer(x)[0])


class Cells(nn.Module):
    """A step at a time."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.LSTMCell(3, 4), nn.GRUCell(4, 3), nn.RNNCell(3, 2)

    def forward(self, x):
        state, h, found = None, None, []
        for each in x:
            state = self.first(each, state)
            h = self.second(state[0], h)
            found.append(self.third(h))
        return framework.stack(found)


class Translator(nn.Module):
    """A transformer that reads a sequence and is given the same again."""

    def __init__(self):
        super().__init__()
        self.lift, self.model = nn.Linear(3, 4), nn.Transformer(4, 2, 1, 1, 5, activation="gelu", batch_first=True)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(2))

    def forward(self, x):
        x = self.lift(x)
        return self.model(x, x, tgt_mask=self.mask)


class Packed(nn.Module):
    """Sequences of different lengths."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(3, 2, bidirectional=True)

    def forward(self, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3])
        return nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0])[0]


NETWORKS = {
    "RNN": lambda: Recurrent(nn.RNN(3, 4, nonlinearity="relu")),
    "LSTM": lambda: Recurrent(nn.LSTM(3, 4, 2, dropout=0.3, bidirectional=True)),
    "LSTM, projected": lambda: Recurrent(nn.LSTM(3, 4, proj_size=2, batch_first=True)),
    "GRU": lambda: Recurrent(nn.GRU(3, 4, 2, dropout=0.3)),
    "cells": Cells,
    "packed": Packed,
    "transformer": Translator,
}


def batches():
    framework.manual_seed(1)
    return [(framework.randn(5, 2, 3),) for _ in range(4)]


def test_a_long_sequence_is_one_call():
    for layer in (nn.RNN(2, 2), nn.LSTM(2, 2), nn.GRU(2, 2)):

        def step(x, layer=layer):
            x = x.detach().requires_grad_()
            layer(x)[0].square().sum().backward()
            return x.grad

        compiled = framework.compile(step, fullgraph=True)
        x = framework.randn(200, 1, 2)
        for each in (x, x + 1, x - 1):
            assert framework.equal(compiled(each), step(each))
        assert all(len(program.source.splitlines()) < 100 for program in compiled.programs)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_trains_alike_with_clipped_gradients(name):
    def make():
        framework.manual_seed(0)
        model = NETWORKS[name]()
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            nn.utils.clip_grad_value_(model.parameters(), 0.01)
            optimizer.step()
            return loss.detach(), norm

        return Training(step, model, optimizer)

    train_both(make, batches, fullgraph=True)
