"""Large arrays done block by block: the same numbers as at once, in every kind of row, eagerly and in a program."""

from __future__ import annotations

import importlib
from functools import partial

import numpy as np
import pytest

import framework as torch
from framework.nn import functional as F
from framework.operations.blocks import slices

ROWS = {
    "usual": lambda x: x,
    "spread": lambda x: x * 300,
    "far": lambda x: x + 1000,
    "low": lambda x: x - 95,
    "confident": lambda x: np.where(np.arange(x.size).reshape(x.shape) % 7 == 0, x + 15, x),
    "hidden": lambda x: np.where(x < 0, -np.inf, x),
    "hidden rows": lambda x: np.where(np.arange(len(x)).reshape(-1, *[1] * (x.ndim - 1)) == 1, -np.inf, x),
    "constant rows": lambda x: np.where(np.arange(len(x)).reshape(-1, *[1] * (x.ndim - 1)) % 3 == 1, 7.0, x),
    "infinite": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 5, np.inf, x),
    "nan": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 9, np.nan, x),
}


def scores(kind, shape, dtype=np.float32):
    drawn = np.random.Generator(np.random.PCG64(len(shape))).normal(size=shape)
    return torch.from_numpy(ROWS[kind](drawn).astype(dtype))


def by_blocks(monkeypatch, many, block=16):
    for name in ("softmax", "classification_loss"):
        monkeypatch.setattr(importlib.import_module(f"framework.operations.{name}"), "MANY", many)
    monkeypatch.setattr("framework.operations.softmax_blocks._BLOCK", block)
    monkeypatch.setattr("framework.operations.row_norm._MANY", many)
    # Blocks of several tiles, of which the last has fewer.
    for name in ("_BLOCK", "_LINE_BLOCK"):
        monkeypatch.setattr(f"framework.operations.row_blocks.{name}", 8 * block + 2)
    monkeypatch.setattr("framework.operations.row_blocks.BLOCK", block)
    for module in ("row_blocks", "softmax_blocks"):
        monkeypatch.setattr(f"framework.operations.{module}.slices", partial(slices, block=block))


NEVER = 1 << 40


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
@pytest.mark.parametrize(("shape", "dim"), [((9, 6), 1), ((4, 5, 3), 1), ((6, 8), 0), ((2, 3, 4), -1), ((3, 600), 1)])
@pytest.mark.parametrize("kind", ROWS)
def test_softmax_of_blocks_is_softmax(kind, shape, dim, function, monkeypatch):
    x = scores(kind, shape)
    by_blocks(monkeypatch, NEVER)
    expected = function(x, dim).numpy()
    exact = function(x.double(), dim).numpy()
    by_blocks(monkeypatch, 0)
    found = function(x, dim)
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-6, atol=2e-7)
    np.testing.assert_allclose(found.numpy(), exact, rtol=2e-6, atol=2e-7)
    assert found.dtype == torch.float32 and found.is_contiguous()
    np.testing.assert_allclose(function(x.double(), dim).numpy(), exact, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ROWS)
def test_cross_entropy_of_blocks_is_cross_entropy(kind, weighted, monkeypatch):
    classes = torch.tensor([0, 3, 5, 2, -100, 1, 1, 4, 0])
    weight = torch.linspace(0.5, 2, 6) if weighted else None

    def results():
        x = scores(kind, (9, 6)).requires_grad_()
        losses = F.cross_entropy(x, classes, weight, reduction="none")
        (gradient,) = torch.autograd.grad(losses.sum(), x)
        return losses.detach().numpy(), gradient.numpy(), F.cross_entropy(x, classes, weight).detach().numpy()

    by_blocks(monkeypatch, NEVER)
    expected = results()
    by_blocks(monkeypatch, 0)
    for one, other in zip(results(), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=5e-6, atol=1e-6)


def test_second_derivatives_of_cross_entropy_in_blocks(monkeypatch):
    classes = torch.arange(9) % 6

    def second():
        x = scores("usual", (9, 6)).requires_grad_()
        (first,) = torch.autograd.grad(F.cross_entropy(x, classes), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), x)[0].numpy()

    by_blocks(monkeypatch, NEVER)
    expected = second()
    by_blocks(monkeypatch, 0)
    np.testing.assert_allclose(second(), expected, rtol=1e-5, atol=1e-8)


FUNCTIONS = {
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "softmax of columns": lambda x: F.softmax(x, 0),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.zeros(9, dtype=torch.int64)),
    "layer_norm": lambda x: F.layer_norm(x, (8,), torch.linspace(-1, 1, 8), torch.ones(8)),
    "group_norm": lambda x: F.group_norm(x.view(3, 3, 8), 3, torch.linspace(-1, 1, 3)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_takes_the_way_that_its_numbers_ask_for(name, monkeypatch):
    by_blocks(monkeypatch, 0)
    function = FUNCTIONS[name]
    compiled = torch.compile(function, fullgraph=True)
    for kind in ("usual", "usual", "far", "spread", "constant rows", "nan", "usual"):
        results = []
        for each in (function, compiled):
            x = scores(kind, (9, 8)).requires_grad_()
            out = each(x)
            results.append([out.detach(), *torch.autograd.grad(out, x, torch.full_like(out, 0.5))])
        for one, other in zip(*results, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("function", ["layer_norm", "rms_norm", "group_norm", "group_norm of columns"])
@pytest.mark.parametrize("kind", [each for each in ROWS if each not in ("hidden", "hidden rows")])
def test_norms_of_blocks_keep_their_digits(kind, function, affine, monkeypatch):
    def results(dtype):
        x = scores(kind, (20, 8)).to(dtype).requires_grad_()
        w, b = (torch.linspace(low, 2, 8, dtype=dtype).requires_grad_() for low in (-1, 1))
        given = (w, b) if affine else (None, None)
        if function == "layer_norm":
            out = F.layer_norm(x, (8,), *given)
        elif function == "rms_norm":
            out = F.rms_norm(x, (8,), given[0])
        elif function == "group_norm":
            out = F.group_norm(x.view(4, 8, 5), 4, *given)
        else:
            out = F.group_norm(x, 2, *given)
        leaves = [x, *[each for each in given if each is not None]]
        incoming = torch.linspace(-1, 1, out.numel(), dtype=dtype).view(out.shape)
        found = torch.autograd.grad(out, leaves, incoming, allow_unused=True)
        return [out.detach().numpy(), *[each.numpy() for each in found if each is not None]]

    by_blocks(monkeypatch, NEVER)
    exact = results(torch.float64)
    by_blocks(monkeypatch, 0)
    for one, other in zip(results(torch.float64), exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    # Single precision has the seventh digit of a mean of 1000, and a constant row's scale is 300.
    close = {"far": 2e-3, "low": 2e-4, "constant rows": 2e-2}.get(kind, 2e-6)
    for one, other in zip(results(torch.float32), exact, strict=True):
        assert one.dtype == np.float32
        largest = np.max(np.abs(other), initial=1.0, where=np.isfinite(other))
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=close * largest)
