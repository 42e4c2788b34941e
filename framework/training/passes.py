"""Where training is in its data: a pass that can be taken up again in its midst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from framework.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from framework.data.first import FirstBatches
from framework.errors import UserError
from framework.random import default_generator
from framework.training.checkpoints.generators import generator_states, generators_kept, set_generator_states
from framework.training.samples import known_length

if TYPE_CHECKING:
    from framework.training.own_state.state import OwnState

__all__ = ["Pass", "has_live_workers", "start_workers"]

DRAWN_AT_ONCE = (SequentialSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler)

MOST = 4096
"""Of so many batches of a pass it is kept where the generator stood when they were drawn."""


class Pass:
    """One pass over batches: gives them, counts them, and remembers how the world was when it began.

    What decides a pass's order (generators, and objects of the person's own) is put back to that to take it up again.
    Where batches may be drawn one by one from the generator that the model draws from too, its place is kept for each.
    """

    def __init__(self, data: Iterable[Any], own: OwnState) -> None:
        self._data, self._own = data, own
        self._stateful = hasattr(data, "state_dict") and hasattr(data, "load_state_dict")
        self._start = {"generators": generator_states(), "own": own.changed(), "workers": has_live_workers(data)}
        self._draws: dict[int, Any] | None = None if _draws_at_once(data) else {}
        self._iterator = iter(data)
        self.taken = 0

    def __iter__(self) -> Iterator[Any]:
        if self._draws is None:
            for batch in self._iterator:
                self.taken += 1
                yield batch
            return
        while True:
            before = default_generator.state_array()
            try:
                batch = next(self._iterator)
            except StopIteration:
                return
            if len(self._draws) < MOST and (before != default_generator.state_array()).any():
                self._draws[self.taken] = before
            self.taken += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """What `resumed` needs; to be taken after a batch was given."""
        state = {
            "start": self._start,
            "taken": self.taken,
            "draws": self._draws,
            "batches": _batches(self._data),
        }
        if self._stateful:
            state["data"] = self._data.state_dict()  # type: ignore[attr-defined]
        return state

    @classmethod
    def resumed(cls, data: Iterable[Any], own: OwnState, state: Mapping[str, Any]) -> Pass:
        """The pass whose state this is, its next batch the one after; generators are left where that leaves them."""
        if state["batches"] != _batches(data):
            raise UserError(
                f"The run was interrupted in the midst of an epoch, after {state['taken']} batches of other ones than "
                f"now: {_in_words(state['batches'])} then, {_in_words(_batches(data))} now. Let it end the epoch with "
                "those it began with; then it can go on with others."
            )
        if state["start"]["workers"]:
            start_workers(data)
        set_generator_states(state["start"]["generators"])
        own.restore(state["start"]["own"])
        if "data" in state:
            data.load_state_dict(state["data"])  # type: ignore[attr-defined]
        made = cls(data, own)
        made._start = state["start"]
        made._draws = state["draws"]
        if "data" not in state:
            made._skip(state["taken"])
        made.taken = state["taken"]
        return made

    def _skip(self, count: int) -> None:
        """Pass over some batches: without reading them where only their order matters.

        Worker processes have random numbers of their own, which go on only as they read.
        """
        iterator, data = self._iterator, self._data
        workers = getattr(data, "num_workers", 0) and getattr(data, "worker_method", "") != "thread"
        skip = None if workers else getattr(iterator, "skip", None)
        try:
            if skip is not None and not self._draws:
                skip(count)
                return
            for number in range(count):
                if self._draws and number in self._draws:
                    default_generator.set_state_array(self._draws[number])
                if skip is not None:
                    skip(1)
                else:
                    next(iterator)
        except StopIteration:
            raise UserError(
                f"The train data gives fewer than the {count} batches that were taken from it before: has it, or the "
                "batch size, changed? In the midst of an epoch that cannot be."
            ) from None


def has_live_workers(data: Any) -> bool:
    """Whether a loader's persistent workers are there: a pass then begins by telling them, and draws no new seed."""
    return getattr(data, "persistent_workers", False) and getattr(data, "_iterator", None) is not None


def start_workers(data: Any) -> None:
    """Have a loader's persistent workers be there, and every generator where it was."""
    with generators_kept():
        iter(data)


def _draws_at_once(data: Any) -> bool:
    """Whether the order of a pass is drawn when it begins, or from a generator that nothing else draws from."""
    data = data.data if type(data) is FirstBatches else data
    if type(data) in (list, tuple):
        return True
    if type(data) is not DataLoader or isinstance(data.dataset, IterableDataset):
        return False
    sampler: Any = data.batch_sampler if data.batch_sampler is not None else data.sampler
    sampler = sampler.sampler if type(sampler) is BatchSampler else sampler
    return type(sampler) in DRAWN_AT_ONCE and getattr(sampler, "generator", None) is not default_generator


def _batches(data: Any) -> dict[str, Any]:
    """What a pass's batches are like, as far as it shows."""
    known = {"batches": known_length(data), "batch_size": getattr(data, "batch_size", None)}
    return {name: value for name, value in known.items() if isinstance(value, int)}


def _in_words(batches: Mapping[str, int]) -> str:
    size, number = batches.get("batch_size"), batches.get("batches")
    of = f" of {size} rows" if size is not None else ""
    return f"batches{of}" if number is None else f"{number} batches{of}"
