"""Normalizations, embeddings, attention, gated activations and similarities."""

from tests.benchmarks.operations.row import Row, forward_and_backward

_ROWS = "x = torch.randn(*n); w = torch.rand(n[1]); b = torch.rand(n[1]); leaves = [x, w, b]"
_WEIGHT = "x = torch.randn(*n); w = torch.rand(n[1]); leaves = [x, w]"
_TABLE = "w = torch.randn(n[0], n[1]); i = torch.randint(0, n[0], (n[2],)); leaves = [w]"
_HEADS = "q = torch.randn(*n); k = torch.randn(*n); v = torch.randn(*n); leaves = [q, k, v]"
_FROM_ONE = (
    "x = torch.randn(n[0], n[2], 3 * n[1] * n[3]); leaves = [x]\n"
    "def attend():\n"
    "    q, k, v = x.view(n[0], n[2], 3, n[1], n[3]).permute(2, 0, 3, 1, 4).unbind(0)\n"
    "    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)\n"
    "    return out.transpose(1, 2).reshape(n[0], n[2], n[1] * n[3])"
)
_ONE = "x = torch.randn(n); leaves = [x]"
_VECTORS = "x = torch.randn(*n); leaves = [x]"
_PAIR = "x = torch.randn(*n); y = torch.randn(*n); leaves = [x, y]"
_MULTI = (
    "x = torch.randn(n[1], n[0], n[2]); w = torch.randn(3 * n[2], n[2]); b = torch.randn(3 * n[2])\n"
    "o = torch.randn(n[2], n[2]); c = torch.randn(n[2]); leaves = [x, w, b, o, c]\n"
    "def attend():\n"
    "    return F.multi_head_attention_forward("
    "x, x, x, n[2], n[3], w, b, None, None, False, 0.0, o, c, need_weights=False)[0]"
)

_LAYERS = ((4, 4), (512, 64), (2048, 128))
_IMAGES = ((2, 2, 2, 2), (16, 16, 16, 16), (64, 16, 32, 32))
_ATTENTION = ((1, 2, 4, 2), (16, 4, 64, 16), (16, 4, 128, 32))

ROWS: list[Row] = [
    *forward_and_backward("layer_norm", _ROWS, "F.layer_norm(x, n[1:], w, b)", _LAYERS),
    *forward_and_backward("layer_norm, wide", _ROWS, "F.layer_norm(x, n[1:], w, b)", ((1, 16), (64, 512), (4096, 512))),
    *forward_and_backward("rms_norm", _WEIGHT, "F.rms_norm(x, n[1:], w)", _LAYERS),
    *forward_and_backward("batch_norm", _ROWS, "F.batch_norm(x, None, None, w, b, True)", _IMAGES),
    *forward_and_backward("batch_norm of columns", _ROWS, "F.batch_norm(x, None, None, w, b, True)", _LAYERS),
    Row(
        "batch_norm, running statistics",
        f"{_ROWS}; m = torch.zeros(n[1]); v = torch.ones(n[1])",
        "F.batch_norm(x, m, v, w, b, True)",
        _IMAGES,
    ),
    Row(
        "batch_norm, evaluation",
        f"{_ROWS}; m = torch.zeros(n[1]); v = torch.ones(n[1])",
        "F.batch_norm(x, m, v, w, b)",
        _IMAGES,
    ),
    *forward_and_backward("group_norm", _ROWS, "F.group_norm(x, 2, w, b)", _IMAGES),
    *forward_and_backward("instance_norm", _ROWS, "F.instance_norm(x, None, None, w, b)", _IMAGES),
    *forward_and_backward("gelu", _ONE, "F.gelu(x)", (16, 100_000, 1_000_000)),
    *forward_and_backward("gelu, tanh", _ONE, "F.gelu(x, approximate='tanh')", (16, 100_000, 1_000_000)),
    *forward_and_backward("glu", _ONE, "F.glu(x)", (16, 100_000, 1_000_000)),
    *forward_and_backward("embedding", _TABLE, "F.embedding(i, w)", ((8, 2, 8), (100, 64, 2048), (5000, 128, 2048))),
    *forward_and_backward(
        "embedding, long", _TABLE, "F.embedding(i, w)", ((8, 2, 8), (65, 64, 512), (50000, 128, 2048))
    ),
    *forward_and_backward(
        "embedding_bag", _TABLE, "F.embedding_bag(i.view(-1, 4), w)", ((8, 2, 8), (100, 64, 2048), (5000, 128, 2048))
    ),
    *forward_and_backward("attention", _HEADS, "F.scaled_dot_product_attention(q, k, v)", _ATTENTION),
    *forward_and_backward("attention of one array, causal", _FROM_ONE, "attend()", _ATTENTION),
    *forward_and_backward(
        "multi_head_attention_forward", _MULTI, "attend()", ((1, 2, 4, 2), (16, 64, 64, 4), (16, 128, 128, 4))
    ),
    *forward_and_backward("normalize", _VECTORS, "F.normalize(x)", _LAYERS),
    *forward_and_backward("cosine_similarity", _PAIR, "F.cosine_similarity(x, y)", _LAYERS),
    *forward_and_backward("pairwise_distance", _PAIR, "F.pairwise_distance(x, y)", _LAYERS),
]
