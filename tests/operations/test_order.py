"""Sorting and what rests on it: properties, NumPy's functions, layouts, and errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import framework as torch
from framework.operations import ordering, selection

FLOATS = st.floats(-4, 4, width=32).map(lambda value: round(value, 0)) | st.just(float("nan"))
ROWS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6), elements=FLOATS)
WHOLE = hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=80), elements=st.integers(-3, 3))


@settings(max_examples=60)
@given(ROWS, st.booleans())
def test_sorted_values_are_those_at_the_indices(array, descending):
    x = torch.from_numpy(array.copy())
    values, indices = x.sort(-1, descending)
    expected = np.sort(array, -1)
    np.testing.assert_array_equal(values.numpy(), expected[..., ::-1] if descending else expected)
    np.testing.assert_array_equal(x.gather(-1, indices).numpy(), values.numpy())


@settings(max_examples=60)
@given(WHOLE, st.booleans())
def test_a_stable_sort_keeps_equals_in_their_order(array, descending):
    expected = np.argsort(-array if descending else array, axis=-1, kind="stable")
    found = torch.from_numpy(array.copy()).argsort(-1, descending, stable=True)
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?"])
def test_long_rows_are_ordered_as_short_ones_are(dtype):
    random = np.random.default_rng(0)
    rows = (random.normal(size=(3, 400)) * 9).astype(dtype)
    if rows.dtype.kind == "f":
        rows[0, ::7], rows[1, ::5], rows[1, ::11] = np.nan, -0.0, -np.inf
        rows[2, 3] = -rows[0, 0]  # a nan with another sign
    ascending = np.argsort(rows, axis=-1, kind="stable")
    np.testing.assert_array_equal(ordering.stable_order(rows, False), ascending)
    backward = 399 - np.argsort(rows[:, ::-1], axis=-1, kind="stable")[:, ::-1]
    np.testing.assert_array_equal(ordering.stable_order(rows, True), backward)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_few_of_many_are_those_of_a_sort(largest, dtype):
    rows = np.random.default_rng(1).permutation(6000).reshape(2, 3000).astype(dtype)
    values, indices = torch.from_numpy(rows).topk(5, largest=largest)
    expected = np.argsort(-rows if largest else rows, axis=-1)[:, :5]
    np.testing.assert_array_equal(indices.numpy(), expected)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(rows, expected, -1))


def test_few_of_many_with_nans_and_with_equals():
    x = torch.zeros(3000)
    x[[7, 2900]] = float("nan")
    values, indices = x.topk(3)
    assert indices[:2].tolist() == [7, 2900]
    assert np.isnan(values.numpy()).tolist() == [True, True, False]
    assert torch.ones(3000).topk(4).values.tolist() == [1.0] * 4


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.data())
def test_selections_find_what_a_sort_finds(keys, data):
    nth = data.draw(st.integers(0, len(keys) - 1))
    expected = sorted(keys)
    assert [keys[each] for each in selection.introsort(keys)] == expected
    for found in (selection.nth_element(keys, nth), selection.quickselect(keys, nth)):
        assert sorted(found) == list(range(len(keys)))
        assert keys[found[nth]] == expected[nth]
    found = selection.partial_sort(keys, nth + 1)
    assert [keys[each] for each in found[: nth + 1]] == expected[: nth + 1]
    found = selection.nth_element(keys, nth, True)
    assert [keys[each] for each in found[: nth + 1]] == expected[: nth + 1]


def test_numpy_functions_mean_ours():
    a = np.array([[3.0, 1, 2, 2], [0, 4, 5, 1]])
    t = torch.tensor(a)
    for function in (np.sort, np.argsort):
        np.testing.assert_array_equal(function(t, axis=0).numpy(), function(a, axis=0, kind="stable"))
        np.testing.assert_array_equal(function(t, axis=None).numpy(), function(a, axis=None, kind="stable"))
    assert np.partition(t, 2).numpy()[0, 2] == np.partition(a, 2)[0, 2]
    for function in (np.median, np.nanmedian):
        np.testing.assert_allclose(function(t, axis=1).numpy(), function(a, axis=1))
        np.testing.assert_allclose(function(t).item(), function(a))
    for function in (np.quantile, np.nanquantile):
        np.testing.assert_allclose(function(t, [0.2, 0.5], axis=1).numpy(), function(a, [0.2, 0.5], axis=1))
        np.testing.assert_allclose(function(t, 0.3, method="lower").item(), function(a, 0.3, method="lower"))
    for mine, its in zip(
        np.unique(t, return_counts=True, return_inverse=True),
        np.unique(a, return_counts=True, return_inverse=True),
        strict=True,
    ):
        np.testing.assert_array_equal(mine.numpy(), its)
    with pytest.raises(TypeError, match="return_index"):
        np.unique(t, return_index=True)
    s = torch.tensor([1.0, 3, 5])
    np.testing.assert_array_equal(np.searchsorted(s, t, "right").numpy(), np.searchsorted(s.numpy(), a, "right"))
    np.testing.assert_array_equal(np.isin(t, [1, 2]).numpy(), np.isin(a, [1, 2]))
    n = torch.tensor([3, 1, 1])
    np.testing.assert_array_equal(np.bincount(n, minlength=6).numpy(), [0, 2, 0, 1, 0, 0])
    np.testing.assert_allclose(np.cov(t).numpy(), np.cov(a))
    np.testing.assert_allclose(np.cov(t, rowvar=False, ddof=0).numpy(), np.cov(a, rowvar=False, ddof=0))
    np.testing.assert_allclose(np.corrcoef(t).numpy(), np.corrcoef(a))
    with pytest.raises(TypeError, match="stack them"):
        np.cov(t, t)
    np.testing.assert_array_equal(np.unravel_index(torch.tensor([5]), (3, 4))[1].numpy(), [1])


def test_results_lie_in_memory_as_their_input_or_in_order():
    x = torch.arange(12.0).reshape(3, 4).T
    assert x.sort(0).values.stride() == x.sort(1).indices.stride() == (1, 4)
    assert x.expand(2, 4, 3).sort(0).values.is_contiguous()
    for found in (x.topk(2, 0)[0], x.kthvalue(1, 0)[1], x.median(0)[0], x.mode(0, True)[1], x.cummax(0)[0]):
        assert found.is_contiguous()
    assert x.logcumsumexp(0).is_contiguous()
    assert x.quantile(0.5, 0).is_contiguous()
    assert not x.quantile(torch.tensor([0.1, 0.5]), 0).is_contiguous()
    assert torch.put(x, torch.tensor([1]), torch.tensor([9.0])).stride() == (1, 4)


def test_places_of_an_unsorted_row_are_found_as_by_halving():
    row = torch.tensor([3.0, 1, 2, 2])
    assert torch.searchsorted(row, torch.tensor([0.0, 2, 2.5, 4])).tolist() == [0, 2, 4, 4]
    rows = torch.tensor([[1.0, float("nan"), 3], [float("nan"), 1, 2]])
    assert torch.searchsorted(rows, torch.tensor([[2.0], [2.0]])).tolist() == [[2], [2]]


def test_a_warning_about_layout_is_given_once(recwarn):
    x = torch.ones(2, 3).T
    for _ in range(2):
        torch.bucketize(x, torch.tensor([1.0, 2]))
    assert len(recwarn) <= 1


def test_named_results():
    x = torch.tensor([2.0, 1, 3])
    for found, name in (
        (x.sort(), "sort"),
        (x.topk(1), "topk"),
        (x.kthvalue(1), "kthvalue"),
        (x.median(0), "median"),
        (x.nanmedian(0), "nanmedian"),
        (x.mode(), "mode"),
        (x.cummax(0), "cummax"),
        (x.cummin(0), "cummin"),
    ):
        assert repr(found).startswith(f"torch.return_types.{name}(\nvalues=tensor(")
        assert found.values is found[0] and found.indices is found[1]
    found = torch.histogram(x, 2)
    assert repr(found).startswith("torch.return_types.histogram(\nhist=tensor(")
    assert found.bin_edges is found[1]


def test_gradients_of_reductions_with_zeros():
    x = torch.tensor([2.0, 0, 3], requires_grad=True)
    s = torch.tensor([0.0, 4, 5, 6], requires_grad=True)
    torch.scatter_reduce(x, 0, torch.tensor([0, 0, 1, 2]), s, "prod").sum().backward()
    assert x.grad.tolist() == [0, 5, 6]
    assert s.grad.tolist() == [8, 0, 0, 3]


def test_covariance_has_gradients_by_its_weights():
    x = torch.tensor([[0.5, 1.0, 2.0, 3.5], [4, 2, 1, 0]], dtype=torch.float64, requires_grad=True)
    a = torch.tensor([1.0, 2, 1, 0.5], dtype=torch.float64, requires_grad=True)
    f = torch.tensor([1, 2, 1, 1])
    np.testing.assert_allclose(
        torch.cov(x, aweights=a, fweights=f).detach().numpy(),
        torch.cov(x, aweights=a.detach(), fweights=f).detach().numpy(),
    )
    assert torch.autograd.gradcheck(lambda x, a: torch.cov(x, aweights=a, fweights=f), [x, a])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x.sort(3), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 3)"),
        (lambda x: torch.sort(x, "a"), TypeError, "sort() received an invalid combination of arguments"),
        (lambda x: x.argsort(stable=None), TypeError, "argsort() received an invalid combination of arguments"),
        (lambda x: x.topk(9), RuntimeError, "selected index k out of range"),
        (lambda x: (x > 0).topk(1), RuntimeError, "topk does not support bool dtypes on CPU"),
        (lambda x: x.topk(1, largest=1), TypeError, "topk(): argument 'largest' must be bool, not int"),
        (lambda x: x.kthvalue(0), RuntimeError, "kthvalue(): selected number k out of range for dimension 1"),
        (lambda x: (x > 0).kthvalue(1), NotImplementedError, "\"kthvalue_cpu\" not implemented for 'Bool'"),
        (lambda x: (x > 0).median(), NotImplementedError, "\"median_cpu\" not implemented for 'Bool'"),
        (lambda x: x[:0].mode(0), IndexError, "mode(): Expected reduction dim 0 to have non-zero size."),
        (lambda x: x.quantile(2), RuntimeError, "quantile() q must be in the range [0, 1] but got 2"),
        (
            lambda x: x.long().logcumsumexp(0),
            NotImplementedError,
            "\"logcumsumexp_out_cpu\" not implemented for 'Long'",
        ),
        (lambda x: torch.bincount(x), NotImplementedError, "\"bincount_cpu\" not implemented for 'Float'"),
        (lambda x: torch.histc(x, 0), RuntimeError, "torch.histogram(): bins must be > 0, but got 0 for dimension 0"),
        (lambda x: torch.isin(1, 2), TypeError, "isin() received an invalid combination of arguments - got (int, int)"),
        (lambda x: torch.put(x, 1, x), TypeError, "put(): argument 'index' (position 2) must be Tensor, not int"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call(torch.tensor([[3.0, 1, 2], [4, 6, 5]]))
    assert str(caught.value).startswith(text)
