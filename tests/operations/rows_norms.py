"""The rows of normalizations, embeddings, attention, gated activations and similarities."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row

# Indices are looked at and sorted, so they must be on the host.
HOST = {"device": False}

LAYER = (2, 1, 3, 1)


def row_norms(r):
    return [
        (r(2, 3), r(3), r(3), LAYER, 1e-1, True),
        (r(2, 3), r(3), None, LAYER, 1e-1, False),
        (r(1, 2, 2), r(2), r(2), (1, 2, 1, 2), 1e-1, True),
        (r(1, 4), None, None, (1, 1, 4, 1), 1e-1, True),
        (r(0, 3), r(3), r(3), (0, 1, 3, 1), 1e-1, True),
    ]


def attentions(r):
    mask = np.where(np.arange(3) > np.arange(2)[:, None], -np.inf, 0.5)
    return [
        (r(1, 1, 1, 2), r(1, 1, 2, 2), r(1, 1, 2, 2), None, 0.5, False, True),
        (r(1, 2), r(2, 2), r(2, 1), r(1, 2), 0.5, False, False),
        (r(2, 2, 1), r(1, 2, 1), r(2, 1), None, 0.5, True, False),
        (r(2, 2), r(3, 2), r(3, 2), mask, 1.0, False, False),
    ]


def attention_gradients(r):
    return [
        (r(1, 1, 1), r(1, 1, 1), r(1, 2, 1), r(1, 2, 1), r.positive(1, 1, 2), r.positive(1, 1), r(1, 1, 1), 0.5, True),
        (r(2, 1), r(2, 1), r(1, 1), r(1, 1), r.positive(2, 1), r.positive(2), r(2, 1), 0.5, False),
    ]


OFFSETS = np.array([0, 2, 2])

ROWS = [
    Row("layer_norm", row_norms),
    Row("rms_norm", lambda r: row_norms(r)[1:2]),
    Row(
        "group_norm",
        lambda r: [(r(1, 4, 2), r(4), r(4), (1, 2, 2, 2), 1e-1, True), (r(2, 4), r(4), None, (2, 2, 2, 1), 1e-1, True)],
    ),
    Row(
        "instance_norm",
        lambda r: [
            (r(2, 2, 3), r(2), r(2), (2, 2, 1, 3), 1e-1, True),
            (r(1, 1, 4), None, None, (1, 1, 1, 4), 1e-1, True),
        ],
    ),
    Row(
        "row_norm_gradients",
        lambda r: [
            (r(2, 3), r(2, 3), r(3), LAYER, 1e-1, True, True),
            (r(2, 3), r(2, 3), None, LAYER, 1e-1, False, False),
            (r(1, 2, 2), r(1, 2, 2), r(2), (1, 2, 1, 2), 1e-1, True, True),
            (r(1, 4), r(1, 4), r(4), (1, 2, 2, 1), 1e-1, True, True),
        ],
    ),
    Row(
        "batch_norm",
        lambda r: [
            (r(3, 2), r(2), r(2), 1e-1),
            (r(2, 2, 2), r(2), r(2), 1e-1),
            (r(1, 2, 1, 3), None, None, 1e-1),
            (r(2, 1, 2), r(1), None, 1e-1),
            (r(2, 1, 2), None, r(1), 1e-1),
        ],
    ),
    Row(
        "batch_norm_gradients",
        lambda r: [
            (r(3, 2, 1), r(3, 2), r(2), r(2)),
            (r(2, 2, 2), r(2, 2, 2), r(2), r(2)),
            (r(1, 1, 3), r(1, 1, 3), r(1), None),
        ],
    ),
    Row(
        "batch_norm_with",
        lambda r: [
            (r(3, 2), r(2), r(2), r(2), r.positive(2), 1e-1),
            (r(2, 2, 2), r(2), None, r(2), r.positive(2), 1e-1),
            (r(1, 2, 2, 1), None, r(2), r(2), r.positive(2), 1e-1),
        ],
    ),
    Row(
        "embedding",
        lambda r: [
            (r(5, 3), r.ints(5, 4), -1, False),
            (r(3, 2), r.ints(3, 2, 3), -1, False),
            (r(3, 2), r.ints(3, 0), -1, False),
        ],
        HOST,
    ),
    Row(
        "row_sums",
        lambda r: [
            (r(4, 3), r.ints(5, 4), 5, -1, False),
            (r(2, 6, 2), r.ints(5, 2, 6), 5, 2, True),
        ],
        HOST,
    ),
    Row(
        "embedding_bag",
        lambda r: [
            (r(3, 2), r.ints(3, 5), OFFSETS, None, False, False, -1, False),
            (r(3, 2), r.ints(3, 5), OFFSETS, r(5), False, True, 1, False),
            (r(3, 2), r.ints(3, 4), np.array([0, 2]), r(4), False, False, -1, False, 2),
            (r(3, 2), r.ints(3, 4), np.array([0, 2]), None, True, False, -1, False, 2),
            (r(3, 2), r.ints(3, 5), OFFSETS, None, True, False, 1, False),
        ],
        HOST,
    ),
    Row(
        "embedding_bag_max",
        lambda r: [
            (r(3, 2), r.ints(3, 5), OFFSETS, False, -1),
            (r(3, 2), r.ints(3, 5), OFFSETS, True, 1),
        ],
        HOST,
    ),
    Row("scaled_dot_product_attention", attentions),
    Row("attention_gradients", attention_gradients),
    Row("attention_shift", lambda r: [(r(2, 3),)]),
    Row("gelu", lambda r: [(r(2, 3),), (r(),), (r(0, 2),)]),
    Row("tanh_gelu", lambda r: [(r(2, 3),), (r(),)]),
    Row("gelu_gradient", lambda r: [(r(2, 3), r(2, 3), r(2, 3))]),
    Row("tanh_gelu_gradient", lambda r: [(r(2, 3), r(2, 3), r(2, 3))]),
    Row("glu", lambda r: [(r(2, 4), 1), (r(2, 2, 3), 1), (r(4), 0)]),
    Row("cosine_similarity", lambda r: [(r(2, 3), r(2, 3), 1, 1e-8), (r(2, 3), r(2, 3), 0, 1e-8)]),
    Row("pairwise_distance", lambda r: [(r(2, 3), 2.0, (1,), False), (r(2, 3), 1.5, (1,), True)]),
]
