"""Changes of type, copies and writes of whole tensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch

FLOATS = [torch.float64, torch.float32, torch.float16]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, torch.bool])
def test_every_way_to_a_type(dtype):
    x = torch.tensor([0.0, 1.0, 2.0])
    ways = [x.to(dtype), x.to("cpu", dtype), x.to(dtype=dtype), x.to(torch.zeros(1, dtype=dtype)), x.type(dtype)]
    ways += [x.type_as(torch.zeros(1, dtype=dtype)), torch.as_tensor(x, dtype=dtype)]
    for each in ways:
        assert each.dtype is dtype
        assert each.tolist() == ways[0].tolist()


def test_nothing_to_change_is_the_tensor_itself():
    x = torch.ones(2)
    assert x.to(torch.float32) is x
    assert x.to("cpu") is x
    assert x.float() is x
    assert x.contiguous() is x
    assert x.cpu() is x
    assert x.to(torch.float32, copy=True) is not x


def test_the_gradient_of_a_cast_is_cast_back():
    x = torch.ones(3, requires_grad=True)
    y = x.to(torch.float64)
    assert y.grad_fn.name() == "ToCopyBackward0"
    (y * torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)).sum().backward()
    assert x.grad.dtype is torch.float32
    assert x.grad.tolist() == [1, 2, 3]
    assert not x.long().requires_grad


def test_numbers_that_do_not_fit_wrap_without_a_word():
    assert torch.tensor([300.0, -1.5, 2.7]).byte().tolist() == [44, 255, 2]
    assert torch.tensor([1e300], dtype=torch.float64).float().tolist() == [np.inf]
    assert torch.tensor([float("nan")]).long().shape == (1,)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (torch.bfloat16, r"bfloat16 is not available.*\.float\(\)"),
        (torch.complex64, "complex tensors are not available"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [
        lambda dtype: torch.ones(1).to(dtype),
        lambda dtype: torch.zeros(2, dtype=dtype),
        lambda dtype: torch.tensor([1.0], dtype=dtype),
        lambda dtype: torch.rand(2, dtype=dtype),
        lambda dtype: torch.ones(2).sum(dtype=dtype),
        lambda dtype: torch.nn.Linear(1, 1, dtype=dtype),
    ],
)
def test_a_type_that_numpy_lacks_says_what_to_use_instead(dtype, words, use):
    with pytest.raises(RuntimeError, match=words):
        use(dtype)


def test_a_type_that_numpy_lacks_can_be_named():
    from framework import bfloat16, cfloat, complex64

    assert repr({"bf16": bfloat16}) == "{'bf16': torch.bfloat16}" and cfloat is complex64
    assert torch.ones(1).dtype not in (bfloat16, complex64)
    assert bfloat16.is_floating_point and bfloat16.itemsize == 2
    assert complex64.is_complex and not complex64.is_floating_point
    with pytest.raises(RuntimeError, match=r"bfloat16 is not available.*\.float\(\)"):
        torch.ones(1).bfloat16()
    with pytest.raises(RuntimeError, match="bfloat16 is not available"):
        torch.set_default_dtype(bfloat16)


@given(st.permutations(range(3)), st.booleans())
def test_a_clone_keeps_the_order_in_memory(order, contiguous):
    x = torch.rand(2, 3, 4).permute(*order)
    made = x.contiguous() if contiguous else x.clone()
    assert made.tolist() == x.tolist()
    assert made.is_contiguous() if contiguous else made.stride() == x.stride()
    if made is not x:
        before = x.tolist()
        made.zero_()
        assert x.tolist() == before


def test_copy_casts_and_broadcasts():
    x = torch.zeros(2, 3, dtype=torch.int64)
    assert x.copy_(torch.tensor([1.7, 2.2, -3.9])) is x
    assert x.tolist() == [[1, 2, -3], [1, 2, -3]]
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(2\)"):
        x.copy_(torch.ones(2))
    with pytest.raises(TypeError, match=r"copy_\(\): argument 'other'"):
        x.copy_([1, 2, 3])


def test_writing_takes_the_gradient_along():
    x = torch.ones(2, 3, requires_grad=True)
    value = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[0].copy_(value)
    (y * y).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [8, 8, 8]]
    assert value.grad.tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda y: y.zero_(), "ZeroBackward0"),
        (lambda y: y.fill_(2.0), "FillBackward2"),
        (lambda y: y.copy_(torch.ones(3)), "torch::autograd::CopyBackwards"),
    ],
)
def test_what_is_overwritten_has_no_gradient(write, name):
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    version = y._version
    assert write(y) is y
    assert y._version == version + 1
    assert y.grad_fn.name() == name
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_fill_refuses_what_does_not_fit():
    with pytest.raises(RuntimeError, match="value cannot be converted to type uint8_t without overflow"):
        torch.zeros(2, dtype=torch.uint8).fill_(300)
    with pytest.raises(RuntimeError, match="fill_ only supports 0-dimension value tensor"):
        torch.zeros(2).fill_(torch.ones(2))
    assert torch.zeros(2, dtype=torch.int64).fill_(2.7).tolist() == [2, 2]


def test_questions_about_types():
    assert torch.result_type(torch.ones(1, dtype=torch.int64), 1.0) is torch.float32
    assert torch.result_type(torch.ones(1), torch.tensor(1.0, dtype=torch.float64)) is torch.float32
    assert torch.promote_types(torch.uint8, torch.int8) is torch.int16
    assert torch.can_cast(torch.int64, torch.float32)
    assert not torch.can_cast(torch.float32, torch.int64)
    assert torch.is_tensor(torch.ones(1))
    assert torch.numel(torch.ones(2, 3)) == 6
    assert torch.ones(1).type() == "torch.FloatTensor"


@pytest.mark.parametrize("convert", [float, int, complex, "%f".__mod__])
def test_tensors_of_several_elements_are_no_numbers(convert):
    with pytest.raises(ValueError, match="only one element tensors can be converted to Python scalars"):
        convert(torch.ones(3))
    with pytest.raises(RuntimeError, match="a Tensor with 3 elements cannot be converted to Scalar"):
        torch.ones(3).item()


def test_reversed_and_is_nonzero():
    assert reversed(torch.tensor([[1, 2], [3, 4]])).tolist() == [[3, 4], [1, 2]]
    assert torch.tensor(2).is_nonzero()
    with pytest.raises(RuntimeError, match="more than one value is ambiguous"):
        torch.ones(2).is_nonzero()


def test_isclose_broadcasts_and_takes_tensors_only():
    with pytest.raises(RuntimeError, match="The size of tensor a .3. must match"):
        torch.allclose(torch.ones(3), torch.ones(4))
    with pytest.raises(TypeError, match="argument 'other' .position 2. must be Tensor, not float"):
        torch.isclose(torch.ones(3), 1.0)


def test_a_cast_of_an_expanded_tensor_is_contiguous():
    x = torch.ones(3, 1).expand(2, 3, 4)
    for cast in (x.double(), x.to(torch.float32, copy=True), x.long()):
        assert cast.is_contiguous() and cast.view(-1).shape == (24,)
    assert torch.ones(2, 3).t().double().stride() == (1, 3)
