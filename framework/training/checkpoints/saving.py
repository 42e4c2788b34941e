"""A Trainer's checkpoints: written when they are wanted, and read to go on from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, listed
from framework.training.checkpoints import snapshot
from framework.training.checkpoints.files import Checkpoint, checkpoints, write_checkpoint
from framework.training.checkpoints.overrides import settings
from framework.training.data_digest import data_digest
from framework.training.passes import has_live_workers
from framework.training.rebuild import weights_of

if TYPE_CHECKING:
    from framework.training.own_state.state import OwnState
    from framework.training.trainer import Trainer

__all__ = ["Saving"]


class Saving:
    """What a Trainer needs to be saved at any step: what changes beside the model, and how everything was built."""

    own: OwnState

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self.wanted: str | None = None
        self.built = settings(trainer.optimizer, trainer.scheduler)
        self._started = time.perf_counter()
        self._before = 0.0
        # Of the data as the recipe made it, for what is built again to be compared with.
        self.digests: dict[str, int | None] = {}
        self._said: set[str] = set()
        self._saved: tuple[Any, ...] | None = None

    @property
    def seconds(self) -> float:
        """How long this run has trained, before it was interrupted too."""
        return self._before + time.perf_counter() - self._started

    def start(self, checkpoint: Checkpoint | None) -> None:
        """Note how the objects of the recipe's own are before the first step."""
        from framework.training.own_state.roots import keeps_itself, own_objects
        from framework.training.own_state.state import OwnState

        self._started = time.perf_counter()
        self._before = 0.0 if checkpoint is None else checkpoint.state["seconds"]
        trainer = self._trainer
        # Without a run nothing is saved, and without a checkpoint nothing was: then nothing need be looked at.
        looks = trainer.run is not None or checkpoint is not None
        if looks:
            self.digests = {name: data_digest(each) for name, each in trainer.recipe.splits.items()}
        parts = [each for each in (trainer.optimizer, trainer.scheduler) if keeps_itself(each)]
        self.own = OwnState(own_objects(trainer) if looks else {}, kept=[trainer.model, *parts])

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""
        snapshot.restore(self._trainer, checkpoint.weights, checkpoint.state)

    def may_differ(self) -> list[str]:
        """Where a resumed run may differ, by paths: what no checkpoint can hold, and what living workers have drawn."""
        drawn = "random numbers, if any, that the persistent workers themselves have drawn"
        return self.own.left_out + [
            f"{name}: {drawn}"
            for name, data in self._trainer.parts.splits.items()
            if has_live_workers(data) and getattr(data, "worker_method", "") == "multiprocessing"
        ]

    def _say_where_it_may_differ(self) -> None:
        """Tell it, each once."""
        new = [each for each in self.may_differ() if each not in self._said]
        self._said.update(new)
        if new:
            self._trainer.plugins.report(
                f"No checkpoint can hold this, so that a resumed run may differ from one that went through:{listed(new)}"
            )

    def save(self, why: str) -> Path | None:
        """Write a checkpoint into the run's directory, if there is a run; UserError when that cannot be done."""
        trainer, self.wanted = self._trainer, None
        if trainer.run is None:
            return None
        records = trainer.history.records
        info = {
            "step": trainer.step,
            "epoch": trainer.epoch,
            "batch": trainer.batch,
            "why": why,
            "metrics": dict(records[-1]) if records and trainer.within is None else None,
        }
        weights, state, report = weights_of(trainer.model), snapshot.take(trainer), trainer.plugins.report
        self._say_where_it_may_differ()
        path = write_checkpoint(trainer.run.path, info, weights, state, report)
        try:
            trainer.run.event("saved", step=trainer.step, checkpoint=path.name, why=why)
        except OSError as error:
            report(f"{trainer.run.path} could not be told that {path.name} was saved: {error.strerror or error}.")
        self._saved = self._moment()
        trainer.plugins.call("checkpoint_saved", trainer=trainer, path=path)
        return path

    def _moment(self) -> tuple[Any, ...]:
        """Which of a training's moments this is: between two of them something changes."""
        trainer = self._trainer
        return trainer.epoch, trainer.batch, trainer.step, trainer.within is None, trainer.stop_reason

    def save_wanted(self) -> None:
        """Write the checkpoint that a plugin has asked for; if that fails, training goes on, and a message says so."""
        if self.wanted is None:
            return
        try:
            self.save(self.wanted)
        except (OSError, UserError) as error:
            self._trainer.plugins.report(f"{error} Training goes on without it.")

    def save_at_last(self, why: str) -> None:
        """Write the checkpoint that all depends on, unless it was just written.

        Where that fails, UserError says what is there to go on from.
        """
        if self._saved == self._moment():
            return
        try:
            self.save(why)
        except (OSError, UserError) as error:
            run = self._trainer.run
            assert run is not None
            kept = checkpoints(run.path)
            what = f"from {kept[0].path.name}" if kept else "from the beginning, since there is none yet"
            raise UserError(f"{error} `{run.command()}` goes on {what}.") from error

    def save_weights(self) -> None:
        """Write the trained model's weights into the run's directory, if there is a run."""
        trainer = self._trainer
        if trainer.run is not None:
            path = trainer.run.save_weights(trainer.model)
            trainer.plugins.call("checkpoint_saved", trainer=trainer, path=path)
