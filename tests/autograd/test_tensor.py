"""What a tensor is and holds: its attributes, its copies, and the small values that describe it."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import framework as torch


def test_copies_of_tensors_that_share_memory_share_it():
    x = torch.zeros(2, 3)
    kept = copy.deepcopy({"x": x, "row": x[1], "turned": x.t(), "detached": x.detach(), "array": x.numpy()})
    kept["x"][1, 2] = 7
    assert kept["row"].tolist() == [0, 0, 7]
    assert kept["turned"][2, 1] == kept["detached"][1, 2] == kept["array"][1, 2] == 7
    assert x.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_copies_keep_the_order_of_the_dimensions():
    for array in (np.asfortranarray(np.ones((2, 3))), np.broadcast_to(np.ones(3), (2, 3)).T):
        x = torch.from_numpy(np.require(array, requirements="W"))
        assert copy.deepcopy(x).tolist() == x.tolist()
        assert copy.deepcopy([x, x[0]])[1].tolist() == x[0].tolist()


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_requires_grad_is_a_bool(value):
    x = torch.ones(1)
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        x.requires_grad = value
    with pytest.raises(TypeError, match="argument 'requires_grad' .position 1. must be bool"):
        x.requires_grad_(value)


def test_the_data_of_a_tensor_that_requires_grad_stays_floating_point():
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="must be floating point or complex dtype"):
        x.data = torch.tensor([1])
    x.data = torch.zeros(3)
    assert x.shape == (3,)


def test_no_size_along_a_dimension_of_a_scalar():
    for ask in (torch.tensor(1).size, torch.tensor(1).stride):
        with pytest.raises(IndexError, match="Dimension specified as 0 but tensor has no dimensions"):
            ask(0)


def test_sizes_hold_integers():
    size = torch.Size([np.int64(2), torch.tensor(3)])
    assert size == (2, 3) and all(type(each) is int for each in size)
    assert type(torch.ones(2).shape) is torch.Size
    with pytest.raises(TypeError, match="takes an iterable of 'int' .item 0 is 'float'"):
        torch.Size([1.5])
    with pytest.raises(TypeError, match="can only concatenate tuple .not list. to torch.Size"):
        size + [1]
    with pytest.raises(TypeError):
        [1] + size
    assert copy.deepcopy(size) == size and type(copy.copy(size)) is torch.Size


def test_limits_of_number_types():
    assert torch.finfo(torch.float16).resolution == 0.001
    assert repr(torch.iinfo(torch.int32)) == "iinfo(min=-2.14748e+09, max=2.14748e+09, dtype=int32)"
    with pytest.raises(TypeError, match="torch.bool is not supported by torch.iinfo"):
        torch.iinfo(torch.bool)
    with pytest.raises(TypeError, match="must be torch.dtype, not int"):
        torch.finfo(3)


def test_a_device_is_a_context():
    with torch.device("cpu") as device:
        assert torch.ones(1).device == device


def test_a_device_that_is_not_here_can_be_named_and_not_used():
    gpu = torch.device("cuda", 1)
    assert (gpu.type, gpu.index, str(gpu)) == ("cuda", 1, "cuda:1") and torch.device("meta") != torch.device("cpu")
    for use in (
        lambda: torch.ones(1, device=gpu),
        lambda: torch.ones(1).to(gpu),
        lambda: torch.nn.Linear(1, 1).to(gpu),
        lambda: torch.nn.Linear(1, 1, device=gpu),
        lambda: torch.Generator(device=gpu),
        lambda: torch.set_default_device(gpu),
        lambda: torch.zeros_like(torch.ones(1), device=gpu),
        lambda: torch.ones(1).new_zeros(1, device=gpu),
        lambda: torch.tensor([1], device=gpu),
        gpu.__enter__,
    ):
        with pytest.raises(RuntimeError, match="device 'cuda:1' is not available: tensors live on the CPU"):
            use()
    for name, index, words in (
        ("cuda:x", None, "Invalid device string: 'cuda:x'"),
        ("cuda:1", 0, "type .string. must not include an index"),
        ("cpu", -1, "Device index must not be negative"),
    ):
        with pytest.raises(RuntimeError, match=words):
            torch.device(name, index)


def test_what_is_no_device_is_told_from_a_device_that_is_not_here():
    with pytest.raises(RuntimeError, match="device 'cuda:1' is not available: tensors live on the CPU"):
        torch.ones(1).to("cuda:1")
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda, .* device type at start of device string: gpu"):
        torch.device("gpu")
    with pytest.raises(RuntimeError, match="Invalid device string: 'float64'"):
        torch.ones(1).to("float64")
