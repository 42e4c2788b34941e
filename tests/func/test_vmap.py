"""`vmap` on a whole batch gives what it gives one by one, whatever the function does."""

import numpy as np
import pytest

import framework as torch
from framework.autograd.operation import registry
from framework.func import mapping
from framework.func.batched import BatchedArray, NotBatched
from framework.testing.operations import as_tensors
from tests.operations.table import ROWS


def one_by_one(monkeypatch):
    def refuse(*args):
        raise NotBatched("told so")

    monkeypatch.setattr(mapping, "_at_once", refuse)


def at_once_only(monkeypatch):
    def refuse(*args):
        raise AssertionError("not computed at once")

    monkeypatch.setattr(mapping, "_one_by_one", refuse)


def batches_of(operation, arguments):
    """Three examples of the first tensor among the arguments, and the place of it."""
    tensors = as_tensors(operation, arguments)
    place = next(index for index, each in enumerate(tensors) if isinstance(each, torch.Tensor))
    array = tensors[place].detach().numpy()
    other = array * 0.9 if array.dtype.kind == "f" else array
    return tensors, place, np.stack([array, other, array])


def outcome(operation, arguments):
    """The results of a mapped operation and the gradient of their squares, within the map and outside of it."""
    tensors, place, batch = batches_of(operation, arguments)

    def call(example):
        result = operation(*tensors[:place], example, *tensors[place + 1 :])
        return result if isinstance(result, torch.Tensor) else tuple(result)

    def loss(example):
        result = call(example)
        parts = result if isinstance(result, tuple) else (result,)
        return sum((each * each).sum() for each in parts if each.is_floating_point())

    found = [torch.vmap(call, randomness="same")(torch.from_numpy(batch.copy()))]
    if place in operation.positions and batch.dtype.kind == "f":
        found.append(torch.vmap(torch.func.grad(loss), randomness="same")(torch.from_numpy(batch.copy())))
        leaf = torch.from_numpy(batch.copy()).requires_grad_()
        found += torch.autograd.grad(torch.vmap(loss, randomness="same")(leaf).sum(), leaf)
    return [each for result in found for each in (result if isinstance(result, tuple) else (result,))]


CALLS = [
    pytest.param(row, call, id=row.name)
    for row in ROWS
    for call in row.calls()[:1]
    if not registry[row.name].sequence and any(isinstance(each, np.ndarray) for each in call)
]


@pytest.mark.parametrize(("row", "arguments"), CALLS)
def test_every_operation_is_mapped_as_one_by_one(row, arguments, monkeypatch):
    operation = registry[row.name]
    try:
        with monkeypatch.context() as patched:
            one_by_one(patched)
            expected = outcome(operation, arguments)
    except (RuntimeError, TypeError):
        pytest.skip("not a function of one example of this")
    for found, wanted in zip(outcome(operation, arguments), expected, strict=True):
        assert found.dtype is wanted.dtype
        np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), rtol=1e-9, atol=1e-9)


X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])

AT_ONCE = [
    lambda x: x.softmax(0) + x.sum(),
    lambda x: x.reshape(-1, 1) @ x.reshape(1, -1),
    lambda x: torch.stack([x, x.flip(0)]).cumsum(0),
    lambda x: torch.where(x > 0, x, -x).max(),
    lambda x: x.clone().mul_(2).add_(x),
    lambda x: torch.einsum("i,j->ij", x, x).sum(0),
    lambda x: torch.nn.functional.cross_entropy(x, torch.tensor(1)),
    lambda x: x[[0, 0]] + x[1:],
    lambda x: torch.func.jacrev(torch.sin)(x) + torch.func.jacfwd(torch.cos)(x),
    lambda x: torch.vmap(lambda y: y * x)(x),
    torch.func.hessian(lambda x: (x**3).sum() * x.prod()),
]


@pytest.mark.parametrize("function", AT_ONCE)
def test_a_function_is_called_once_for_the_whole_batch(function, monkeypatch):
    at_once_only(monkeypatch)
    expected = torch.stack([function(each) for each in X])
    np.testing.assert_allclose(torch.vmap(function)(X).numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


ONE_BY_ONE = [
    lambda x: x if x.sum() > 0 else -x,
    lambda x: x * x[0].item(),
    lambda x: torch.tensor(x.numpy() * 2),
    lambda x: x[x > 0].sum(),
]


@pytest.mark.parametrize("function", ONE_BY_ONE)
def test_what_a_batch_cannot_do_is_done_for_each_example(function):
    expected = torch.stack([function(each) for each in X])
    assert torch.vmap(function)(X).tolist() == expected.tolist()


def test_writes_reach_the_argument_once():
    x = X.clone()

    def write(row):
        row[0] = 7.0
        row += 1
        return row * 1

    assert torch.vmap(write)(x).tolist() == x.tolist() == [[8.0, -1.0, 4.0], [8.0, 1.25, 0.0]]


def test_a_captured_tensor_gets_the_gradient_of_all_examples():
    weight = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    torch.vmap(lambda x: x * weight)(X).sum().backward()
    assert weight.grad.tolist() == X.sum(0).tolist()


def test_an_argument_shared_by_all_gets_the_gradient_of_all():
    weight = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    torch.vmap(lambda x, w: x * w, in_dims=(0, None))(X, weight).sum().backward()
    assert weight.grad.tolist() == X.sum(0).tolist()


def test_a_result_has_memory_of_its_own():
    x = X.clone()
    result = torch.vmap(lambda row: row)(x)
    result.zero_()
    assert x.tolist() == X.tolist()


def test_an_error_of_the_function_itself_is_raised_as_it_is():
    with pytest.raises(KeyError, match="mine"):
        torch.vmap(lambda x: {}["mine"])(X)


def test_second_derivatives_through_a_map():
    x = X.clone().requires_grad_()
    (first,) = torch.autograd.grad(torch.vmap(lambda row: (row**3).sum())(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == (6 * X).tolist()


def test_random_numbers_of_one_draw_or_of_many():
    torch.manual_seed(0)
    same = torch.vmap(lambda x: torch.rand(2), randomness="same")(X)
    torch.manual_seed(0)
    other = torch.vmap(lambda x: torch.rand(2), randomness="different")(X)
    assert same[0].tolist() == same[1].tolist() == other[0].tolist() != other[1].tolist()
    with pytest.raises(RuntimeError, match="randomness error mode"):
        torch.vmap(lambda x: torch.nn.functional.dropout(x, 0.5))(X)


def test_a_batch_looks_like_one_example():
    batch = BatchedArray(np.ones((4, 2, 3)), 0)
    assert (batch.shape, batch.ndim, batch.size, batch.dtype, len(batch)) == ((2, 3), 2, 6, np.float64, 2)
    with pytest.raises(NotBatched):
        np.asarray(batch)
    with pytest.raises(NotBatched):
        bool(batch)
    with pytest.raises(NotBatched, match="write"):
        batch[0] = 1.0
    with pytest.raises(NotBatched, match="no_such"):
        batch.no_such  # noqa: B018
    inner = BatchedArray(np.ones((5, 3)), 1)
    both = inner * batch
    assert isinstance(both, BatchedArray) and both.level == 1 and both.shape == (2, 3)
    assert isinstance(both.data, BatchedArray) and both.data.data.shape == (4, 5, 2, 3)
