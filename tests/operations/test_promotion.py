"""What type a result has: PyTorch's rules, which are not NumPy's."""

from __future__ import annotations

import operator

import pytest

import framework as torch

TYPES = {
    "f64": torch.float64,
    "f32": torch.float32,
    "f16": torch.float16,
    "i64": torch.int64,
    "i32": torch.int32,
    "u8": torch.uint8,
    "b": torch.bool,
}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("i32", "f32", "f32"),
        ("i64", "f16", "f16"),
        ("f16", "f32", "f32"),
        ("u8", "i32", "i32"),
        ("b", "u8", "u8"),
        ("b", "b", "b"),
        ("f64", "f32", "f64"),
    ],
)
def test_tensors_of_two_types(left, right, expected):
    a, b = torch.ones(2, dtype=TYPES[left]), torch.ones(2, dtype=TYPES[right])
    for multiplied in (a * b, b * a):
        assert multiplied.dtype is TYPES[expected]


@pytest.mark.parametrize(
    ("tensor", "zero_dim", "expected"),
    [("f32", "f64", "f32"), ("i32", "i64", "i32"), ("i64", "f64", "f64"), ("b", "u8", "u8"), ("u8", "f16", "f16")],
)
def test_a_tensor_without_dimensions_widens_only_to_a_higher_kind(tensor, zero_dim, expected):
    a, b = torch.ones(2, dtype=TYPES[tensor]), torch.ones((), dtype=TYPES[zero_dim])
    assert (a + b).dtype is TYPES[expected]
    assert (b + a).dtype is TYPES[expected]


@pytest.mark.parametrize("kind", TYPES)
def test_python_numbers_never_widen(kind):
    x = torch.ones(2, dtype=TYPES[kind])
    floating = kind.startswith("f")
    assert (x * 2.5).dtype is (TYPES[kind] if floating else torch.float32)
    assert (x * 2).dtype is (torch.int64 if kind == "b" else TYPES[kind])
    assert (x * True).dtype is TYPES[kind]
    assert (2.5 - x.float()).dtype is torch.float32
    assert torch.clamp(x, 0.5, 2).dtype is (TYPES[kind] if floating else torch.float32)


@pytest.mark.parametrize("kind", TYPES)
def test_division_and_functions_of_whole_numbers_are_floating(kind):
    x = torch.ones(2, dtype=TYPES[kind])
    expected = TYPES[kind] if kind.startswith("f") else torch.float32
    for result in (x / x, x / 2, x.exp(), x.sigmoid(), torch.atan2(x, x), x.logsumexp(0)):
        assert result.dtype is expected


def test_the_default_type_is_what_whole_numbers_become():
    torch.set_default_dtype(torch.float64)
    try:
        assert (torch.tensor([1]) / 2).dtype is torch.float64
        assert (torch.tensor([1]) * 2.5).dtype is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("compare", [operator.eq, operator.lt, operator.ge])
def test_comparisons_meet_in_one_type(compare):
    third = torch.tensor([0.1])
    assert (third == 0.1).item()
    assert compare(torch.tensor([1]), torch.tensor([1.5])).dtype is torch.bool


def test_gradients_have_the_type_of_their_input():
    x = torch.ones(2, requires_grad=True)
    y = torch.ones(2, dtype=torch.float64, requires_grad=True)
    z = x * y
    assert z.dtype is torch.float64
    z.sum().backward()
    assert x.grad.dtype is torch.float32
    assert y.grad.dtype is torch.float64


@pytest.mark.parametrize(
    "write", [lambda x: x.add_(1.5), lambda x: x.div_(2), lambda x: x.mul_(torch.ones(1)), lambda x: x.pow_(0.5)]
)
def test_in_place_results_must_fit(write):
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        write(torch.tensor([1, 2]))


def test_in_place_results_are_cast_down_within_a_kind():
    x = torch.ones(2)
    x += torch.ones(2, dtype=torch.float64)
    assert x.dtype is torch.float32
    y = torch.tensor([250], dtype=torch.uint8)
    y += torch.tensor([10])
    assert y.item() == 4
