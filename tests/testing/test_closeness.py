"""`assert_close`, in PyTorch's words."""

import numpy as np
import pytest

import framework as torch
from framework.testing import assert_allclose, assert_close

tensor = torch.tensor
NAN = float("nan")


@pytest.mark.parametrize(
    ("actual", "expected", "options"),
    [
        (tensor([1.0, 2.0]), tensor([1.0, 2.000001]), {}),
        (tensor([NAN]), tensor([NAN]), {"equal_nan": True}),
        (tensor([1.0]), tensor([1.0]).double(), {"check_dtype": False}),
        (tensor([1]), tensor([2]), {"rtol": 1.0, "atol": 0.0}),
        (torch.nn.Parameter(tensor([1.0])), tensor([1.0]), {}),
        (torch.zeros(0, 2), torch.zeros(0, 2), {}),
        (np.array([1.0]), np.array([1.0]), {}),
        ({"a": [tensor(1.0), None, True]}, {"a": (tensor(1.0), None, True)}, {}),
        (1.0, 1, {"check_dtype": False}),
        (float("inf"), float("inf"), {}),
    ],
)
def test_what_is_close(actual, expected, options):
    assert_close(actual, expected, **options)


@pytest.mark.parametrize(
    ("actual", "expected", "options", "text"),
    [
        (
            tensor([[1, 2], [3, 4]]),
            tensor([[1, 2], [3, 5]]),
            {},
            "Tensor-likes are not equal!\n\nMismatched elements: 1 / 4 (25.0%)\n"
            "Greatest absolute difference: 1 at index (1, 1)\n"
            "Greatest relative difference: 0.20000000298023224 at index (1, 1)",
        ),
        (
            tensor([1.0, 2.0]),
            tensor([1.0, 2.1]),
            {},
            "Tensor-likes are not close!\n\nMismatched elements: 1 / 2 (50.0%)\n"
            "Greatest absolute difference: 0.09999990463256836 at index (1,) (up to 1e-05 allowed)\n"
            "Greatest relative difference: 0.04761900380253792 at index (1,) (up to 1.3e-06 allowed)",
        ),
        (
            {"a": [tensor(2.0), tensor(2.0)]},
            {"a": [tensor(2.0), tensor(3.0)]},
            {},
            "Scalars are not close!\n\nExpected 3.0 but got 2.0.\n"
            "Absolute difference: 1.0 (up to 1e-05 allowed)\n"
            "Relative difference: 0.3333333333333333 (up to 1.3e-06 allowed)\n\n"
            "The failure occurred for item ['a'][1]",
        ),
        (tensor([NAN]), tensor([NAN]), {"msg": "ours"}, "ours"),
        (1.0, 2.0, {"msg": lambda text: text.splitlines()[0]}, "Scalars are not close!"),
        (tensor([1.0]), tensor([1.0]).double(), {}, "The values for attribute 'dtype' do not match: torch.float32 != torch.float64."),
        (tensor([1.0]), tensor([[1.0]]), {}, "The values for attribute 'shape' do not match: torch.Size([1]) != torch.Size([1, 1])."),
        ([1], [1, 2], {"msg": "not used"}, "The length of the sequences mismatch: 1 != 2"),
        (
            {"a": 1},
            {"b": 1},
            {},
            "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\n"
            "Additional keys in the actual mapping: ['a']",
        ),
        (True, False, {}, "Booleans mismatch: True is not False"),
        (None, 1, {}, "None mismatch: None is not 1"),
        (1, 1.0, {}, "The (d)types do not match: <class 'int'> != <class 'float'>."),
        (
            torch.zeros(2, 3).t(),
            torch.zeros(3, 2),
            {"check_stride": True},
            "The values for attribute 'stride()' do not match: (1, 3) != (2, 1).",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_told(actual, expected, options, text):
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected, **options)
    assert str(caught.value) == text


def test_what_cannot_be_compared():
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs of type <class 'float'> and"):
        assert_close(1.0, tensor(1.0))
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(torch.nn.Parameter(tensor([1.0])), tensor([1.0]), allow_subclasses=False)
    with pytest.raises(ValueError, match="Both 'rtol' and 'atol' must be either specified or omitted, but got no atol"):
        assert_close(1.0, 1.0, rtol=0.1)


def test_the_older_form():
    with pytest.warns(FutureWarning, match="deprecated"):
        assert_allclose([1.0, NAN], [1.00005, NAN])
    with pytest.warns(FutureWarning), pytest.raises(AssertionError):
        assert_allclose(1.0, 2.0)
