"""Making tensors: the types they get, sizes as they may be given, numbers from the generator, PyTorch's messages."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch

TYPES = [
    (1, torch.int64),
    (1.5, torch.float32),
    (True, torch.bool),
    ([], torch.float32),
    ([1, 2], torch.int64),
    ([1, 2.5], torch.float32),
    ([True, 2], torch.int64),
    ([[True], [False]], torch.bool),
    (np.float64(1), torch.float64),
    ([np.float64(1), 2.0], torch.float64),
    ([np.float32(1), 2], torch.float32),
    (np.int32(1), torch.int32),
    (np.zeros(2, np.float16), torch.float16),
    (range(3), torch.int64),
]


@pytest.mark.parametrize(("data", "dtype"), TYPES)
def test_the_type_follows_the_data(data, dtype):
    assert torch.tensor(data).dtype is dtype


@given(
    st.recursive(st.floats(-1024, 1024, width=32), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=6)
)
def test_lists_come_back_or_are_refused(data):
    def shape(value):
        if not isinstance(value, list):
            return ()
        inner = {shape(each) for each in value}
        return None if len(inner) > 1 or None in inner else (len(value), *inner.pop())

    if shape(data) is None:
        with pytest.raises((ValueError, TypeError)):
            torch.tensor(data)
    else:
        assert torch.tensor(data).tolist() == data
        assert torch.tensor(data).shape == shape(data)


ERRORS = {
    "torch.tensor([[1, 2], [3]])": (ValueError, "expected sequence of length 2 at dim 1 (got 1)"),
    "torch.tensor([[1, 2], 3])": (TypeError, "not a sequence"),
    "torch.tensor('a')": (TypeError, "new(): invalid data type 'str'"),
    "torch.tensor(['a'])": (ValueError, "too many dimensions 'str'"),
    "torch.tensor([None])": (RuntimeError, "Could not infer dtype of NoneType"),
    "torch.tensor([300], dtype=torch.uint8)": (
        RuntimeError,
        "value cannot be converted to type uint8 without overflow",
    ),
    "torch.tensor([1], requires_grad=True)": (
        RuntimeError,
        "Only Tensors of floating point and complex dtype can require gradients",
    ),
    "torch.tensor([1], dtype='float32')": (TypeError, "tensor(): argument 'dtype' must be torch.dtype, not str"),
    "torch.zeros(2.5)": (TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not float"),
    "torch.zeros()": (TypeError, 'zeros() missing 1 required positional arguments: "size"'),
    "torch.empty(2, -1)": (RuntimeError, "Trying to create tensor with negative dimension -1: [2, -1]"),
    "torch.arange(5, 1)": (RuntimeError, "upper bound and lower bound inconsistent with step sign"),
    "torch.arange(1, 5, 0)": (RuntimeError, "step must be nonzero"),
    "torch.linspace(0, 1, -1)": (RuntimeError, "number of steps must be non-negative"),
    "torch.full((2,), 300, dtype=torch.uint8)": (RuntimeError, "value cannot be converted to type uint8_t without"),
    "torch.ones_like([1])": (TypeError, "ones_like(): argument 'input' (position 1) must be Tensor, not list"),
    "torch.zeros(2, device='cuda')": (RuntimeError, "device 'cuda' is not available"),
    "torch.randint(5, 2)": (TypeError, "randint(): argument 'size' (position 2) must be tuple of ints, not int"),
}


@pytest.mark.parametrize("code", ERRORS)
def test_errors_have_pytorchs_words(code):
    kind, words = ERRORS[code]
    with pytest.raises(kind) as caught:
        eval(code, {"torch": torch})
    assert words in str(caught.value)


def test_a_tensor_of_a_tensor_warns():
    with pytest.warns(UserWarning, match="it is recommended to use sourceTensor.detach"):
        made = torch.tensor(torch.ones(2, requires_grad=True))
    assert not made.requires_grad


@pytest.mark.parametrize(
    "size", [(2, 3), ((2, 3),), ([2, 3],), (torch.Size([2, 3]),), (np.int64(2), 3), (torch.tensor(2), 3)]
)
@pytest.mark.parametrize(
    "make", [torch.zeros, torch.ones, torch.empty, torch.rand, torch.randn, torch.zeros(1).new_zeros]
)
def test_sizes_may_be_given_in_many_ways(make, size):
    assert make(*size).shape == (2, 3)


def test_memory_is_shared_or_copied_as_the_name_says():
    array = np.zeros(2)
    shared, viewed, copied = torch.from_numpy(array), torch.as_tensor(array), torch.tensor(array)
    array[0] = 1
    assert (shared[0].item(), viewed[0].item(), copied[0].item()) == (1, 1, 0)
    with pytest.raises(ValueError, match="negative"):
        torch.from_numpy(np.arange(3)[::-1])


@given(st.integers(-20, 20), st.integers(0, 20), st.integers(1, 5))
def test_arange_of_integers_is_pythons_range(start, length, step):
    assert torch.arange(start, start + length, step).tolist() == list(range(start, start + length, step))
    assert torch.arange(start, start - length, -step).tolist() == list(range(start, start - length, -step))


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(2, 30))
def test_linspace_ends_where_it_should(start, end, steps):
    made = torch.linspace(start, end, steps, dtype=torch.float64)
    assert made[0].item() == start
    assert made[-1].item() == end
    np.testing.assert_allclose(made.numpy(), np.linspace(start, end, steps), atol=1e-12)


def test_like_and_new_keep_the_type_and_the_order_in_memory():
    x = torch.zeros(3, 2, dtype=torch.float64).t()
    for made in (
        torch.zeros_like(x),
        torch.ones_like(x),
        torch.full_like(x, 2),
        torch.empty_like(x),
        torch.rand_like(x),
    ):
        assert (made.dtype, made.stride()) == (torch.float64, x.stride())
    assert x.new_full((2,), 3).dtype is torch.float64
    assert x.new_tensor([1, 2]).dtype is torch.float64
    assert torch.ones_like(x, requires_grad=True).requires_grad


def test_numpys_like_functions_make_tensors():
    x = torch.ones(2, 3, requires_grad=True)
    assert isinstance(np.zeros_like(x), torch.Tensor)
    assert np.zeros_like(x, shape=(4,)).shape == (4,)
    assert not np.ones_like(x).requires_grad


def test_draws_follow_the_seed_and_the_generator():
    torch.manual_seed(0)
    first = torch.rand(3)
    torch.manual_seed(0)
    assert torch.rand(3).tolist() == first.tolist()
    generator = torch.Generator().manual_seed(0)
    assert torch.rand(3, generator=generator).tolist() == first.tolist()
    torch.manual_seed(0)
    assert torch.empty(3).uniform_().tolist() == first.tolist()
    # The first numbers of PyTorch 2.13 after manual_seed(0).
    np.testing.assert_allclose(first.numpy(), [0.4962566, 0.7682218, 0.08847743], rtol=1e-6)


def test_draws_into_a_transposed_tensor_follow_its_memory():
    torch.manual_seed(1)
    plain = torch.rand(2, 3)
    torch.manual_seed(1)
    assert torch.empty(2, 3).t().uniform_().t().tolist() == plain.tolist()


def test_what_is_drawn_into_a_computed_tensor_has_no_gradient():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.normal_()
    assert y.grad_fn.name() == "NormalBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_the_tensor_constructor_takes_sizes_sequences_and_tensors():
    assert torch.Tensor(2, 3).shape == torch.Tensor(torch.Size([2, 3])).shape == (2, 3)
    assert torch.Tensor(np.int32(3)).shape == torch.Tensor(np.array(3)).shape == (3,)
    assert torch.Tensor().shape == (0,)
    assert torch.Tensor([[1, 2], (3, True)]).tolist() == [[1.0, 2.0], [3.0, 1.0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.Tensor([1e300]).tolist() == [math.inf]
    x = torch.tensor([1, 2])
    view = torch.Tensor(x)
    view[0] = 5
    assert view.dtype is torch.int64 and x.tolist() == [5, 2]
    assert torch.Tensor(torch.ones(1, requires_grad=True)).requires_grad


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (3.5, TypeError, "data must be a sequence .got float"),
        (None, TypeError, "data must be a sequence .got NoneType"),
        ("ab", TypeError, "invalid data type 'str'"),
        ({1, 2}, TypeError, "data must be a sequence .got set"),
        ([None], TypeError, "must be real number, not NoneType"),
        ([[1, 2], [3]], ValueError, "expected sequence of length 2 at dim 1 .got 1"),
        (-1, RuntimeError, "negative dimension -1"),
    ],
)
def test_what_the_tensor_constructor_refuses(data, error, message):
    with pytest.raises(error, match=message):
        torch.Tensor(data)


def test_only_python_floats_are_cut_down_to_integers():
    assert torch.tensor([1.7, np.float64(2.7), np.int8(3), torch.tensor([[4]])], dtype=torch.int64).tolist() == [
        1,
        2,
        3,
        4,
    ]
    for number in (np.float32(1.5), [np.float32(1.5)], [np.array([1.5], np.float32)]):
        for dtype in (torch.int64, torch.bool):
            with pytest.raises(TypeError, match="'numpy.float32' object cannot be interpreted as an integer"):
                torch.tensor(number, dtype=dtype)
    with pytest.raises(TypeError, match="only integer tensors of a single element"):
        torch.tensor([torch.tensor(1.5)], dtype=torch.int64)
    with pytest.raises(ValueError, match="only one element tensors"):
        torch.tensor([torch.ones(2)])
    with pytest.raises(RuntimeError, match="cannot be converted to type uint8 without overflow"):
        torch.tensor([-1.0], dtype=torch.uint8)
    assert torch.tensor([-1], dtype=torch.uint8).tolist() == [255]


def test_text_is_told_by_where_it_stands():
    with pytest.raises(ValueError, match="too many dimensions 'str'"):
        torch.tensor([["a"]])
    with pytest.raises(TypeError, match="invalid data type 'str'"):
        torch.tensor([1, "a"])
    with pytest.raises(TypeError, match="must be real number, not str"):
        torch.tensor([1, "a"], dtype=torch.float32)
    with pytest.raises(TypeError, match="'NoneType' object cannot be interpreted as an integer"):
        torch.tensor(None, dtype=torch.bool)


def test_tensors_of_one_integer_are_sizes_and_counts():
    two = torch.tensor([2])
    assert torch.zeros(two).shape == (2,)
    assert torch.zeros((3, two)).shape == (3, 2)
    assert torch.eye(torch.tensor(2)).tolist() == [[1, 0], [0, 1]]
    assert torch.linspace(0, 1, two).tolist() == [0, 1]
    with pytest.raises(TypeError, match="argument 'end' .position 1. must be Number, not Tensor"):
        torch.arange(two)


def test_integer_linspace_counts_between_integers():
    assert torch.linspace(0.0, 1.5, 4, dtype=torch.int64).tolist() == [0, 0, 0, 1]
    with pytest.raises(RuntimeError, match="without overflow"):
        torch.linspace(math.nan, 1, 3, dtype=torch.int64)
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        torch.linspace(0, 1, 3, dtype=torch.bool)


def test_a_permutation_takes_the_type_of_out():
    out = torch.empty(3, dtype=torch.int8)
    assert torch.randperm(3, out=out) is out and sorted(out.tolist()) == [0, 1, 2]
    with pytest.raises(NotImplementedError, match="\"randperm\" not implemented for 'UInt16'"):
        torch.randperm(3, out=torch.empty(3, dtype=torch.uint16))
