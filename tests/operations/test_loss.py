"""Losses, softmax, activations, dropout: values by their definitions, names, warnings and errors as PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.autograd import grad, gradcheck, gradgradcheck
from framework.operations import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    dropout,
    huber_loss,
    kl_div,
    l1_loss,
    log_softmax,
    logsigmoid,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
    softmax,
    softplus,
)

REDUCTIONS = ["mean", "sum", "none"]


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), dtype=torch.float64)


def indices(high, *shape):
    return torch.tensor(np.random.default_rng(1).integers(0, high, shape))


def reduced(losses, reduction):
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (4, 1), (2, 3), (40, 40)])
def test_logits_loss_is_the_definition(shape, reduction):
    x, y = normal(*shape), (normal(*shape, seed=1) > 0).double()
    p = 1 / (1 + np.exp(-x.numpy()))
    expected = -(y.numpy() * np.log(p) + (1 - y.numpy()) * np.log(1 - p))
    loss = binary_cross_entropy_with_logits(x, y, reduction=reduction)
    np.testing.assert_allclose(loss.numpy(), reduced(expected, reduction))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_far_from_zero(dtype):
    x = torch.tensor([1000.0, -1000.0, 90.0, -90.0], dtype=dtype, requires_grad=True)
    y = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=dtype)
    assert binary_cross_entropy_with_logits(x, y, reduction="none").tolist() == [0, 0, 90, 90]
    loss = binary_cross_entropy_with_logits(x.expand(500, 4), y.expand(500, 4))
    assert loss.item() == 45 and loss.dtype is dtype
    loss.backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 0, 0.25, -0.25], rtol=1e-5)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, (3,), (2, 1)])
@pytest.mark.parametrize("pos_weight", [None, (3,)])
def test_weights_of_the_logits_loss(reduction, weight, pos_weight):
    x, y = normal(2, 3).requires_grad_(), softmax(normal(2, 3, seed=1), 1).requires_grad_()
    w, p = (None if each is None else normal(*each, seed=2).abs() for each in (weight, pos_weight))

    def loss(x, y):
        return binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=p, reduction=reduction)

    part = -(y * logsigmoid(x) * (1 if p is None else p) + (1 - y) * logsigmoid(-x)) * (1 if w is None else w)
    assert torch.allclose(loss(x, y), reduced(part, reduction))
    assert gradcheck(loss, (x, y)) and gradgradcheck(loss, (x, y))


def test_the_node_of_the_logits_loss():
    loss = binary_cross_entropy_with_logits(torch.zeros(3, requires_grad=True), torch.zeros(3))
    assert repr(loss) == "tensor(0.6931, grad_fn=<BinaryCrossEntropyWithLogitsBackward0>)"


def test_probabilities_of_exactly_zero_and_one():
    x = torch.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = binary_cross_entropy(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    assert loss.tolist() == [0, 0, 100, 100]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: binary_cross_entropy_with_logits(x, torch.zeros(2)),
            ValueError,
            r"Target size \(torch.Size\(\[2\]\)\) must be the same as input size \(torch.Size\(\[3\]\)\)",
        ),
        (
            lambda x: binary_cross_entropy_with_logits(x, torch.zeros(3), weight=torch.ones(3, requires_grad=True)),
            RuntimeError,
            "not differentiable with respect to argument 'weight'",
        ),
        (
            lambda x: binary_cross_entropy_with_logits(x, torch.zeros(3, dtype=torch.int64)),
            RuntimeError,
            "result type Float can't be cast to the desired output type Long",
        ),
        (lambda x: mse_loss(x, x, reduction="x"), ValueError, "x is not a valid value for reduction"),
        (lambda x: binary_cross_entropy(x + 2, x), RuntimeError, "all elements of input should be between 0 and 1"),
        (
            lambda x: binary_cross_entropy(torch.ones(3), torch.tensor([0, 1, 2.0])),
            RuntimeError,
            "all elements of target should be between 0 and 1",
        ),
        (lambda x: cross_entropy(x, torch.tensor([5])), IndexError, r"Target 5 is out of bounds\."),
        (lambda x: nll_loss(x.view(1, 3), torch.tensor([-1])), IndexError, r"Target -1 is out of bounds\."),
        (
            lambda x: nll_loss(x.view(1, 3), torch.tensor([0, 1])),
            ValueError,
            r"Expected input batch_size \(1\) to match target batch_size \(2\)\.",
        ),
        (
            lambda x: cross_entropy(x.view(1, 3), torch.tensor([0.0])),
            RuntimeError,
            "expected target dtype to be Long or Byte, but got Float",
        ),
        (
            lambda x: cross_entropy(x.view(1, 3), torch.tensor([0]), torch.ones(2)),
            RuntimeError,
            "weight tensor should be defined either for all 3 classes or no classes but got weight tensor of shape",
        ),
        (
            lambda x: cross_entropy(x.view(1, 3), torch.tensor([0]), label_smoothing=2),
            RuntimeError,
            "label_smoothing must be",
        ),
        (
            lambda x: softmax(x.long(), 0),
            NotImplementedError,
            "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        ),
        (lambda x: softmax(x, 1), IndexError, "Dimension out of range"),
        (lambda x: dropout(x, 1.5, True), RuntimeError, "dropout probability has to be between 0 and 1, but got 1.5"),
    ],
)
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call(torch.zeros(3))


@pytest.mark.parametrize("loss", [mse_loss, l1_loss, smooth_l1_loss, huber_loss])
def test_a_target_of_another_size_warns(loss):
    message = (
        r"Using a target size \(torch.Size\(\[1\]\)\) that is different to the input size \(torch.Size\(\[3\]\)\)\."
    )
    with pytest.warns(UserWarning, match=message):
        loss(torch.zeros(3), torch.zeros(1))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (mse_loss, lambda d: d * d),
        (l1_loss, abs),
        (smooth_l1_loss, lambda d: np.where(abs(d) < 1, d * d / 2, abs(d) - 0.5)),
        (huber_loss, lambda d: np.where(abs(d) < 1, d * d / 2, abs(d) - 0.5)),
    ],
)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_numbers(loss, expected, reduction):
    x, y = normal(3, 4), normal(3, 4, seed=1)
    ours = loss(x, y, reduction=reduction)
    np.testing.assert_allclose(ours.numpy(), reduced(expected(x.numpy() - y.numpy()), reduction))


def test_the_older_arguments_of_reduction_warn():
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert mse_loss(torch.ones(2), torch.zeros(2), size_average=False).item() == 2


@pytest.mark.parametrize("loss", [mse_loss, binary_cross_entropy_with_logits])
def test_the_mean_of_nothing_is_nan(loss):
    assert math.isnan(loss(torch.zeros(0), torch.zeros(0)).item())
    assert math.isnan(cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).item())


@given(
    st.sampled_from([(4, 3), (3,), (2, 3, 4), (2, 3, 2, 2)]),
    st.sampled_from(REDUCTIONS),
    st.booleans(),
    st.booleans(),
)
def test_cross_entropy_is_nll_of_log_softmax(shape, reduction, weighted, ignoring):
    x = normal(*shape).requires_grad_()
    dim = 0 if len(shape) == 1 else 1
    target = indices(3, *(shape[:dim] + shape[dim + 1 :]))
    options = {
        "weight": normal(3, seed=2).abs() if weighted else None,
        "ignore_index": int(target.reshape(-1)[0]) if ignoring and dim else -100,
        "reduction": reduction,
    }
    ours = cross_entropy(x, target, **options)
    parts = nll_loss(log_softmax(x, dim), target, **options)
    assert torch.allclose(ours, parts)
    assert torch.allclose(grad(ours.sum(), x)[0], grad(parts.sum(), x)[0])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_class_probabilities_and_label_smoothing(reduction, weighted):
    x, weight = normal(4, 3).requires_grad_(), normal(3, seed=2).abs() if weighted else None
    target = indices(3, 4)
    hard = torch.nn.functional.one_hot(target, 3).double()
    smooth = cross_entropy(x, target, weight, reduction=reduction, label_smoothing=0.1)
    soft = cross_entropy(x, hard, weight, reduction=reduction, label_smoothing=0.1)
    if not (weighted and reduction == "mean"):
        assert torch.allclose(smooth, soft)
    assert gradcheck(lambda x: cross_entropy(x, target, weight, reduction=reduction, label_smoothing=0.1), (x,))
    assert gradgradcheck(lambda x, y: cross_entropy(x, y, weight, reduction=reduction), (x, hard.requires_grad_()))


@pytest.mark.parametrize(
    ("shape", "reduction", "node"),
    [
        ((2, 3), "mean", "NllLossBackward0"),
        ((2, 3, 4), "mean", "NllLoss2DBackward0"),
        ((2, 3, 4), "none", "ViewBackward0"),
        ((2, 3, 4, 5), "none", "NllLoss2DBackward0"),
    ],
)
def test_the_node_of_cross_entropy(shape, reduction, node):
    target = torch.zeros(shape[:1] + shape[2:], dtype=torch.int64)
    loss = cross_entropy(normal(*shape).requires_grad_(), target, reduction=reduction)
    assert loss.grad_fn.name() == node


def test_all_samples_left_out():
    x = normal(2, 3).requires_grad_()
    loss = cross_entropy(x, torch.tensor([-100, -100]))
    assert math.isnan(loss.item())
    loss.backward()
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_changed_target_is_noticed():
    target = torch.tensor([0, 1])
    loss = cross_entropy(normal(2, 3).requires_grad_(), target)
    target[0] = 2
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation: \[torch.LongTensor \[2\]\]"):
        loss.backward()


def test_kl_div_has_its_definition_under_another_name():
    p, q = softmax(normal(2, 3), 1), softmax(normal(2, 3, seed=1), 1)
    expected = (p * (p / q).log()).sum() / 2
    assert torch.allclose(kl_div(q.log(), p, reduction="batchmean"), expected)
    assert torch.allclose(kl_div(q.log(), p.log(), reduction="batchmean", log_target=True), expected)
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        kl_div(q.log(), p)


@given(st.lists(st.integers(1, 4), max_size=3).map(tuple), st.integers(-3, 2))
def test_softmax_sums_to_one(shape, dim):
    if not -(len(shape) or 1) <= dim < (len(shape) or 1):
        return
    x = normal(*shape) * 10
    y = softmax(x, dim)
    np.testing.assert_allclose(y.numpy().sum(dim) if shape else y.numpy(), 1)
    np.testing.assert_allclose(log_softmax(x, dim).numpy(), np.log(y.numpy()), atol=1e-12)
    assert y.is_contiguous()


def test_softmax_of_extremes():
    inf, nan = math.inf, math.nan
    np.testing.assert_array_equal(softmax(torch.tensor([1e4, 0.0, -inf]), 0).numpy(), [1, 0, 0])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(softmax(torch.tensor([[-inf, -inf], [nan, 0.0]]), 1).numpy(), [[nan, nan]] * 2)


def test_softmax_of_wide_and_transposed_scores():
    x = normal(3, 1000).requires_grad_()
    np.testing.assert_allclose(softmax(x.t(), 0).t().detach().numpy(), softmax(x, 1).detach().numpy())
    assert softmax(x.t(), 0).is_contiguous()


def test_softplus_is_the_input_past_its_threshold():
    x = torch.tensor([-1.0, 1.0, 30.0], requires_grad=True)
    y = softplus(x, beta=2, threshold=20)
    np.testing.assert_allclose(y.detach().numpy()[:2], np.log1p(np.exp([-2.0, 2.0])) / 2, rtol=1e-6)
    assert y[2] == 30
    assert grad(y.sum(), x)[0][2] == 1


def test_dropout_draws_pytorchs_mask():
    torch.manual_seed(3)
    x = torch.ones(4, 5, requires_grad=True)
    y = dropout(x, 0.5, True)
    torch.manual_seed(3)
    noise = torch.empty(4, 5).bernoulli_(0.5).div_(0.5)
    assert y.equal(noise)
    y.sum().backward()
    assert x.grad.equal(noise)
    assert dropout(x, 0.5, False) is x and dropout(x, 0.0, True) is x
    assert not dropout(x, 1.0, True).any()


def test_large_losses_of_logits_are_those_of_small_ones_compiled_too():
    random = np.random.Generator(np.random.PCG64(0))
    x, y = (
        torch.from_numpy(each.astype(np.float32)) for each in (random.normal(size=20_000) * 50, random.random(20_000))
    )
    x.requires_grad_()

    def loss(x, y):
        return binary_cross_entropy_with_logits(x, y)

    small = torch.stack([loss(a, b) for a, b in zip(x.split(10_000), y.split(10_000), strict=True)]).mean()
    np.testing.assert_allclose(loss(x, y).item(), small.item(), rtol=1e-6)
    found, expected = (torch.autograd.grad(each, x)[0].numpy() for each in (loss(x, y), small))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-10)
    program = torch.compile(loss, fullgraph=True)
    for step in range(3):
        with torch.no_grad():
            assert torch.equal(program(x + step, y), loss(x + step, y))
