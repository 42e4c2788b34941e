"""What the table's rows, small as they are, cannot show of convolutions."""

from __future__ import annotations

import importlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework as torch
from framework.autograd.operation import registry
from framework.operations import convolution_channels as channels
from framework.operations import convolution_columns as columns
from framework.operations import convolution_lines as lines
from framework.operations import convolution_returns as returns
from framework.operations import convolution_rows as rows
from framework.operations import convolution_tiles as tiles
from framework.operations import convolution_ways as ways
from framework.testing import operations as checks

F = torch.nn.functional
RANDOM = np.random.Generator(np.random.PCG64(0))


def slowly(x, w, stride, padding, dilation, groups):
    """The definition: a sum for each place of the kernel."""
    x = np.pad(x, ((0, 0), (0, 0), *[(each, each) for each in padding]))
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilation, strict=True)]
    out = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    y = np.zeros((len(x), len(w), *out))
    per_output = len(w) // groups
    for place in np.ndindex(*w.shape[2:]):
        index = [
            slice(p * d, p * d + (n - 1) * s + 1, s) for p, d, n, s in zip(place, dilation, out, stride, strict=True)
        ]
        seen = x[:, :, *index]
        for o in range(len(w)):
            first = o // per_output * w.shape[1]
            for c in range(w.shape[1]):
                y[:, o] += seen[:, first + c] * w[(o, c, *place)]
    return y


@st.composite
def geometries(draw):
    dims = draw(st.integers(1, 3))
    several = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, stride, padding, dilation = several(1, 3), several(1, 3), several(0, 2), several(1, 2)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    if draw(st.integers(0, 3)) == 0:  # the most usual, which goes in tiles
        dims, kernel, stride, dilation, groups = 2, (3, 3), (1, 1), (1, 1), 1
        padding = several(0, 2)
    least = [max(1, (k - 1) * d + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    size = tuple(draw(st.integers(n, n + 4)) for n in least)
    batch, channels, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    return (batch, channels * groups, *size), (outputs * groups, channels, *kernel), stride, padding, dilation, groups


# What decides on the way: numbers in a block, in a cheap product, of what is small, of what goes in rows or in tiles.
WAYS = st.fixed_dictionaries(
    {
        (channels, "CACHED"): st.sampled_from([1, 200, 1 << 18]),
        (channels, "_LONG"): st.sampled_from([1, 50, 4096]),
        (columns, "CACHED"): st.sampled_from([1, 200, 1 << 18]),
        (lines, "CACHED"): st.sampled_from([1, 200, 1 << 18]),
        (lines, "_THIN"): st.sampled_from([1, 32]),
        (returns, "_CACHED"): st.sampled_from([1, 200, 1 << 18]),
        (rows, "CACHED"): st.sampled_from([1, 200, 1 << 18]),
        (rows, "QUICK"): st.sampled_from([100, 10**6]),
        (rows, "_SAME_PLACES"): st.sampled_from([1, 10**6]),
        (tiles, "CACHED"): st.sampled_from([1, 3000, 1 << 18]),
        (ways, "_SMALL"): st.sampled_from([0, 1 << 14]),
        (ways, "_SHALLOW"): st.just(0),
        (ways, "_LOW"): st.just(0),
        (ways, "_LONE"): st.just(0),
        (ways, "_LONG"): st.just(0),
        (ways, "_NARROW"): st.sampled_from([0, 10**6]),
        (ways, "_BETWEEN"): st.sampled_from([0, 10**6]),
        (ways, "_PLACES"): st.just(0),
    }
)


@settings(max_examples=120, deadline=None)
@given(geometries(), WAYS)
def test_every_way_to_a_convolution_is_the_definition(geometry, deciding):
    x_shape, w_shape, stride, padding, dilation, groups = geometry
    x, w = RANDOM.normal(size=x_shape), RANDOM.normal(size=w_shape)
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in deciding.items():
            patch.setattr(module, name, value)
        forget()
        tensors = [torch.from_numpy(each).requires_grad_() for each in (x, w)]
        function = getattr(F, f"conv{len(stride)}d")
        y = function(*tensors, None, stride, padding, dilation, groups)
        expected = slowly(x, w, stride, padding, dilation, groups)
        np.testing.assert_allclose(y.detach().numpy(), expected, atol=1e-10)
        # Linear in both: the gradients are told by their products with the inputs.
        g = torch.from_numpy(RANDOM.normal(size=expected.shape))
        alone = [torch.autograd.grad(y, each, g, retain_graph=True)[0] for each in tensors]
        together = torch.autograd.grad(y, tensors, g)
        product = (g * y).sum().item()
        for one, other, tensor in zip(alone, together, tensors, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-10)
            assert (one * tensor).sum().item() == pytest.approx(product, abs=1e-9)
    forget()


def test_blocks_may_be_of_different_sizes(monkeypatch):
    x, w, g = (RANDOM.normal(size=shape) for shape in ((5, 2, 7, 6), (3, 2, 3, 3), (5, 3, 7, 6)))
    geometry, pads = ((7, 6), (3, 3), (1, 1)), ((1, 1), (1, 1))
    expected = lines.walk(x, w, None, g, *geometry, pads, (1, 1))
    for cached in (1, 16 * 3 * 6, 16 * 3 * 24):  # of tiles: parts of an image, one, two
        for module in (tiles, rows):
            monkeypatch.setattr(module, "CACHED", cached)
        forget()
        in_tiles = tiles.walk(x, w, None, g, (7, 6), pads)
        in_rows = rows.walk(x, w, None, g, *geometry, pads, 1)
        for found in (*zip(in_tiles, expected, strict=True), *zip(in_rows, expected, strict=True)):
            np.testing.assert_allclose(*found, atol=1e-12)
    forget()


def test_nan_stays_within_reach_of_the_kernel():
    x, w = torch.ones(1, 32, 24, 24), torch.ones(32, 32, 3, 3)
    x[0, 3, 8, 11] = torch.nan
    seen = F.conv2d(x, w, padding=1).isnan()
    assert seen[0, :, 7:10, 10:13].all()
    assert seen.sum() == 32 * 9


def forget():
    """Forgets what was computed from shapes."""
    modules = (channels, columns, lines, returns, rows, tiles, ways)
    for each in [each for module in modules for each in vars(module).values() if hasattr(each, "cache_clear")]:
        each.cache_clear()


LARGE = [
    ((9, 6, 24, 11), (6, 1, 3, 3), (1, 1), ((1, 1), (0, 2)), (1, 1), 6),
    ((9, 3, 26, 25), (6, 3, 3, 3), (2, 3), ((1, 2), (0, 1)), (1, 1), 1),
    ((9, 5, 14, 13), (7, 5, 5, 5), (1, 1), ((2, 0), (1, 2)), (1, 1), 1),
    ((3, 32, 15, 14), (33, 32, 3, 3), (1, 1), ((1, 1), (0, 2)), (1, 1), 1),
    ((3, 8, 20, 18), (5, 8, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    ((2, 12, 18, 16), (3, 12, 3, 3), (1, 1), ((1, 1), (0, 2)), (2, 1), 1),
    ((2, 6, 24, 23), (4, 6, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 1),
    ((2, 6, 24, 24), (4, 6, 4, 4), (4, 4), ((0, 0), (0, 0)), (1, 1), 1),
    ((2, 5, 700), (4, 5, 9), (1,), ((4, 4),), (1,), 1),
    ((2, 6, 24, 23), (6, 1, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 6),
    ((2, 8, 24, 23), (4, 4, 3, 3), (1, 1), ((1, 1), (0, 1)), (1, 2), 2),
]


@pytest.mark.parametrize(("x", "w", "stride", "pads", "dilation", "groups"), LARGE)
def test_large_ones_are_pure_compiled_to_the_bit_and_run_on_devices(x, w, stride, pads, dilation, groups):
    arrays = RANDOM.normal(size=x), RANDOM.normal(size=w)
    g = registry["convolution"](*arrays, None, stride, pads, dilation, groups)
    rest = (stride, pads, dilation, groups)
    calls = {
        "convolution": (*arrays, RANDOM.normal(size=w[0]), *rest),
        "conv_transpose": (g, arrays[1], RANDOM.normal(size=x[1]), x[2:], *rest),
        "convolution_by_weight": (g, arrays[0], w[2:], *rest),
    }
    for name, arguments in calls.items():
        operation = registry[name]
        checks.check_forward(operation, arguments)
        checks.check_purity(operation, arguments)
        checks.check_single_precision(operation, arguments)
        checks.check_device(operation, arguments)
        checks.check_compiled(operation, arguments)


def test_a_compiled_layer_is_traced_through():
    x, w = torch.rand(3, 4, 20, 18), torch.rand(5, 4, 3, 3)
    step = torch.compile(lambda x: F.conv2d(x, w, None, padding=1), fullgraph=True)
    for _ in range(3):
        assert torch.equal(step(x), F.conv2d(x, w, None, padding=1))
    assert "kept whole" not in str(step.program.explain())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.int64, torch.uint8])
def test_types_stay(dtype):
    x, w = torch.ones(1, 2, 4, 4, dtype=dtype), torch.ones(3, 2, 2, 2, dtype=dtype)
    assert F.conv2d(x, w).dtype is dtype
    assert F.conv2d(x, w).tolist() == [[[[8] * 3] * 3] * 3]


def test_channels_last_stay_last():
    x = torch.rand(2, 5, 6, 3).permute(0, 3, 1, 2)
    y = F.conv2d(x, torch.rand(4, 3, 2, 2))
    assert not y.is_contiguous() and y.permute(0, 2, 3, 1).is_contiguous()


def test_padding_to_the_same_size_warns_of_lopsidedness_once(monkeypatch):
    monkeypatch.setattr(importlib.import_module("framework.operations.convolution"), "_warned", [])
    x, w = torch.arange(4.0).reshape(1, 1, 4), torch.tensor([[[1.0, 10.0]]])
    with pytest.warns(UserWarning, match="even kernel lengths"):
        assert F.conv1d(x, w, padding="same").tolist() == [[[10.0, 21.0, 32.0, 3.0]]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.conv1d(x, w, padding="same")


def test_output_padding_past_a_stride():
    x, w = torch.ones(1, 1, 2, requires_grad=True), torch.ones(1, 1, 2)
    y = F.conv_transpose1d(x, w, stride=1, dilation=3, output_padding=2)
    assert y.tolist() == [[[1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0]]]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [[[2.0, 2.0]]]


def ones(*shape):
    return torch.ones(*shape)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: F.conv2d(ones(1, 4, 5, 5), ones(2, 3, 3, 3)),
            RuntimeError,
            "Given groups=1, weight of size [2, 3, 3, 3], expected input[1, 4, 5, 5] to have 3 channels, but got 4 "
            "channels instead",
        ),
        (
            lambda: F.conv1d(ones(2, 3, 5), ones(2, 3, 9)),
            RuntimeError,
            "Calculated padded input size per channel: (5). Kernel size: (9). Kernel size can't be greater than actual "
            "input size",
        ),
        (
            lambda: F.conv2d(ones(5, 5), ones(2, 3, 3, 3)),
            RuntimeError,
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 5]",
        ),
        (
            lambda: F.conv2d(ones(1, 3, 5, 5), ones(2, 3, 3, 3).double()),
            RuntimeError,
            "expected scalar type Float but found Double",
        ),
        (
            lambda: F.conv2d(ones(1, 3, 5, 5), ones(2, 3, 3, 3), ones(3)),
            RuntimeError,
            "Given weight of size [2, 3, 3, 3], expected bias to be 1-dimensional with 2 elements, but got bias of size "
            "[3] instead",
        ),
        (
            lambda: F.conv2d(ones(1, 3, 5, 5), ones(2, 3, 3, 3), padding="same", stride=2),
            RuntimeError,
            "padding='same' is not supported for strided convolutions",
        ),
        (
            lambda: F.conv_transpose2d(ones(1, 3, 5, 5), ones(3, 2, 3, 3), output_padding=1),
            RuntimeError,
            "output padding must be smaller than either stride or dilation, but got output_padding_height: 1 "
            "output_padding_width: 1 stride_height: 1 stride_width: 1 dilation_height: 1 dilation_width: 1",
        ),
        (
            lambda: F.fold(ones(1, 12, 5), (3, 3), 2),
            RuntimeError,
            "Given output_size=(3, 3), kernel_size=(2, 2), dilation=(1, 1), padding=(0, 0), stride=(1, 1), expected "
            "size of input's dimension 2 to match the calculated number of sliding blocks 2 * 2 = 4, but got "
            "input.size(2)=5.",
        ),
        (
            lambda: F.bilinear(ones(5, 3), ones(4, 4), ones(2, 3, 4)),
            RuntimeError,
            "bilinear(): input batch dimensions do not match at dim 0: got 5 and 4",
        ),
        (lambda: torch.conv_tbc(ones(5, 2), ones(3, 3, 4), ones(4)), RuntimeError, "Input must have 3 dims"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("wrong", [True, 1.5, "a", (1.0, 2)])
def test_a_stride_is_made_of_integers(wrong):
    F.conv2d(ones(1, 1, 2, 2), ones(1, 1, 1, 1), stride=1)
    with pytest.raises(TypeError, match=rf"got \(Tensor, Tensor, stride={type(wrong).__name__}\)"):
        F.conv2d(ones(1, 1, 2, 2), ones(1, 1, 1, 1), stride=wrong)
