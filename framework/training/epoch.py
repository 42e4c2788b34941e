"""The epoch that training is in: its pass over the data, and the numbers it has gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from framework.training.metrics import SplitMeter
from framework.training.passes import Pass

if TYPE_CHECKING:
    from framework.training.own_state.state import OwnState
    from framework.training.parts import Parts

__all__ = ["Epoch"]


class Epoch:
    """One epoch, from its first batch to the end of its validation; `state` is one that was interrupted."""

    def __init__(self, parts: Parts, own: OwnState, state: Mapping[str, Any] | None = None) -> None:
        self.meter = SplitMeter("train", parts.metrics, parts.summed)
        # Whether the gradients of some batches wait for an update.
        self.owed = False
        # The numbers of training, once all batches are done; and what validation may change, as it was before that.
        self.trained: dict[str, Any] | None = None
        self.before_validation: dict[str, Any] | None = None
        self._pass: Pass | None = None
        if state is not None:
            self.owed, self.trained = state["owed"], state["trained"]
            if self.trained is None:
                self._pass = Pass.resumed(parts.train, own, state["pass"])
                self.meter.load_state_dict(state["meter"])

    def begin(self, data: Iterable[Any], own: OwnState, stopped: str | None) -> Iterator[Any]:
        """The batches that are to come: all, those that are left, or none where training was told to stop."""
        if self._pass is None:
            self._pass = Pass(data, own)
        return iter(()) if stopped else iter(self._pass)

    def end(self, epoch: int, others: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers of training, and others: from here on, the epoch is taken up again where validation begins."""
        self.trained = {**self.meter.result(epoch), **others}
        return self.trained

    def state_dict(self) -> dict[str, Any]:
        """What the epoch needs to be taken up again."""
        state: dict[str, Any] = {"owed": self.owed, "trained": self.trained}
        if self.trained is None and self._pass is not None:
            state |= {"pass": self._pass.state_dict(), "meter": self.meter.state_dict()}
        return state
