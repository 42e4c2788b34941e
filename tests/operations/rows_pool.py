"""The rows of pooling, padding, resampling and sampling of images."""

from __future__ import annotations

import numpy as np

from framework.operations.adaptive_pooling import _average_plan, _max_plan
from framework.operations.pooling_arguments import windows_of
from framework.operations.resampling import Line
from framework.operations.windows import Window
from tests.operations.sampling import Row

# Operations that add up at an index write with `np.add.at`, which a device has its own way for.
HOST = {"device": False}


def windows(shape, kernel, stride=None, padding=None, dilation=None, ceil_mode=False):
    count = len(kernel)
    return windows_of(
        "max_pool2d" if count == 2 else "max_pool3d",
        shape,
        kernel,
        stride or kernel,
        padding or (0,) * count,
        dilation or (1,) * count,
        ceil_mode,
    )


LINE = Window(-1, 5, 3, 2, 1, 1, 3)
SINGLE = Window(-1, 5, 1, 2, 0, 1, 3)
SPARSE = Window(-1, 5, 2, 2, 1, 3, 2)


def images(r):
    return [
        (r.distinct(1, 2, 4), windows((1, 2, 4), (2, 2))),
        (r.distinct(1, 3, 3), windows((1, 3, 3), (3, 2), (2, 1), (1, 1))),
        (r.distinct(1, 1, 3, 3), windows((1, 1, 3, 3), (2, 2), (2, 2), (0, 0), (2, 2), True)),
    ]


def lines(r):
    return [(r.distinct(2, 5), (LINE,)), (r.distinct(1, 5), (SPARSE,)), (r.distinct(1, 5), (SINGLE,))]


def volumes(r):
    return [(r.distinct(1, 2, 2, 2), windows((1, 2, 2, 2), (2, 2, 2), (1, 1, 2), (1, 0, 0)))]


def every(r):
    return [*images(r)[1:2], *lines(r)[1:2], *volumes(r)]


def backward(r):
    """A gradient for every window, the input, and the windows."""
    return [(r(*x.shape[: x.ndim - len(each)], *[one.out for one in reversed(each)]), x, each) for x, each in every(r)]


def with_divisor(samples):
    def made(r):
        return [(*call, divisor) for call, divisor in zip(samples(r), (True, False, 3), strict=False)]

    return made


def adaptive(plan, *shapes):
    def made(r):
        return [(r.distinct(*lead, *sizes), plan(sizes, outs)) for lead, sizes, outs in shapes]

    return made


ONE = (((1,), (4,), (2,)), ((2,), (5,), (3,)))
TWO = (((1,), (2, 4), (1, 2)), ((1,), (3, 2), (2, 2)), ((1,), (4, 3), (2, 1)))
THREE = (((1,), (2, 2, 1), (2, 1, 1)), ((1,), (3, 1, 2), (2, 1, 2)))


def averaged_back(r):
    return [(r(*lead, *outs), r(*lead, *sizes), _average_plan(sizes, outs)) for lead, sizes, outs in TWO]


LINES = (
    (Line("linear", -1, 3, 5, 3 / 5),),
    (Line("cubic", -2, 3, 2, 3 / 2), Line("linear", -1, 3, 3, 1.0, True)),
    (Line("nearest", -2, 3, 4, 3 / 4), Line("nearest-exact", -1, 3, 2, 3 / 2)),
    (Line("cubic-antialias", -2, 3, 2, 1.5), Line("linear-antialias", -1, 3, 2, 1.5)),
)


def resampled(*chosen):
    return lambda r: [(r(3, 3), LINES[number]) for number in chosen]


def shrunk(r):
    outs = [(3, 5), (2, 3), (4, 2), (2, 2)]
    return [(r(*shape), each) for shape, each in zip(outs, LINES, strict=True)]


def image(*chosen):
    return lambda r: [(r(1, 1, 3, 3), LINES[number]) for number in chosen]


def volume(kind):
    return lambda r: [(r(1, 1, 2, 2, 1), tuple([Line(kind, d, n, 3, n / 3) for d, n in ((-3, 2), (-2, 2))]))]


def line(kind):
    return lambda r: [(r(1, 2, 3), (Line(kind, -1, 3, 4, 3 / 4),))]


PADS = ((1, 2), (1, 0, 1, 1), (-1, 2, 0, -1))
MODES = ("reflect", "replicate", "circular")


def padded(r):
    return [(r(1, 2, 3), pad, mode) for pad, mode in zip(PADS, MODES, strict=True)]


def of_mode(mode, *pads):
    return lambda r: [(r(1, 2, 3) if len(pad) < 6 else r(1, 2, 2, 2), pad, mode) for pad in pads]


def padded_back(tied):
    def made(r):
        calls = []
        for call in padded(r):
            x, pad, mode = call
            shape = list(x.shape)
            for number in range(len(pad) // 2):
                shape[-1 - number] += pad[2 * number] + pad[2 * number + 1]
            calls.append((r(*shape), x if tied else x.shape, pad, mode))
        return calls

    return made


_SIZES = {2: ((2, 1), (2, 2)), 3: ((1, 2, 1), (1, 1, 2))}


def places(r):
    return [(r(2, 2, 3), np.array([[[0, 5, 7], [2, 3, 4]], [[1, 1, 0], [7, 6, 0]]]), (2, 4))]


FLAT = np.array([[[0, 3, 3], [5, 4, 5]]])


def sampled(*shape):
    """Places inside and outside, in all modes."""

    def made(r):
        count = len(shape) - 2
        grid = r.unit(1, *(1,) * (count - 1), 2, count) * 1.3
        modes = [(0, 0, False), (0, 1, True), (0, 2, False), (2, 0, True), (1, 0, True)]
        return [(r(*shape), grid, *mode) for mode in (modes if count == 2 else modes[2:3])]

    return made


ROWS = [
    Row("max_pool1d", lines),
    Row("max_pool2d", images),
    Row("max_pool3d", volumes),
    Row("max_pool1d_with_indices", lines),
    Row("max_pool2d_with_indices", images),
    Row("max_pool3d_with_indices", volumes),
    Row("place_at_maxima", backward),
    Row("take_at_maxima", lambda r: [(r(*x.shape), x, each) for x, each in every(r)]),
    Row("average_windows", with_divisor(every)),
    Row("spread_averages", with_divisor(backward)),
    Row("avg_pool1d", with_divisor(lambda r: lines(r)[:1] + lines(r)[2:])),
    Row("avg_pool2d", with_divisor(images)),
    Row("avg_pool3d", with_divisor(volumes)),
    Row("adaptive_avg_pool1d", adaptive(_average_plan, *ONE)),
    Row("adaptive_avg_pool2d", adaptive(_average_plan, *TWO)),
    Row("adaptive_avg_pool3d", adaptive(_average_plan, *THREE)),
    Row("adaptive_average_back", averaged_back),
    *[
        Row(f"adaptive_max_pool{count}d{ending}", adaptive(_max_plan, *shapes))
        for count, shapes in enumerate((ONE, TWO, THREE), 1)
        for ending in ("", "_with_indices")
    ],
    Row("resample", resampled(0, 1, 2, 3)),
    Row("resample_back", shrunk),
    Row("upsample_nearest1d", line("nearest")),
    Row("upsample_nearest2d", image(2)),
    Row("upsample_nearest3d", volume("nearest")),
    Row("upsample_nearest_exact1d", line("nearest-exact")),
    Row("upsample_nearest_exact2d", image(2)),
    Row("upsample_nearest_exact3d", volume("nearest-exact")),
    Row("upsample_linear1d", line("linear")),
    Row("upsample_bilinear2d", image(1)),
    Row("upsample_bicubic2d", image(1)),
    Row("upsample_trilinear3d", volume("linear")),
    Row("upsample_bilinear2d_aa", image(3)),
    Row("upsample_bicubic2d_aa", image(3)),
    Row("upsample_lanczos2d_aa", lambda r: [(r(1, 1, 2, 4), (Line("lanczos-antialias", -1, 4, 2, 2.0),))]),
    Row("constant_pad_nd", lambda r: [(r(1, 2, 3), pad, value) for pad, value in zip(PADS, (0, 1.5, 0), strict=True)]),
    Row("copy_pad", padded),
    Row("copy_pad_back", padded_back(False)),
    Row("tied_pad_back", padded_back(True)),
    Row("circular_pad", of_mode("circular", *PADS[1:])),
    *[
        Row(f"{name}_pad{number}d", of_mode(mode, pad))
        for name, mode in (("reflection", "reflect"), ("replication", "replicate"))
        for number, pad in ((1, (1, 2)), (2, (1, 1, 1, 0)), (3, (1, 0, 0, 1, 0, 1)))
    ],
    Row("pixel_shuffle", lambda r: [(r(1, 4, 1, 2), 2), (r(2, 1, 2), 1)]),
    Row("pixel_unshuffle", lambda r: [(r(1, 1, 2, 4), 2)]),
    Row("channel_shuffle", lambda r: [(r(1, 6, 1), 3)]),
    Row("unfold", lambda r: [(r(2, 4), 1, 3, 1), (r(5, 1), 0, 2, 3), (r(4), 0, 4, 1)]),
    Row("unfold_back", lambda r: [(r(2, 2, 3), (2, 4), 1, 1), (r(1, 2, 4), (4, 2), 0, 1)]),
    Row("take_flat", lambda r: [(r(2, 2, 4), places(r)[0][1], 2)], HOST),
    Row("add_flat", places, HOST),
    *[
        Row(
            f"max_unpool{count}d",
            lambda r, sizes=sizes: [(r(2, 1, 3), np.array([[[0, 5, 7]], [[1, 3, 2]]]), sizes)],
            HOST,
        )
        for count, sizes in ((1, (8,)), (2, (2, 4)), (3, (2, 2, 2)))
    ],
    *[
        Row(
            f"fractional_max_pool{count}d",
            lambda r, count=count: [
                (r.distinct(1, 6 - 2 * count, *(3,) * count), np.abs(r.unit(1, 6 - 2 * count, count)), *_SIZES[count])
            ],
            HOST,
        )
        for count in (2, 3)
    ],
    Row(
        "fractional_back",
        lambda r: [(r(1, 1, 2, 2), r(1, 1, 3, 3), np.array([[[[0, 2], [2, 8]]]]), 2)],
        HOST,
    ),
    Row("whole_numbers", lambda r: [(np.floor(r(3)),)]),
    Row("flat_places", lambda r: [(np.array([[0, 3, 3], [1, 2, 0]]), 2, 4)], HOST),
    Row("take_columns", lambda r: [(r(1, 2, 4), FLAT)], HOST),
    Row("add_columns", lambda r: [(r(1, 2, 3), FLAT, 4)], HOST),
    Row("grid_sampler_2d", sampled(1, 1, 2, 2), HOST),
    Row("grid_sampler_3d", sampled(1, 1, 2, 2, 1), HOST),
    Row("affine_grid_generator", lambda r: [(r(2, 2, 3), (2, 3), False), (r(1, 3, 4), (2, 1, 2), True)]),
    Row("affine_grid_back", lambda r: [(r(2, 2, 3, 2), (2, 3), False), (r(1, 2, 1, 2, 3), (2, 1, 2), True)]),
]
