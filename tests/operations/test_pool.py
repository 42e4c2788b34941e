"""Pooling, padding, resampling: what a table of calls does not show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch
from framework.nn import functional as F

quick = settings(max_examples=25, deadline=None)


@st.composite
def pools(draw):
    """An image with many equal elements, and a way to pool it."""
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kernel = (draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width))))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    seed = draw(st.integers(0, 1000))
    image = np.random.Generator(np.random.PCG64(seed)).integers(0, 4, (2, height, width)).astype(np.float64)
    return image, kernel, stride, padding


def windows_of(image, kernel, stride, padding):
    """For every window, its elements that exist: (plane, row of windows, column of windows, rows, columns)."""
    planes, height, width = image.shape
    for plane in range(planes):
        for i in range((height + 2 * padding[0] - kernel[0]) // stride[0] + 1):
            for j in range((width + 2 * padding[1] - kernel[1]) // stride[1] + 1):
                top, left = i * stride[0] - padding[0], j * stride[1] - padding[1]
                rows = range(max(top, 0), min(top + kernel[0], height))
                yield plane, i, j, rows, range(max(left, 0), min(left + kernel[1], width))


@quick
@given(pools())
def test_a_maximum_is_the_first_largest_element_and_gets_the_gradient(pool):
    image, kernel, stride, padding = pool
    x = torch.tensor(image, requires_grad=True)
    largest, places = F.max_pool2d(x, kernel, stride, padding, return_indices=True)
    expected = np.zeros_like(image)
    for plane, i, j, rows, columns in windows_of(*pool):
        row, column = max(((r, c) for r in rows for c in columns), key=lambda at: (image[plane][at], -at[0], -at[1]))
        assert places[plane, i, j].item() == row * image.shape[2] + column
        assert largest[plane, i, j].item() == image[plane, row, column]
        expected[plane, row, column] += 1 + i + j
    weights = torch.tensor(np.add.outer(np.arange(largest.shape[1]), np.arange(largest.shape[2])) + 1.0)
    (largest * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@quick
@given(pools(), st.booleans())
def test_an_average_counts_padding_or_not(pool, include):
    image, kernel, stride, padding = pool
    means = F.avg_pool2d(torch.tensor(image), kernel, stride, padding, count_include_pad=include)
    for plane, i, j, rows, columns in windows_of(*pool):
        count = kernel[0] * kernel[1] if include else len(rows) * len(columns)
        total = sum(image[plane, r, c] for r in rows for c in columns)
        assert means[plane, i, j].item() == pytest.approx(total / count)


@quick
@given(pools())
def test_unpooling_takes_maxima_back(pool):
    image, kernel, _, _ = pool
    x = torch.tensor(image + np.arange(image.size).reshape(image.shape) / 1000)
    largest, places = F.max_pool2d(x, kernel, return_indices=True)
    back = F.max_unpool2d(largest, places, kernel, output_size=x.shape[1:])
    again, _ = F.max_pool2d(back, kernel, return_indices=True)
    assert torch.equal(again, largest) and (back != 0).sum() <= largest.numel()


@quick
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["bilinear", "bicubic"]), st.booleans(), st.booleans())
def test_resampling_keeps_what_is_constant(size, out, mode, align_corners, antialias):
    x = torch.full((1, 1, size, 3), 2.5, dtype=torch.float64)
    y = F.interpolate(x, (out, 4), mode=mode, align_corners=align_corners, antialias=antialias)
    np.testing.assert_allclose(y.numpy(), 2.5)


@quick
@given(st.integers(2, 8), st.integers(0, 5), st.integers(0, 5), st.sampled_from(["reflect", "replicate", "circular"]))
def test_padding_follows_numpy(size, before, after, mode):
    x = np.arange(size * 2.0).reshape(1, 2, size)
    limit = size - 1 if mode == "reflect" else size
    pads = (min(before, limit), min(after, limit))
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    found = F.pad(torch.tensor(x), pads, mode)
    np.testing.assert_array_equal(found.numpy(), np.pad(x, ((0, 0), (0, 0), pads), names[mode]))


@quick
@given(st.integers(1, 8), st.integers(0, 5), st.integers(1, 4))
def test_sliding_windows_are_numpys(size, width, step):
    x = torch.arange(size * 3.0).reshape(size, 3)
    if width > size:
        with pytest.raises(RuntimeError, match=f"maximum size for tensor at dimension 0 is {size} but size is {width}"):
            x.unfold(0, width, step)
        return
    found = x.unfold(0, width, step)
    if width:
        expected = np.lib.stride_tricks.sliding_window_view(x.numpy(), width, 0)[::step]
        np.testing.assert_array_equal(found.numpy(), expected)
        assert np.shares_memory(found.numpy(), x.numpy())
    else:
        assert found.shape == (size // step + (size % step > 0) + (size % step == 0), 3, 0)


def test_a_write_through_windows_reaches_the_gradient():
    x = torch.arange(6.0, requires_grad=True)
    y = x * 1
    y.unfold(0, 2, 3).mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [10, 10, 1, 10, 10, 1]


def test_nan_is_larger_than_all_and_the_last_one_counts():
    x = torch.tensor([[[1.0, float("nan"), 3.0, float("nan"), 9.0, 9.0]]], requires_grad=True)
    largest, places = F.max_pool1d(x, 4, 2, return_indices=True)
    assert largest.isnan().all() and places.tolist() == [[[3, 3]]]
    largest.sum().backward()
    assert x.grad.tolist() == [[[0, 0, 0, 2, 0, 0]]]


def test_padding_never_wins_over_minus_infinity():
    x = torch.full((1, 1, 3), float("-inf"), requires_grad=True)
    largest, places = F.max_pool1d(x, 3, 1, 1, return_indices=True)
    assert largest.tolist() == [[[float("-inf")] * 3]] and places.tolist() == [[[0, 0, 1]]]
    assert F.max_pool1d(torch.ones(1, 1), 2, 1, 1, 2).tolist() == [[float("-inf")]]


def test_channels_last_images_stay_so():
    x = torch.rand(2, 4, 6, 3).permute(0, 3, 1, 2)
    for y in (F.max_pool2d(x, 2), F.avg_pool2d(x, 2), F.pad(x, (1, 1)), F.pad(x, (1, 1, 1, 1), "reflect")):
        assert not y.is_contiguous() and y.permute(0, 2, 3, 1).is_contiguous()


def test_a_sampled_grid_of_its_own_places_is_the_image():
    x = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    theta = torch.eye(2, 3, dtype=torch.float64).expand(2, 2, 3)
    for align_corners in (False, True):
        grid = F.affine_grid(theta, x.shape, align_corners)
        for mode in ("bilinear", "nearest", "bicubic"):
            y = F.grid_sample(x, grid, mode, "border", align_corners)
            np.testing.assert_allclose(y.numpy(), x.numpy(), atol=1e-12)


def test_the_older_names_say_what_to_use():
    x = torch.rand(1, 1, 2, 2)
    for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
        with pytest.warns(UserWarning, match=f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate`"):
            assert getattr(F, name)(x, scale_factor=2).shape == (1, 1, 4, 4)


def test_bytes_are_resampled():
    x = torch.tensor([[[[0, 10], [200, 255]]]], dtype=torch.uint8)
    assert F.interpolate(x, 3, mode="bilinear").tolist() == [[[[0, 5, 10], [100, 117, 133], [200, 228, 255]]]]
    assert F.interpolate(x, (2, 4)).tolist() == [[[[0, 0, 10, 10], [200, 200, 255, 255]]]]


def test_random_windows_come_from_the_stream():
    x = torch.rand(1, 2, 8, 8)
    torch.manual_seed(7)
    drawn = F.fractional_max_pool2d(x, 2, 4)
    torch.manual_seed(7)
    samples = torch.rand(1, 2, 2)
    assert torch.equal(drawn, F.fractional_max_pool2d(x, 2, 4, _random_samples=samples))


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
@pytest.mark.parametrize("width", [1, (1, 2), ((1, 0), (2, 1))])
def test_numpy_pads_tensors(mode, width):
    x = torch.arange(12.0).reshape(3, 4).requires_grad_()
    options = {"constant_values": 7} if mode == "constant" else {}
    found = np.pad(x, width, mode, **options)
    np.testing.assert_array_equal(found.detach().numpy(), np.pad(x.detach().numpy(), width, mode, **options))
    found.sum().backward()
    counts = np.pad(np.arange(12).reshape(3, 4), width, mode, **({"constant_values": -1} if options else {}))
    assert x.grad.reshape(-1).tolist() == [(counts == number).sum() for number in range(12)]


def test_numpy_pad_refuses_what_is_not_here():
    with pytest.raises(TypeError, match="knows the modes constant, reflect, edge, wrap, not 'linear_ramp'"):
        np.pad(torch.ones(3), 1, "linear_ramp")
    with pytest.raises(ValueError, match="goes round once: 3 is too much for a dimension of size 3"):
        np.pad(torch.ones(3), 3, "reflect")


def test_compiled_functions_pool_as_eager_ones():
    def run(x, grid):
        y, places = F.max_pool2d(F.pad(x, (1, 1, 1, 1), "reflect"), 2, return_indices=True)
        z = F.max_unpool2d(y, places, 2) + F.interpolate(F.avg_pool2d(y, 2, ceil_mode=True), y.shape[-1] * 2)
        z = F.grid_sample(F.adaptive_avg_pool2d(z, 3), grid, align_corners=False)
        return (F.interpolate(z, scale_factor=1.5, mode="bilinear") * F.adaptive_max_pool2d(x, 3)).sum()

    compiled = torch.compile(run, fullgraph=True)
    for seed in range(3):
        torch.manual_seed(seed)
        x, grid = torch.randn(2, 3, 6, 6, requires_grad=True), torch.rand(2, 2, 2, 2) * 2 - 1
        expected, found = run(x, grid), compiled(x, grid)
        assert torch.equal(expected, found)
        assert torch.equal(*[torch.autograd.grad(each, x)[0] for each in (expected, found)])


def test_the_top_level_name_gives_places_too():
    values, places = torch.adaptive_max_pool1d(torch.tensor([[3.0, 1.0, 2.0, 5.0]]), 2)
    assert values.tolist() == [[3, 5]] and places.tolist() == [[0, 3]]
