"""`multi_head_attention_forward`: attention of several heads, with the products before and after it.

Inside, heads are (B, H, L, D): the batch, the heads, places in the sequence, and what each head sees of a place.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd.tensor import Tensor, wrap
from framework.operations.attention import scaled_dot_product_attention
from framework.operations.channel_dropout import check_probability
from framework.operations.dropout import dropout
from framework.operations.joining import cat
from framework.operations.linear import linear
from framework.operations.matmul import matmul
from framework.operations.softmax import softmax

__all__ = ["mask_as_numbers", "multi_head_attention_forward"]


def _check_ranks(
    query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Any, attn_mask: Any, num_heads: int
) -> bool:
    """Whether there is a batch; AssertionError where ranks do not agree."""
    rank = query.dim()
    if rank not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor")
    kind = f"For {'batched' if rank == 3 else 'unbatched'} ({rank}-D) `query`, expected"
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"{kind} `key` and `value` to be {rank}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != rank - 1:
        raise AssertionError(
            f"{kind} `key_padding_mask` to be `None` or {rank - 1}-D but found {key_padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(
                f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead"
            )
        expected = (num_heads, query.shape[0], key.shape[0])
        if rank == 2 and attn_mask.dim() == 3 and attn_mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}")
    return rank == 3


def mask_as_numbers(
    mask: Tensor | None, name: str, target: Tensor, other: Tensor | None = None, other_name: str = ""
) -> Tensor | None:
    """A mask as numbers to add, of the type of `target`: -inf where a boolean one is true.

    Warns where the type of another mask is not the same. AssertionError for whole numbers.
    """
    if mask is None:
        return None
    is_float = mask.is_floating_point()
    if not is_float and mask._array.dtype.kind != "b":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if is_float:
        return mask
    dtype = target._array.dtype
    return wrap(np.where(mask._array, np.full_like(mask._array, -math.inf, dtype, shape=()), np.zeros((), dtype)))


def _check_sizes(query: Tensor, key: Tensor, value: Tensor, expected: int, num_heads: int, separate: bool) -> None:
    width = query.shape[2]
    if width != expected:
        raise AssertionError(f"was expecting embedding dimension of {expected}, but got {width}")
    if width // num_heads * num_heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _project(inputs: tuple[Tensor, Tensor, Tensor], weight: Tensor | None, bias: Tensor | None) -> list[Tensor]:
    """Queries, keys and values by one weight for all three."""
    query, key, value = inputs
    if weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    width = query.size(-1)
    if query is key is value:
        packed = linear(query, weight, bias).unflatten(-1, (3, width))
        return [packed.select(-2, each) for each in range(3)]
    if key is value:
        first, both = weight.split([width, 2 * width])
        of_first, of_both = (None, None) if bias is None else bias.split([width, 2 * width])
        packed = linear(key, both, of_both).unflatten(-1, (2, width))
        return [linear(query, first, of_first), packed.select(-2, 0), packed.select(-2, 1)]
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(*each) for each in zip(inputs, weight.chunk(3), biases, strict=True)]


def _project_apart(inputs: tuple[Tensor, ...], weights: tuple[Tensor | None, ...], bias: Tensor | None) -> list[Tensor]:
    """Queries, keys and values by a weight for each."""
    for letter, weight in zip("qkv", weights, strict=True):
        if weight is None:
            raise AssertionError(f"use_separate_proj_weight is True but {letter}_proj_weight is None")
    biases = (None, None, None) if bias is None else bias.chunk(3)
    width = inputs[0].size(-1)
    names = ("query", "key", "value")
    for name, input, weight in zip(names, inputs, weights, strict=True):
        wanted = (width, input.size(-1))
        if weight.shape != wanted:  # type: ignore[union-attr]
            raise AssertionError(f"expecting {name} weights shape of {wanted}, but got {weight.shape}")  # type: ignore[union-attr]
    for name, each in zip(names, biases, strict=True):
        if each is not None and each.shape != (width,):
            raise AssertionError(f"expecting {name} bias shape of {(width,)}, but got {each.shape}")
    return [linear(*each) for each in zip(inputs, weights, biases, strict=True)]  # type: ignore[arg-type]


def _check_mask(mask: Tensor | None, rows: int, columns: int, matrices: int) -> None:
    if mask is None:
        return
    if mask.dim() not in (2, 3):
        raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
    wanted = (rows, columns) if mask.dim() == 2 else (matrices, rows, columns)
    if mask.shape != wanted:
        raise RuntimeError(f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {wanted}.")


def _check_biases(bias_k: Any, bias_v: Any, static_k: Any, static_v: Any) -> None:
    if bias_k is not None and bias_v is not None:
        for kind, each in (("key", static_k), ("value", static_v)):
            if each is not None:
                raise AssertionError(f"bias cannot be added to static {kind}.")
    elif bias_k is not None:
        raise AssertionError("bias_k is set but bias_v is None")
    elif bias_v is not None:
        raise AssertionError("bias_v is set but bias_k is None")


def _heads(x: Tensor, batch: int, num_heads: int) -> Tensor:
    """(L, B, E) as heads; RuntimeError for another batch than the queries have."""
    length, found, width = x.shape
    if found != batch and x._array.size != length * batch * width:
        shape = [length, batch * num_heads, width // num_heads]
        raise RuntimeError(f"shape '{shape}' is invalid for input of size {x._array.size}")
    return x.reshape(length, batch, num_heads, width // num_heads).permute(1, 2, 0, 3)


def _static_heads(x: Tensor, name: str, batch: int, num_heads: int, width: int) -> Tensor:
    """Keys or values that are given as they are, (B·H, S, D), as heads."""
    if x.size(0) != batch * num_heads:
        raise AssertionError(f"expecting {name}.size(0) of {batch * num_heads}, but got {x.size(0)}")
    if x.size(2) != width:
        raise AssertionError(f"expecting {name}.size(2) of {width}, but got {x.size(2)}")
    return x.reshape(batch, num_heads, x.size(1), width)


def _one_more(mask: Tensor | None) -> Tensor | None:
    """A mask that lets a further key be seen."""
    return None if mask is None else cat([mask, mask.new_zeros((*mask.shape[:-1], 1))], -1)


def _merged(attn_mask: Tensor | None, key_padding_mask: Tensor | None, batch: int, num_heads: int) -> Tensor | None:
    """Both masks as one that meets scores (B, H, L, S)."""
    if attn_mask is not None and attn_mask.dim() == 3:
        attn_mask = attn_mask.reshape(batch, num_heads, *attn_mask.shape[1:])
    elif attn_mask is not None:
        attn_mask = attn_mask[None, None]
    if key_padding_mask is None:
        return attn_mask
    padding = key_padding_mask[:, None, None]
    return padding.expand(-1, num_heads, -1, -1) if attn_mask is None else attn_mask + padding


def _check_padding(mask: Tensor | None, batch: int, length: int) -> None:
    for dim, wanted in ((0, batch), (1, length)):
        if mask is not None and mask.size(dim) != wanted:
            raise AssertionError(f"Expected key_padded_mask.shape[{dim}] to be {wanted}, but got {mask.size(dim)}")


def _weighted(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float) -> tuple[Tensor, Tensor]:
    """The means of values, and the weights they come of."""
    scores = matmul(q * math.sqrt(1.0 / q.size(-1)), k.transpose(-2, -1))
    weights = softmax(scores if mask is None else scores + mask, -1)
    if dropout_p > 0.0:
        check_probability(dropout_p)
        weights = dropout(weights, dropout_p, True)
    return matmul(weights, v), weights


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention of `num_heads` heads from `query` (L, B, E) to `key` and `value` (S, B, …), or all without the batch.

    Masks are true, or -inf, for keys that are not seen: `key_padding_mask` (B, S) by nobody, `attn_mask` (L, S) or
    (B·H, L, S) by some. `bias_k` and `bias_v` add a learned key and value, `add_zero_attn` zeros. With the result
    (L, B, E) come the weights (B, L, S), means over heads if `average_attn_weights`; None unless `need_weights`.
    `is_causal` says that `attn_mask` is a causal one. AssertionError and RuntimeError for what does not agree.
    """
    is_batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    inputs = (query, key, value)
    if not is_batched:
        # What is the same tensor stays the same: then one product serves for all three.
        lifted = {id(each): each.unsqueeze(1) for each in inputs}
        inputs = (lifted[id(query)], lifted[id(key)], lifted[id(value)])
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = inputs[0].shape
    key_padding_mask = mask_as_numbers(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    is_causal = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if is_causal else mask_as_numbers(attn_mask, "attn_mask", query)
    _check_sizes(*inputs, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if use_separate_proj_weight:
        q, k, v = _project_apart(inputs, (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias)
    else:
        q, k, v = _project(inputs, in_proj_weight, in_proj_bias)
    _check_mask(attn_mask, length, inputs[1].shape[0], batch * num_heads)
    _check_biases(bias_k, bias_v, static_k, static_v)
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.repeat(1, batch, 1)]), cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    size = width // num_heads
    q = _heads(q, batch, num_heads)
    k = _heads(k, batch, num_heads) if static_k is None else _static_heads(static_k, "static_k", batch, num_heads, size)
    v = _heads(v, batch, num_heads) if static_v is None else _static_heads(static_v, "static_v", batch, num_heads, size)
    if add_zero_attn:
        zeros = k.new_zeros((batch, num_heads, 1, size))
        k, v = cat([k, zeros], 2), cat([v, zeros], 2)
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    _check_padding(key_padding_mask, batch, k.size(2))
    mask = _merged(attn_mask, key_padding_mask, batch, num_heads)
    dropout_p = dropout_p if training else 0.0
    weights = None
    if need_weights:
        means, weights = _weighted(q, k, v, mask, dropout_p)
        weights = weights.view(batch, num_heads, length, k.size(2))
        weights = weights.mean(dim=1) if average_attn_weights else weights
    else:
        means = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    out = linear(means.permute(2, 0, 1, 3).reshape(length * batch, width), out_proj_weight, out_proj_bias)
    out = out.view(length, batch, out.size(1))
    if is_batched:
        return out, weights
    return out.squeeze(1), None if weights is None else weights.squeeze(0)
