"""Normalizations, embeddings and attention: what their rows and programs do not show, above all work in blocks."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch
from framework.nn import functional as F
from framework.operations.embedding import row_sums


def gradients(function, *arrays):
    """The result of a function of tensors, and its gradients for a fixed one that comes in."""
    leaves = [torch.from_numpy(each.copy()).requires_grad_() for each in arrays]
    out = function(*leaves)
    incoming = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
    return [out.detach().numpy(), *[each.numpy() for each in torch.autograd.grad(out, leaves, incoming)]]


def random(*shape):
    return np.random.Generator(np.random.PCG64(sum(shape))).normal(size=shape)


BLOCKED = {
    "layer_norm": ("row_blocks", lambda x, w, b: F.layer_norm(x, (6,), w, b), [random(11, 6), random(6), random(6)]),
    "rms_norm": ("row_blocks", lambda x, w: F.rms_norm(x, (6,), w), [random(11, 6), random(6)]),
    "plain layer_norm": ("row_blocks", lambda x: F.layer_norm(x, (6,)), [random(11, 6)]),
    "group_norm": ("row_blocks", lambda x, w, b: F.group_norm(x, 2, w, b), [random(7, 4, 3), random(4), random(4)]),
    "batch_norm": (
        "batch_norm",
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [random(3, 7, 2, 2), random(7), random(7)],
    ),
    "batch_norm of long channels": (
        "batch_norm",
        lambda x, w: F.batch_norm(x, None, None, w, None, True),
        [random(5, 2, 65), random(2)],
    ),
    "attention": (
        "attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [random(7, 2, 3, 4), random(7, 2, 5, 4), random(7, 2, 5, 4)],
    ),
    "attention with a mask": (
        "attention",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
        [random(7, 2, 3, 4), random(1, 2, 5, 4), random(2, 5, 1), random(7, 1, 3, 5)],
    ),
    "gelu": ("approximating", lambda x: F.gelu(x), [random(5, 13)]),
    "gelu, tanh": ("approximating", lambda x: F.gelu(x, approximate="tanh"), [random(5, 13)]),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_blocks_make_no_difference(name, monkeypatch):
    module, function, arrays = BLOCKED[name]
    expected = gradients(function, *arrays)
    constant = "BLOCK" if module == "approximating" else "_BLOCK"
    monkeypatch.setattr(importlib.import_module(f"framework.operations.{module}"), constant, 8)
    if module == "row_blocks":
        monkeypatch.setattr("framework.operations.row_norm._MANY", 0)
        monkeypatch.setattr("framework.operations.row_blocks._LINE_BLOCK", 8)
    if module == "batch_norm":
        monkeypatch.setattr(importlib.import_module("framework.operations.batch_norm"), "_SMALL", 0)
    for one, other in zip(expected, gradients(function, *arrays), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_a_program_with_blocks_equals_eager(monkeypatch):
    monkeypatch.setattr("framework.operations.row_norm._MANY", 0)
    monkeypatch.setattr("framework.operations.row_blocks._BLOCK", 8)
    x, w = torch.from_numpy(random(11, 8).astype(np.float32)), torch.ones(8)

    @torch.compile(fullgraph=True)
    def normalized(x):
        return F.layer_norm(x, (8,), w)

    with torch.no_grad():
        assert all(torch.equal(normalized(x + step), F.layer_norm(x + step, (8,), w)) for step in range(3))


@given(st.integers(1, 9), st.integers(0, 300), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_row_sums_count_every_repetition(count, length, width, seed):
    random = np.random.Generator(np.random.PCG64(seed))
    indices = random.integers(0, count, length)
    values = random.normal(size=(length, width))
    expected = np.zeros((count, width))
    np.add.at(expected, indices, values)
    np.testing.assert_allclose(row_sums(values, indices, count, -1, False), expected, atol=1e-12)
    expected[0] = 0
    np.testing.assert_allclose(row_sums(values, indices, count, 0, False), expected, atol=1e-12)


def test_layer_norm_of_a_large_mean_keeps_its_digits():
    x = random(4, 64) + 1000
    found = F.layer_norm(torch.from_numpy(x.astype(np.float32)), (64,)).numpy()
    np.testing.assert_allclose(found, F.layer_norm(torch.from_numpy(x), (64,)).numpy(), atol=1e-3)


def test_gelu_in_single_precision_is_close_everywhere():
    x = torch.linspace(-30, 30, 5000, dtype=torch.float64)
    np.testing.assert_allclose(F.gelu(x.float()).numpy(), F.gelu(x).numpy(), rtol=2e-7, atol=5e-7)


def test_running_statistics_follow_the_batches():
    mean, variance = torch.zeros(3), torch.ones(3)
    counts = mean._version, variance._version
    x = torch.from_numpy(random(5, 3, 2).astype(np.float32))
    F.batch_norm(x, mean, variance, training=True, momentum=0.25)
    np.testing.assert_allclose(mean.numpy(), 0.25 * x.mean((0, 2)).numpy(), rtol=1e-5)
    np.testing.assert_allclose(variance.numpy(), 0.75 + 0.25 * x.var((0, 2)).numpy(), rtol=1e-5)
    assert mean._version > counts[0] and variance._version > counts[1]
    before = mean.clone()
    F.batch_norm(x, mean, variance)
    assert torch.equal(mean, before)


def test_running_statistics_are_updated_in_every_run_of_a_program():
    x = torch.from_numpy(random(5, 3).astype(np.float32))
    found = []
    for wrap in (torch.compile(fullgraph=True), lambda function: function):
        mean, variance = torch.zeros(3), torch.ones(3)

        def step(x, mean=mean, variance=variance):
            return F.batch_norm(x, mean, variance, training=True)

        call = wrap(step)
        for factor in range(1, 5):
            call(x * factor)
        found.append((mean, variance))
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])


def test_max_norm_shortens_the_table_itself():
    table = torch.arange(12.0).reshape(4, 3).requires_grad_()
    out = F.embedding(torch.tensor([1, 3, 3]), table, max_norm=1.0)
    np.testing.assert_allclose(
        table.detach().norm(dim=1).numpy(), [5**0.5, 1, 21.0**0.5 * 0 + table[2].norm().item(), 1], rtol=1e-5
    )
    np.testing.assert_allclose(out.detach().norm(dim=1).numpy(), 1.0, rtol=1e-5)
    out.sum().backward()
    assert table.grad.tolist() == [[0] * 3, [1] * 3, [0] * 3, [2] * 3]


@pytest.mark.parametrize("function", [F.embedding, F.embedding_bag])
def test_sparse_gradients_are_refused_clearly(function):
    with pytest.raises(NotImplementedError, match="no sparse tensors here. Leave sparse=False"):
        function(torch.tensor([[0, 1]]), torch.ones(2, 3), sparse=True)


def test_a_query_that_sees_no_key_gets_zeros_and_no_gradient():
    q = torch.from_numpy(random(1, 1, 3, 2)).requires_grad_()
    mask = torch.tensor([[True, True], [False, False], [True, False]])
    for dropout in (0.0, 0.5):
        out = F.scaled_dot_product_attention(q, q[..., :2, :], q[..., :2, :], mask, dropout)
        assert out[0, 0, 1].tolist() == [0.0, 0.0]
        (gradient,) = torch.autograd.grad(out.sum(), q)
        assert bool(gradient.isfinite().all())


def test_attention_does_not_overflow():
    q = torch.full((1, 1, 2, 4), 1e4)
    assert F.scaled_dot_product_attention(q, q, q).tolist() == q.tolist()
