"""What a row of the operations' speed table is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A piece of code that runs with either library as `torch` (and `F`, its functional), at three sizes.

    `setup` is run once with `n` bound to the size; then `statement` is timed. Sizes are small (16 elements or so, where
    overhead is all), middle and large.
    """

    name: str
    setup: str
    statement: str
    sizes: tuple[object, object, object]


def forward_and_backward(name: str, setup: str, call: str, sizes: tuple[object, object, object]) -> list[Row]:
    """Two rows: `call` under no_grad, and `call` with its backward; `setup` defines tensors, `leaves` those that learn.

    The gradient that comes in is made once, so that nothing but the operation is timed.
    """
    return [
        Row(f"{name}, forward", f"{setup}\ntorch.set_grad_enabled(False)", call, sizes),
        Row(
            f"{name}, with backward",
            f"{setup}\nfor leaf in leaves: leaf.requires_grad_()\nincoming = torch.ones_like({call}).detach()",
            f"torch.autograd.grad({call}, leaves, incoming)",
            sizes,
        ),
    ]
