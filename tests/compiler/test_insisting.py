"""`insist`: a question that ends a compiled run, and is no reason to give the program up."""

import numpy as np
import pytest

import framework as torch
from framework import nn, optim
from framework.autograd.decisions import Refused, insist


class Negative(Refused):
    pass


def refuse_negative(*arrays):
    for each in arrays:
        if (each < 0).any():
            raise Negative


def refuse_infinite(*arrays):
    if not all(np.isfinite(each).all() for each in arrays):
        raise Negative


refuse_infinite.elementwise = True


def counted():
    total = torch.zeros(2)

    @torch.compile
    def add(x):
        total.add_(x)
        insist(refuse_negative, (total * 1)._array)
        return total * 2

    return total, add


def test_a_refusal_is_raised_from_a_program_which_stays():
    total, add = counted()
    for _ in range(4):
        add(torch.rand(2))
    source = add.program.source
    assert "refuse_negative(" in source
    before = total.clone()
    with pytest.raises(Negative):
        add(torch.full((2,), -9.0))
    # As in the function as written, what came before is done.
    assert torch.equal(total, before - 9)
    total.fill_(1.0)
    assert torch.equal(add(torch.ones(2)), torch.full((2,), 4.0))
    assert add.program.source == source


def test_the_function_as_written_refuses_alike():
    total, add = counted()
    with pytest.raises(Negative):
        add.function(torch.full((2,), -9.0))
    assert torch.equal(total, torch.full((2,), -9.0))


def test_gradients_that_lie_together_are_asked_about_at_once():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @torch.compile
    def step(x):
        loss = model(x).square().mean()
        loss.backward()
        insist(refuse_infinite, *[each.grad._array for each in model.parameters()])
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for _ in range(6):
        step(torch.randn(5, 3))
    assert "    refuse_infinite(gradients)\n" in step.program.source
    before = model[0].weight.clone()
    with pytest.raises(Negative):
        step(torch.full((5, 3), 1e30))
    assert torch.equal(model[0].weight, before)
