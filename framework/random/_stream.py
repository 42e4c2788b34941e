"""`Stream`: a Mersenne Twister seeded and stepped as PyTorch's CPU generator, and its state as PyTorch's bytes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.random._state import EngineState, pack, unpack
from framework.random._words import Reader, Writer, place_reader, word_reader, word_writer

if TYPE_CHECKING:
    from typing import Self

    from framework.autograd.size import device
    from framework.autograd.tensor import Tensor

__all__ = ["DOUBLE", "Stream"]

Array = np.ndarray[Any, np.dtype[Any]]

DEFAULT_SEED = 67280421310721
DOUBLE = np.dtype(np.float64)
SINGLE = np.dtype(np.float32)
SINGLE_STEP = np.float32(2.0**-24)
# Arrays of no dimensions meet other arrays in half of the time of a number.
_LOW_53, _HALF_WORD = np.array((1 << 53) - 1, np.uint64), np.array(32, np.uint64)
_STEP, _LOW_24 = np.array(SINGLE_STEP), np.array((1 << 24) - 1, np.uint64)

# The type in which NumPy gives that many random bits.
BITS = {24: np.int32, 32: np.uint32, 53: np.int64, 64: np.uint64}


class Stream:
    """Random words in a fixed order: where they start, where they are, and uniforms made of them."""

    __slots__ = ("__weakref__", "_engine", "_lock", "_look", "_normal", "_raw", "_read", "_seed", "_write")

    def __init__(self, device: str | device | None = None) -> None:
        if device is not None and device != "cpu":
            from framework.autograd.size import available

            available(device)
        self._lock = threading.RLock()
        self._seed = DEFAULT_SEED
        self._engine: Any = None
        self._raw: Any = None
        self._read: Reader | None = None
        self._write: Writer | None = None
        self._look: Callable[[], Any] | None = None
        # The second normal of a pair, until the one-by-one kernel asks for it.
        self._normal: float | None = None

    def __repr__(self) -> str:
        return f"<framework.Generator seeded with {self._seed}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), self.state_array()

    def __setstate__(self, state: Array) -> None:
        self.set_state_array(state)

    @property
    def device(self) -> device:
        """The CPU."""
        from framework.autograd.size import CPU

        return CPU

    def manual_seed(self, seed: int) -> Self:
        """Starts the stream at `seed`, from -2**63 to 2**64 - 1, and returns the generator.

        A negative seed counts from 2**64. Only the low 32 bits choose the stream.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long: a seed lies between -2**63 and 2**64 - 1, got {seed}")
        with self._lock:
            self._seed = seed % 2**64
            self._normal = None
            if self._engine is not None:
                self._engine.seed(self._seed & 0xFFFFFFFF)
        return self

    def seed(self) -> int:
        """Starts the stream at a seed of the operating system's, and returns that seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed at which the stream was started."""
        return self._seed

    def state_array(self) -> Array:
        """The state as 5056 bytes (uint8), equal to those of PyTorch's generator at the same place."""
        return pack(self.mark())

    def place(self) -> Any:
        """What is another after every draw: quick to compare, where the state takes long to read."""
        if self._engine is None:
            return self._seed
        if self._look is None:
            self._look = place_reader(self._engine._bit_generator)
        return self._seed, self._normal, self._look()

    def set_state_array(self, state: Array) -> None:
        """Puts the generator into a state from `state_array`, or from PyTorch."""
        self.return_to(unpack(state))

    def mark(self) -> EngineState:
        """The state, to `return_to`: in a fifth of the time that its bytes take."""
        with self._lock:
            self._started()
            if self._read is None:
                self._read = word_reader(self._engine._bit_generator)
            return EngineState(self._seed, *self._read(), self._normal)

    def return_to(self, mark: EngineState) -> None:
        """Puts the generator where `mark` was made."""
        with self._lock:
            self._started()
            if self._write is None:
                self._write = word_writer(self._engine._bit_generator) or self._set
            self._write(mark.words, mark.position)
            self._seed, self._normal = mark.seed, mark.normal

    def _set(self, words: Array, position: int) -> None:
        self._engine.set_state(("MT19937", words, position))

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor of PyTorch's layout."""
        from framework.autograd.tensor import Tensor

        return Tensor._wrap(self.state_array())

    def set_state(self, new_state: Tensor) -> Self:
        """Puts the generator into a state from `get_state`, here or in PyTorch, and returns it."""
        from framework.autograd.tensor import Tensor

        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        self.set_state_array(new_state._array)
        return self

    def clone_state(self) -> Self:
        """Another generator at the same place of the same stream."""
        clone = type(self)()
        clone.set_state_array(self.state_array())
        return clone

    def _started(self) -> None:
        """Makes NumPy's engine, at the first draw: `numpy.random` takes longer to load than all of ours."""
        if self._engine is None:
            from numpy.random import MT19937, RandomState

            engine = RandomState(MT19937(0))
            engine.seed(self._seed & 0xFFFFFFFF)
            self._engine, self._raw = engine, engine._bit_generator.random_raw

    def _bits(self, count: int, bits: int) -> Array:
        """Integers of 24, 32, 53 or 64 random bits: the low ones of a word, or of two words, the first the high half."""
        with self._lock:
            self._started()
            if bits <= 32 and count < 1000:
                words: Array = self._raw(count)
                return words if bits == 32 else np.bitwise_and(words, (1 << bits) - 1, out=words)
            if count < 1000 and bits > 32:
                words = self._raw(2 * count)
                pairs: Array = words[::2] << _HALF_WORD
                pairs |= words[1::2]
                if bits == 53:
                    pairs &= _LOW_53
                return pairs.view(BITS[bits])
            drawn: Array = self._engine.randint(0, 1 << bits, count, BITS[bits])
            return drawn

    def _standard_uniform(self, count: int, dtype: np.dtype[Any]) -> Array:
        """In [0, 1): float64 with 53 random bits if that is the type, else float32 with 24."""
        if dtype is SINGLE and count < 1000:
            with self._lock:
                if self._raw is None:
                    self._started()
                words: Array = self._raw(count)
            words &= _LOW_24
            few: Array = words.astype(SINGLE)
            few *= _STEP
            return few
        if dtype == DOUBLE:
            integers = self._bits(count, 53)
            values = integers.view(np.float64)
            values[...] = integers
            values *= 2.0**-53
        else:
            integers = self._bits(count, 24)
            values = integers.view(np.float32) if integers.itemsize == 4 else np.empty(count, np.float32)
            values[...] = integers
            values *= SINGLE_STEP
        return values
