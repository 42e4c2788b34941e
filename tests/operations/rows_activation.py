"""The rows of activations, dropout, and the losses by margins and alignments."""

from __future__ import annotations

from tests.operations.sampling import Row

# Random numbers and class indices are looked at on the host.
HOST = {"device": False}


def with_arguments(*rest):
    return lambda r: [(r(*shape), *each) for each in rest for shape in ((2, 3), ())]


def gated(*arguments):
    return lambda r: [(r(2, 3), r(2, 3), arguments), (r(), r(), arguments)]


def class_margins(r):
    some = r.ints(3, 4)
    return [
        *[(r.distinct(4, 3), some, p, 0.77, None, reduction) for p in (1, 2) for reduction in ("mean", "sum", "none")],
        (r.distinct(4, 3), some, 1, 0.77, r.positive(3), "mean"),
        (r.distinct(4, 3), some, 2, 0.77, r.positive(3), "none"),
        (r.distinct(3), r.ints(3, 1), 1, 0.77, None, "mean"),
    ]


def label_margins(r):
    labels = r.ints(3, 4, 3) - 1
    return [(r(4, 3), labels, reduction) for reduction in ("mean", "sum", "none")] + [(r(3), labels[0], "mean")]


ROWS = [
    Row("logsigmoid", with_arguments(())),
    Row("silu", with_arguments(())),
    Row("mish", with_arguments(())),
    Row("softplus", with_arguments((1.0, 20.0), (2.0, 0.53))),
    Row("elu", with_arguments((1.0, 1.0, 1.0), (0.5, 1.0, 1.0), (1.7, 1.05, 1.0))),
    Row("celu", with_arguments((1.0, 1.0, 1.0), (2.0, 1.0, 0.5))),
    Row("leaky_relu", with_arguments((0.01,), (-0.5,), (2.0,))),
    Row("leaky_relu_backward", gated(0.1)),
    Row("hardtanh", with_arguments((-1.0, 1.0), (0.05, 1.95))),
    Row("hardtanh_backward", gated(-1.0, 1.0)),
    Row("hardsigmoid", lambda r: [(r(2, 3) * 2,), (r(),)]),
    Row("hardsigmoid_backward", lambda r: [(r(2, 3), r(2, 3) * 2, ())]),
    Row("hardswish", lambda r: [(r(2, 3) * 2,), (r(),)]),
    Row("hardshrink", with_arguments((0.05,), (1.0,))),
    Row("hardshrink_backward", gated(1.0)),
    Row("softshrink", with_arguments((0.05,), (1.0,))),
    Row("threshold", with_arguments((0.05, 2.0), (1.0, 1.0))),
    Row("threshold_input_backward", gated(0.05)),
    Row("prelu_kernel", lambda r: [(r(2, 3), r(1, 3)), (r(2, 3), r(1)), (r(), r())]),
    Row("rrelu_with_noise", with_arguments((0.1, 0.1)), HOST),
    Row("rrelu_with_noise_backward", gated(0.3)),
    Row("rrelu_mean", with_arguments((0.3,))),
    Row("dropout", lambda r: [(r(4, 5), 0.0, False), (r(4, 5), 1.0, False), (r(2, 3, 2), 1.0, True)], HOST),
    Row("alpha_dropout", lambda r: [(r(4, 5), 1.0, False), (r(2, 3, 2), 1.0, True)], HOST),
    Row("native_dropout", lambda r: [(r(4, 5), 1.0, True), (r(4, 5), 0.5, False)], HOST),
    Row(
        "soft_margin_loss",
        lambda r: [(r(2, 3), r(2, 3), reduction) for reduction in ("mean", "sum", "none")] + [(r(), r(), "mean")],
    ),
    Row("multi_margin_loss", class_margins, HOST),
    Row("multilabel_margin_loss", label_margins, HOST),
    # Its gradient is right behind a log_softmax alone, as test_activation.py checks it.
    Row("ctc_loss", lambda r: []),
    Row("ctc_loss_backward", lambda r: []),
]
