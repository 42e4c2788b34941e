"""The bytes of `torch.get_rng_state()`: what each means, and how NumPy's MT19937 state maps to them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["STATE", "EngineState", "pack", "unpack"]

Array = np.ndarray[Any, np.dtype[Any]]

WORDS = 624  # of 32 bits in the state of MT19937

STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)


class EngineState(NamedTuple):
    """Where a generator is in its stream."""

    seed: int
    words: Array
    position: int
    normal: float | None


def pack(state: EngineState) -> Array:
    """5056 bytes, as PyTorch writes them."""
    array = np.zeros(STATE.itemsize, np.uint8)
    record = array.view(STATE)
    record["seed"] = state.seed
    record["seeded"] = 1
    # Both libraries make the next 624 words when all are used, but PyTorch counts from 0 after seeding.
    record["next"] = 0 if _just_seeded(state) else state.position
    record["left"] = WORDS + 1 - state.position
    record["words"] = state.words
    record["normal"] = state.normal or 0.0
    record["has_normal"] = state.normal is not None
    return array


def unpack(array: Array) -> EngineState:
    """The state in these bytes. Raises TypeError or RuntimeError, as PyTorch does, if there is none."""
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        raise TypeError("RNG state must be a torch.ByteTensor")
    if not array.flags.c_contiguous:
        raise RuntimeError("RNG state must be contiguous")
    if array.size != STATE.itemsize:
        raise RuntimeError(
            f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input RNG state size "
            f"to be {array.size}"
        )
    record = np.frombuffer(array.tobytes(), STATE)[0]
    left, used = int(record["left"]), int(record["next"])
    counted = left + used == WORDS + 1 or (left, used) == (1, 0)
    if not (record["seeded"] and 1 <= left <= WORDS and counted):
        raise RuntimeError("Invalid mt19937 state")
    return EngineState(
        seed=int(record["seed"]),
        words=record["words"].astype(np.uint32),
        position=WORDS + 1 - left,
        normal=float(record["normal"]) if record["has_normal"] else None,
    )


def _just_seeded(state: EngineState) -> bool:
    first, second = int(state.words[0]), int(state.words[1])
    return (
        state.position == WORDS
        and first == state.seed & 0xFFFFFFFF
        and second == (1812433253 * (first ^ (first >> 30)) + 1) & 0xFFFFFFFF
    )
