"""Anomaly mode, saved-tensor hooks and checkpoint: what watches the recording."""

import pytest

import framework as torch
from framework.utils.checkpoint import checkpoint, checkpoint_sequential


@pytest.fixture
def x():
    return torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)


class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, grad):
        raise ValueError("broken on purpose")


def test_anomaly_mode_names_the_forward_line(x):
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"), torch.autograd.detect_anomaly():
        y = Broken.apply(x)  # the line to be named
    with pytest.raises(ValueError, match="broken on purpose") as raised:
        y.sum().backward()
    assert "the line to be named" in raised.value.__notes__[0]
    assert torch.is_grad_enabled() and not torch.is_anomaly_enabled()


def test_anomaly_mode_refuses_nan(x):
    with torch.autograd.set_detect_anomaly(True):
        y = (x * 0).sqrt() * 0
        with (
            pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output"),
            pytest.warns(UserWarning, match="Error detected in SqrtBackward0. Traceback of forward call"),
        ):
            y.sum().backward()
    assert not torch.is_anomaly_enabled()


def test_saved_tensors_pass_through_the_hooks(x):
    packed = []

    def pack(tensor):
        packed.append(tensor.tolist())
        return len(packed) - 1

    with torch.autograd.graph.saved_tensors_hooks(
        pack, lambda number: torch.tensor(packed[number], dtype=torch.float64)
    ):
        y = (x * x).exp()
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert len(packed) == 3
    expected = torch.autograd.grad((x * x).exp().sum(), x)[0]
    assert g.tolist() == expected.tolist()


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_checkpoint_recomputes_with_the_same_random_numbers(x, use_reentrant):
    runs = []

    def part(value, weight):
        runs.append(1)
        return (value * weight).exp() * torch.rand(2, dtype=torch.float64)

    weight = torch.tensor([0.5, 0.25], dtype=torch.float64, requires_grad=True)
    torch.manual_seed(3)
    expected = part(x, weight).sum()
    expected_grads = torch.autograd.grad(expected, [x, weight])
    after = torch.rand(1)
    torch.manual_seed(3)
    y = checkpoint(part, x, weight, use_reentrant=use_reentrant).sum()
    assert len(runs) == 2
    y.backward()
    assert len(runs) == 3
    assert torch.rand(1).item() == after.item()
    for a, b in zip((x.grad, weight.grad), expected_grads, strict=True):
        assert a.tolist() == b.tolist()


def test_checkpoint_sequential(x):
    chain = [torch.exp, torch.sin, torch.tanh]
    y = checkpoint_sequential(chain, 2, x, use_reentrant=False)
    expected = x.exp().sin().tanh()
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == torch.autograd.grad(expected.sum(), x)[0].tolist()


def test_the_innermost_saved_tensor_hooks_get_the_tensors_themselves(x):
    outer, inner = [], []

    def keep(into):
        return lambda tensor: into.append(tensor) or tensor

    with torch.autograd.graph.saved_tensors_hooks(keep(outer), lambda tensor: tensor):
        with torch.autograd.graph.saved_tensors_hooks(keep(inner), lambda tensor: tensor):
            y = x * x
        (y * 2.0).exp()
    assert [each is x for each in inner] == [True, True]
    assert len(outer) == 1
