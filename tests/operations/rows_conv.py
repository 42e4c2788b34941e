"""The rows of convolutions, their transposes and gradients, and of what they are made of."""

from __future__ import annotations

from tests.operations.sampling import Row

ONE, TWO, THREE = (1,), (1, 1), (1, 1, 1)


def _pads(*sizes):
    return tuple((each, each) for each in sizes)


# x, weight, stride, pads, dilation, groups, and the result's size: each goes a way of its own.
_SMALLEST = [
    ((1, 1, 2), (1, 1, 2), ONE, _pads(1), ONE, 1, (3,)),
    ((1, 1, 2), (1, 1, 2), (2,), ((0, 1),), ONE, 1, (1,)),
    ((1, 2, 1), (2, 1, 1), ONE, _pads(0), ONE, 2, (1,)),
]
_CASES = [
    ((2, 1, 2, 3), (2, 1, 2, 2), TWO, _pads(1, 0), TWO, 1, (3, 2)),
    ((1, 1, 4, 4), (1, 1, 2, 2), (2, 3), _pads(1, 0), (1, 2), 1, (3, 1)),
    ((1, 1, 3, 3), (1, 1, 2, 2), (2, 1), ((0, 1), (1, -1)), TWO, 1, (2, 2)),
    ((1, 4, 1, 2), (2, 2, 1, 2), TWO, _pads(0, 1), TWO, 2, (1, 3)),
    ((1, 2, 1, 2), (2, 2, 1, 1), TWO, _pads(0, 0), TWO, 1, (1, 2)),
    ((1, 1, 1, 1), (2, 1, 1, 1), TWO, _pads(1, 0), TWO, 1, (3, 1)),
    ((1, 1, 2, 1, 3), (2, 1, 2, 1, 2), (1, 1, 2), _pads(0, 0, 1), THREE, 1, (1, 1, 2)),
    ((0, 2, 3, 3), (2, 2, 2, 2), TWO, _pads(0, 0), TWO, 1, (2, 2)),
    ((2, 0, 3, 3), (0, 0, 2, 2), TWO, _pads(0, 0), TWO, 1, (2, 2)),
]


def _rows(name, make):
    """One row for both orders of derivatives, and one of first derivatives alone for more cases."""

    def samples(cases):
        return lambda r: [
            make(r, x, w, (x[0], w[0], *out), (stride, pads, dilation, groups))
            for x, w, stride, pads, dilation, groups, out in cases
        ]

    return [Row(name, samples(_SMALLEST)), Row(name, samples(_CASES), {"second_order": False})]


ROWS = [
    *_rows("convolution", lambda r, x, w, g, rest: (r(*x), r(*w), r(w[0]), *rest)),
    *_rows("conv_transpose", lambda r, x, w, g, rest: (r(*g), r(*w), r(w[1] * rest[-1]), x[2:], *rest)),
    *_rows("convolution_by_weight", lambda r, x, w, g, rest: (r(*g), r(*x), w[2:], *rest)),
    *_rows("convolution_gradients", lambda r, x, w, g, rest: (r(*g), r(*w), r(*x), *rest)),
    *_rows("convolution_and_product", lambda r, x, w, g, rest: (r(*x), r(*w), r(*g), *rest)),
    Row(
        "im2col",
        lambda r: [
            (r(1, 1, 2, 3), (2, 2), (1, 1), (0, 1), (1, 2)),
            (r(1, 3, 3), (2, 3), (2, 1), (1, 0), (1, 1)),
            (r(0, 1, 3, 3), (2, 2), (1, 1), (0, 0), (1, 1)),
        ],
    ),
    Row(
        "col2im",
        lambda r: [
            (r(1, 4, 2), (2, 2), (2, 2), (1, 1), (0, 1), (1, 2)),
            (r(6, 2), (3, 4), (2, 3), (2, 1), (0, 0), (1, 1)),
        ],
    ),
    Row("bilinear", lambda r: [(r(2, 2), r(2, 3), r(2, 2, 3)), (r(1, 1), r(1, 2), r(3, 1, 2))]),
    Row("conv_tbc", lambda r: [(r(2, 1, 2), r(2, 2, 1), r(1), 0), (r(2, 2, 1), r(2, 1, 1), r(1), 2)]),
]
