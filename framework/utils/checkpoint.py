"""Recompute instead of remember: `checkpoint` keeps a part's inputs only and runs it again in backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from framework import random
from framework.autograd.grad_mode import enable_grad
from framework.autograd.saved_tensors import saved_tensors_hooks
from framework.autograd.tensor import Tensor


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    debug: bool = False,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, whose intermediate results are not kept but computed again when backward needs them.

    `use_reentrant` is accepted for code that gives it: both values run the same way, which supports nested calls and
    `autograd.grad`. Random numbers are the same in the second run, unless `preserve_rng_state` is False.
    Source: `torch.utils.checkpoint.checkpoint`.
    """
    recomputed: dict[int, Tensor] = {}
    count = 0
    state = random.default_generator.state_array() if preserve_rng_state else None

    def pack(tensor: Tensor) -> int:
        nonlocal count
        count += 1
        return count - 1

    def recompute() -> None:
        def keep(tensor: Tensor) -> None:
            recomputed[len(recomputed)] = tensor.detach()

        with random.fork_rng() if state is not None else nullcontext():
            if state is not None:
                random.default_generator.set_state_array(state)
            with enable_grad(), saved_tensors_hooks(keep, _never):
                function(*args, **kwargs)
        if len(recomputed) != count:
            raise RuntimeError(
                "checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
                f"Number of tensors saved during forward: {count}\n"
                f"Number of tensors saved during recomputation: {len(recomputed)}. The function must do the same each "
                "time it is called with the same arguments."
            )

    def unpack(number: int) -> Tensor:
        if number not in recomputed:
            recomputed.clear()
            recompute()
        return recomputed.pop(number)

    with saved_tensors_hooks(pack, unpack):
        return function(*args, **kwargs)


def _never(packed: Any) -> Tensor:
    raise RuntimeError("the graph of a recomputation is not differentiated itself")


def checkpoint_sequential(
    functions: Iterable[Callable[..., Any]], segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Runs functions one after the other in `segments` checkpointed parts; the last part is kept as usual."""
    chain = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(chain) // segments

    def run(start: int, end: int) -> Callable[[Any], Any]:
        def part(value: Any) -> Any:
            for each in chain[start:end]:
                value = each(value)
            return value

        return part

    for segment in range(segments - 1):
        input = checkpoint(run(segment * size, (segment + 1) * size), input, use_reentrant=use_reentrant, **kwargs)
    return run((segments - 1) * size, len(chain))(input)
