"""`MultiheadAttention`: each place of a sequence looks at places of another, through several heads."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor, dtype
from framework.nn import functional as F
from framework.nn import init
from framework.nn.linear import NonDynamicallyQuantizableLinear
from framework.nn.module import Module
from framework.nn.parameter import Parameter
from framework.operations import empty
from framework.operations.multi_head_attention import mask_as_numbers

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention of `num_heads` heads from queries (L, B, E) to keys (S, B, kdim) and values (S, B, vdim).

    With `batch_first` the batch comes first; it may be left out. `add_bias_kv` adds a learned key and value,
    `add_zero_attn` zeros.
    """

    __constants__ = ("batch_first",)

    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                "instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != self.embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        packed = (3 * embed_dim, embed_dim) if self._qkv_same_embed_dim else None
        shapes: dict[str, tuple[int, ...] | None] = {"in_proj_weight": packed}
        for letter, width in zip("qkv", (embed_dim, self.kdim, self.vdim), strict=True):
            shapes[f"{letter}_proj_weight"] = (embed_dim, width) if packed is None else None
        if packed is None:
            shapes["in_proj_weight"] = shapes.pop("in_proj_weight")
        shapes["in_proj_bias"] = (3 * embed_dim,) if bias else None
        self._add(shapes, device, dtype)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        if add_bias_kv:
            self._add({"bias_k": (1, 1, embed_dim), "bias_v": (1, 1, embed_dim)}, device, dtype)
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _add(self, shapes: dict[str, Any], device: Any, dtype: dtype | None) -> None:
        for name, shape in shapes.items():
            made = None if shape is None else Parameter(empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, made)

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.constant_(bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and with `need_weights` how much each query looks at each key.

        Masks are true, or -inf, for keys that are not seen: `key_padding_mask` (B, S) by nobody, `attn_mask` (L, S) or
        (B·H, L, S) by some; `is_causal` says that `attn_mask` is a causal one.
        """
        is_batched = query.dim() == 3
        key_padding_mask = mask_as_numbers(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
        attn_mask = mask_as_numbers(attn_mask, "attn_mask", query)
        turns = self.batch_first and is_batched
        if turns:
            # What is the same tensor stays the same: then one product serves for all three.
            turned = {id(each): each.transpose(1, 0) for each in (query, key, value)}
            query, key, value = (turned[id(each)] for each in (query, key, value))
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(1, 0) if turns else output), weights

    def merge_masks(
        self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, query: Tensor
    ) -> tuple[Tensor | None, int | None]:
        """Both masks as one, and its kind: 1 where it says which keys are padding, 2 where it differs among queries."""
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        if attn_mask.dim() == 3:
            merged = attn_mask.view(batch, -1, length, length)
        else:
            merged = attn_mask.view(1, 1, length, length).expand(batch, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.view(batch, 1, 1, length).expand(-1, self.num_heads, -1, -1)
        return merged, 2
