"""Activations, dropout and losses, where the table of checks does not reach."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.autograd import gradcheck
from framework.nn import functional as F

SMALL = st.floats(-80, 80, allow_nan=False, width=32)


@given(st.lists(SMALL, min_size=1, max_size=20))
def test_sigmoid_and_its_relatives_are_exact_in_their_tails(values):
    x = torch.tensor(values, dtype=torch.float32)
    exact = [1 / (1 + math.exp(-each)) for each in values]
    np.testing.assert_allclose(torch.sigmoid(x).numpy(), exact, rtol=1e-6)
    np.testing.assert_allclose(
        F.silu(x).numpy(), [a * b for a, b in zip(values, exact, strict=True)], rtol=1e-6, atol=1e-37
    )
    softplus = [math.log1p(math.exp(-abs(each))) + max(each, 0) for each in values]
    np.testing.assert_allclose(F.softplus(x).numpy(), softplus, rtol=1e-6, atol=1e-37)
    mish = [each * math.tanh(soft) for each, soft in zip(values, softplus, strict=True)]
    np.testing.assert_allclose(F.mish(x).numpy(), mish, rtol=2e-6, atol=1e-37)


@given(st.lists(SMALL, min_size=1, max_size=20), st.floats(0.125, 3, width=32))
def test_pieces_meet_their_definitions(values, bound):
    x = torch.tensor(values)
    inside = (x.abs() <= bound).numpy()
    assert torch.equal(F.hardshrink(x, bound), torch.where(torch.from_numpy(inside), 0.0, x))
    shrunk = torch.where(x > bound, x - bound, torch.where(x < -bound, x + bound, 0.0))
    assert torch.equal(F.softshrink(x, bound), shrunk)
    assert torch.equal(F.leaky_relu(x, -bound), torch.where(x > 0, x, x * -bound))
    assert torch.equal(F.leaky_relu(x, 0.3), torch.where(x > 0, x, x * 0.3))
    assert torch.equal(F.hardtanh(x, -bound, bound), x.clamp(-bound, bound))


def test_leaky_relu_of_infinity_with_a_slope_of_zero():
    x = torch.tensor([math.inf, 1.0, -1.0])
    assert F.leaky_relu(x, 0.0).tolist() == [math.inf, 1.0, 0.0]


def test_alpha_dropout_keeps_mean_and_variance():
    torch.manual_seed(0)
    x = torch.selu(torch.randn(200_000))
    y = F.alpha_dropout(x, 0.3, training=True)
    assert abs(y.mean().item() - x.mean().item()) < 0.02
    assert abs(y.var().item() - x.var().item()) < 0.05


def test_channel_dropout_leaves_out_whole_channels():
    torch.manual_seed(0)
    y = F.dropout2d(torch.ones(8, 16, 3, 3), 0.5)
    sums = y.sum((2, 3))
    assert set(sums.unique().tolist()) == {0.0, 18.0}


def _alignments(scores: np.ndarray, labels: list[int], blank: int) -> float:
    """The probability of all ways to read the labels, by trying every sequence of classes."""
    total = 0.0
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        read = [each for each, _ in itertools.groupby(path)]
        if [each for each in read if each != blank] == labels:
            total += math.prod(scores[time, each] for time, each in enumerate(path))
    return total


@given(
    st.integers(0, 4).flatmap(lambda steps: st.tuples(st.just(steps), st.integers(0, 2), st.integers(0, 2**16))),
    st.lists(st.integers(0, 1), max_size=3),
)
def test_ctc_loss_sums_over_all_alignments(case, labels):
    steps, blank, seed = case
    labels = [each + (each >= blank) for each in labels]
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.normal(size=(5, 1, 3))).log_softmax(2)
    loss = F.ctc_loss(scores, torch.tensor([labels]).long(), (steps,), (len(labels),), blank, "none")
    probability = _alignments(np.exp(scores.numpy())[:steps, 0], labels, blank)
    assert loss.item() == pytest.approx(-math.log(probability) if probability else math.inf, abs=1e-9)


def test_ctc_loss_behind_log_softmax_has_the_gradient_of_finite_differences():
    targets = torch.tensor([[1, 1, 2], [2, 3, 0], [0, 0, 0]])

    def loss(x):
        return F.ctc_loss(x.log_softmax(2), targets, (6, 5, 4), (3, 2, 0), reduction="none")

    torch.manual_seed(0)
    assert gradcheck(loss, [torch.randn(6, 3, 4, dtype=torch.float64, requires_grad=True)])


def test_ctc_loss_says_that_it_has_no_second_derivative():
    x = torch.randn(4, 1, 3, requires_grad=True)
    loss = F.ctc_loss(x.log_softmax(2), torch.tensor([[1]]), (4,), (1,))
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="derivative for aten::_ctc_loss_backward is not implemented"):
        gradient.sum().backward()


def test_ctc_loss_refuses_classes_out_of_bounds_where_they_count():
    scores = torch.zeros(4, 1, 3)
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        F.ctc_loss(scores, torch.tensor([[1, 7]]), (4,), (2,))
    assert F.ctc_loss(scores, torch.tensor([[1, 7]]), (4,), (1,)).isfinite()


def test_losses_of_the_top_level_count_their_reductions():
    x, y = torch.tensor([0.5, -1.0]), torch.tensor([0.25, 0.75])
    losses = F.kl_div(x, y, reduction="none")
    assert torch.equal(torch.kl_div(x, y), losses)
    assert torch.equal(torch.kl_div(x, y, 1), losses.mean())
    assert torch.equal(torch.kl_div(x, y, 2), losses.sum())
    with pytest.raises(TypeError, match="argument 'reduction' must be int, not str"):
        torch.margin_ranking_loss(x, y, y, 0.0, "mean")
