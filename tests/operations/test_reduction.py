"""Reductions: PyTorch's overloads, types, empty inputs, ties and nan."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch

inf, nan = math.inf, math.nan


def same(tensor, expected):
    np.testing.assert_array_equal(tensor.detach().numpy(), np.array(expected, tensor.numpy(force=True).dtype))


@pytest.mark.parametrize(
    ("reduce", "name"),
    [
        (lambda x: x.sum(), "SumBackward0"),
        (lambda x: x.sum(dim=None), "SumBackward1"),
        (lambda x: x.mean(), "MeanBackward0"),
        (lambda x: x.mean((0, 1)), "MeanBackward1"),
        (lambda x: x.prod(), "ProdBackward0"),
        (lambda x: x.prod(0), "ProdBackward1"),
        (lambda x: x.max(), "MaxBackward1"),
        (lambda x: x.max(0)[0], "MaxBackward0"),
        (lambda x: x.amin(), "AminBackward0"),
        (lambda x: x.var(), "VarBackward0"),
        (lambda x: x.std(0), "StdBackward0"),
        (lambda x: torch.var_mean(x)[1], "VarMeanBackward0"),
        (lambda x: x.norm(), "LinalgVectorNormBackward0"),
        (lambda x: x.logsumexp(0), "LogsumexpBackward0"),
        (lambda x: x.cumsum(0), "CumsumBackward0"),
        (lambda x: x.nansum(), "NansumBackward0"),
    ],
)
def test_nodes_bear_pytorchs_names(reduce, name):
    assert type(reduce(torch.rand(2, 3, requires_grad=True)).grad_fn).__name__ == name


@pytest.mark.parametrize(("dim", "axes"), [(0, 0), (-1, -1), ((0, 2), (0, 2)), ([1], (1,)), ((), None), (None, None)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_dimensions_in_every_form(dim, axes, keepdim):
    x = torch.arange(24.0).reshape(2, 3, 4)
    array = x.numpy()
    for ours, numpys in ((torch.sum, np.sum), (torch.mean, np.mean), (torch.amax, np.max)):
        same(
            ours(x, () if ours is torch.amax and dim is None else dim, keepdim),
            numpys(array, axis=axes, keepdims=keepdim),
        )
    assert torch.sum(x, axis=1, keepdims=True).shape == (2, 1, 4)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.sum(2), IndexError, r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)"),
        (lambda x: x.sum((0, -2)), RuntimeError, "dim 0 appears multiple times in the list of dims"),
        (lambda x: x.sum(0, 1), TypeError, "argument 'keepdim' must be bool, not int"),
        (lambda x: x.sum(keepdim=True), TypeError, "invalid combination of arguments"),
        (lambda x: x.long().mean(), RuntimeError, r"mean\(\): could not infer output dtype.* Got: Long"),
        (lambda x: x.long().var(), RuntimeError, "std and var only support floating point"),
        (lambda x: x.long().norm(), RuntimeError, "Expected a floating point or complex tensor as input. Got Long"),
        (lambda x: x.var(0, 1), TypeError, "give either unbiased, which is True or False, or correction"),
        (lambda x: torch.zeros(0).max(), RuntimeError, "Expected reduction dim to be specified for input.numel"),
        (lambda x: torch.zeros(0, 3).max(0), IndexError, r"max\(\): Expected reduction dim 0 to have non-zero size."),
        (lambda x: torch.zeros(0, 3).amax(0), IndexError, r"amax\(\): Expected reduction dim 0 to have non-zero"),
        (lambda x: torch.zeros(0).argmax(), IndexError, r"argmax\(\): Expected reduction dim to be specified"),
        (lambda x: (x > 0).argmax(), RuntimeError, r"argmax\(\): does not support bool input"),
        (lambda x: torch.zeros(0).norm(inf), RuntimeError, "cannot compute the inf norm on an empty tensor"),
        (lambda x: x.logsumexp(), TypeError, 'missing 1 required positional arguments: "dim"'),
        (lambda x: torch.sum(3), TypeError, r"sum\(\): argument 'input' \(position 1\) must be Tensor, not int"),
        (lambda x: x.norm("other"), RuntimeError, "Order other not supported"),
    ],
)
def test_errors_are_pytorchs(call, kind, message):
    with pytest.raises(kind, match=message):
        call(torch.ones(2, 2))


def test_types_of_results():
    for kind in (torch.uint8, torch.int32, torch.bool):
        x = torch.ones(3, dtype=kind)
        assert x.sum().dtype is x.prod().dtype is x.cumsum(0).dtype is torch.int64
        assert x.amax().dtype is kind
    assert torch.ones(3, dtype=torch.uint8).all().dtype is torch.uint8
    assert torch.ones(3).all().dtype is torch.bool
    assert torch.ones(3).sum(dtype=torch.float64).dtype is torch.float64
    assert torch.tensor([250, 10]).sum(dtype=torch.uint8).item() == 4
    assert torch.ones(3).argmax().dtype is torch.int64


def test_half_precision_is_summed_in_single():
    x = torch.full((3000,), 0.1, dtype=torch.float16)
    assert x.sum().item() == 300
    assert torch.full((1000,), 60000.0, dtype=torch.float16).mean().item() == 60000


def test_empty_inputs():
    empty = torch.zeros(0)
    assert empty.sum().item() == 0
    assert empty.prod().item() == 1
    assert math.isnan(empty.mean().item())
    assert empty.logsumexp(0).item() == -inf
    assert empty.all().item()
    assert not empty.any().item()
    assert torch.zeros(0, 3).max(1).values.shape == (0,)
    assert torch.zeros(2, 0).sum(1).tolist() == [0, 0]


def test_max_with_dim_is_a_pair_that_prints_as_pytorchs():
    pair = torch.tensor([[1.0, 3.0], [2.0, 2.0]]).max(1)
    assert repr(pair) == "torch.return_types.max(\nvalues=tensor([3., 2.]),\nindices=tensor([1, 0]))"
    values, indices = pair
    assert values is pair.values
    assert indices is pair.indices is pair[1]
    assert isinstance(pair, tuple)
    x = torch.tensor([1.0, 4.0])
    same(torch.max(x, torch.tensor([2.0, 2.0])), [2.0, 4.0])


def test_ties():
    x = torch.tensor([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]], requires_grad=True)
    same(torch.autograd.grad(x.amax(1).sum(), x)[0], [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    same(torch.autograd.grad(x.max(1).values.sum(), x)[0], [[1, 0, 0], [1, 0, 0]])
    same(torch.autograd.grad(x.max(), x)[0], [[0, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_nan_wins():
    x = torch.tensor([1.0, nan, 3.0], requires_grad=True)
    assert math.isnan(x.max().item())
    assert math.isnan(x.min().item())
    assert x.argmax().item() == x.argmin().item() == 1
    same(torch.autograd.grad(x.max(), x)[0], [0, 1, 0])
    assert x.nansum().item() == 4
    assert x.nanmean().item() == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2.0, 0.0, 3.0], [0, 6, 0]), ([0.0, 0.0, 3.0], [0, 0, 0]), ([0.0], [1]), ([2.0, 3.0], [3, 2])],
)
def test_the_gradient_of_a_product_with_zeros(values, expected):
    for product in (torch.prod, lambda x: torch.prod(x, 0), lambda x: torch.cumprod(x, 0)[-1]):
        x = torch.tensor(values, requires_grad=True)
        product(x).backward()
        same(x.grad, expected)


def test_variance_and_its_corrections():
    x = torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 3.0]])
    array = x.numpy()
    for keywords, ddof in (({}, 1), ({"unbiased": False}, 0), ({"correction": 2}, 2), ({"correction": 0}, 0)):
        np.testing.assert_allclose(x.var(1, **keywords).numpy(), array.var(1, ddof=ddof), rtol=1e-6)
        np.testing.assert_allclose(x.std(**keywords).item(), array.std(ddof=ddof), rtol=1e-6)
    assert x.var(False).item() == pytest.approx(float(array.var()))
    spread, mean = torch.std_mean(x, 0, keepdim=True)
    assert spread.shape == mean.shape == (1, 3)
    with pytest.warns(UserWarning, match=r"var\(\): degrees of freedom is <= 0"):
        assert math.isnan(torch.ones(1).var().item())


def test_logsumexp_does_not_overflow():
    assert torch.tensor([1000.0, 1000.0]).logsumexp(0).item() == pytest.approx(1000 + math.log(2))
    assert torch.tensor([-inf, -inf]).logsumexp(0).item() == -inf
    assert torch.tensor([inf, 1.0]).logsumexp(0).item() == inf


@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, inf, -inf])
def test_norms(order):
    x = torch.tensor([[3.0, -4.0], [1.0, 2.0]])
    np.testing.assert_allclose(x.norm(order, 1).numpy(), np.linalg.norm(x.numpy(), order, axis=1), rtol=1e-6)
    zero = torch.zeros(2, requires_grad=True)
    zero.norm(order or 2).backward()
    same(zero.grad, [0, 0])


def test_numpy_functions_mean_the_reductions():
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    array = x.detach().numpy()
    for function in (np.sum, np.mean, np.prod, np.max, np.amin, np.var, np.std, np.add.reduce, np.multiply.reduce):
        for keywords in ({"axis": 1}, {"axis": 0, "keepdims": True}, {"axis": None}, {}):
            ours, numpys = function(x, **keywords), function(array, **keywords)
            assert ours.requires_grad
            np.testing.assert_allclose(ours.detach().numpy(), numpys, rtol=1e-6)
    same(np.add.reduce(x, axis=(0, 1)), 15)
    same(np.cumsum(x), np.cumsum(array))
    assert np.argmax(x).item() == 5
    assert np.all(x).item() is False
    assert np.linalg.norm(x).item() == pytest.approx(float(np.linalg.norm(array)))


@given(shape=st.lists(st.integers(0, 3), min_size=1, max_size=4), keepdim=st.booleans(), data=st.data())
def test_any_dimensions_of_any_shape(shape, keepdim, data):
    dims = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    x = torch.arange(float(math.prod(shape))).reshape(shape).requires_grad_()
    y = x.sum(dims, keepdim)
    same(y, x.detach().numpy().sum(dims, keepdims=keepdim))
    y.sum().backward()
    same(x.grad, np.ones(shape))


@pytest.mark.parametrize(("shape", "dim"), [((5, 600), 0), ((2, 4, 30, 20), 1), ((0, 600), 0), ((3, 1, 700), 1)])
def test_running_sums_of_wide_steps_are_those_of_numpy_to_the_bit(shape, dim):
    x = np.random.Generator(np.random.PCG64(0)).normal(size=shape).astype(np.float32)
    leaf = torch.tensor(x, requires_grad=True)
    assert np.array_equal(torch.cumprod(leaf, dim).detach().numpy(), np.cumprod(x, dim))
    found = torch.cumsum(leaf, dim)
    assert np.array_equal(found.detach().numpy(), np.cumsum(x, dim))
    found.backward(torch.from_numpy(x))
    assert np.array_equal(leaf.grad.numpy(), np.flip(np.cumsum(np.flip(x, dim), dim), dim))
