"""What is done about a batch whose loss or gradients are not finite: stop there, leave it out, or warn and go on.

Before each batch is noted what it may change. A batch that goes wrong is run again from there, as it is written and
watched, to say why; then everything is put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.autograd import no_grad
from framework.errors import UserError, did_you_mean, in_words
from framework.training.nonfinite.rewind import Rewind

if TYPE_CHECKING:
    from framework.training.nonfinite.diagnosis import Diagnosis
    from framework.training.trainer import Trainer

__all__ = ["POLICIES", "NonFiniteError", "OnNan"]

POLICIES = ("stop", "skip", "warn")


class NonFiniteError(UserError):
    """The loss, or a gradient, is nan or infinite; the message says where, and what is known of the cause.

    `diagnosis` has it in parts; `file`, if there is one, is what `framework reproduce` takes.
    """

    diagnosis: Diagnosis | None = None
    file: Path | None = None


class OnNan:
    """A Trainer's policy. `skipped` counts the batches left out in this epoch, `warned` says whether it was told why."""

    def __init__(self, trainer: Trainer, policy: str) -> None:
        if policy not in POLICIES:
            raise UserError(
                f"on_nan must be 'stop', 'skip' or 'warn', not {policy!r}.{did_you_mean(str(policy), POLICIES)}"
            )
        self.policy = policy
        self.skipped, self.taken = 0, 0
        self.warned = {"train": False, "validation": False}
        self._trainer = trainer
        self._rewind: Rewind | None = None

    def note(self, owed: bool = False) -> None:
        """Remember how everything is before a batch; `owed` if gradients of earlier batches wait for an update."""
        if self._rewind is None:
            self._rewind = Rewind(self._trainer.model, self._trainer.optimizer)
        self._rewind.note(owed)

    def state_dict(self) -> dict[str, Any]:
        """What a training that is taken up again must know."""
        return {"skipped": self.skipped, "taken": self.taken, "warned": dict(self.warned)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.skipped, self.taken, self.warned = state["skipped"], state["taken"], dict(state["warned"])
        self._rewind = None
        if self.policy == "warn" and self.warned["train"]:
            self._trainer.go_unchecked()

    def epoch_starts(self) -> None:
        """Forget the epoch before; modules may have come or gone."""
        self._rewind, self.skipped, self.taken = None, 0, 0

    def epoch_ends(self) -> dict[str, float]:
        """What the epoch's record says of batches left out; UserError if that were all."""
        if self.policy != "skip":
            return {}
        if self.skipped and not self.taken:
            raise NonFiniteError(
                f"Every batch of epoch {self._trainer.epoch} was left out: in none are the loss and the gradients "
                "finite. The warning before this says why, for the first; on_nan='stop' stops there."
            )
        if self.skipped:
            what = "1 batch was" if self.skipped == 1 else f"{self.skipped} batches were"
            self._trainer.plugins.report(
                f"{what} left out in epoch {self._trainer.epoch}, since the loss or a gradient was not finite."
            )
        return {"train/skipped": self.skipped}

    def met(self, split: str, number: int, batch: Any, loss: float | None) -> bool:
        """What is not finite was met, in another process where there is no `loss`: raises, or puts everything back.

        Then it gives whether the batch is to be taken all the same, unchecked; if not, it counts as left out.
        """
        training = split == "train"
        which = "train" if training else "validation"
        assert self._rewind is not None
        self._rewind.rewind()
        if self.policy == "stop" or not self.warned[which]:
            error = self._error(split, number, batch, loss)
            if self.policy == "stop":
                raise error
            self.warned[which] = True
            self._trainer.plugins.report(f"{error}\n{self._consequence(training)}")
        if training and self.policy == "skip":
            self.skipped += 1
            return False
        if training:
            self._trainer.go_unchecked()
        return True

    def _consequence(self, training: bool) -> str:
        if not training:
            return "The numbers of validation are what they are; this is said once."
        if self.policy == "skip":
            return "The batch is left out, and so are those like it; from now on they are only counted."
        return "Training goes on, and checks no more."

    def _error(self, split: str, number: int, batch: Any, loss: float | None) -> NonFiniteError:
        """The error with the diagnosis and, if there is a run, the file in which the batch can be seen again."""
        trainer = self._trainer
        training = split == "train"
        if training:
            place = f"at step {trainer.step + 1} (epoch {trainer.epoch}, batch {number}), before the update"
        else:
            place = f"on the {split} data (epoch {trainer.epoch}, batch {number})"
        own, diagnosis = None, None
        if loss is not None:
            message, diagnosis = self._looked_at(batch, training, loss, place)
            own = bool(diagnosis and diagnosis.found), message, batch
        message, batch = _of_all(trainer.all_gather(own), place, batch)
        error = NonFiniteError(message)
        error.diagnosis = diagnosis
        if trainer.run is not None:
            error.file, note = self._written(split, number, batch, message)
            error.args = (f"{message}\n{note}",)
        return error

    def _looked_at(self, batch: Any, training: bool, loss: float, place: str) -> tuple[str, Diagnosis | None]:
        """What is found where the batch is run again, from the same state, and watched."""
        diagnosis = None
        try:
            diagnosis = self._diagnosis(batch, training)
            message = diagnosis.message(place) if diagnosis.found else _unseen(loss, place)
        except Exception as problem:
            message = f"{_what(loss)} {place}. Run again, to see why, the batch raised: {in_words(problem)}"
        assert self._rewind is not None
        self._rewind.rewind()
        return message, diagnosis

    def _diagnosis(self, batch: Any, training: bool) -> Diagnosis:
        from framework.training.nonfinite.diagnosis import diagnose

        trainer = self._trainer
        return diagnose(
            trainer.model,
            lambda: trainer.parts.step(trainer.model, batch),
            batch=batch,
            backward=training and trainer.optimizer is not None,
            names=trainer.recipe.inputs,
            loss=trainer.recipe.loss,
        )

    def _written(self, split: str, number: int, batch: Any, message: str) -> tuple[Path | None, str]:
        from framework.training.nonfinite.file import write_report

        trainer = self._trainer
        about = {"split": split, "step": trainer.step + 1, "epoch": trainer.epoch, "batch": number, "message": message}
        assert trainer.run is not None
        try:
            with no_grad():
                path = write_report(
                    trainer.run.path, trainer.recipe, batch, about, [each.name for each in trainer.plugins.plugins]
                )
        except (UserError, OSError) as error:
            return None, f"The batch could not be kept to be looked at again: {error}"
        return path, f"To see it again: framework reproduce {path}"


def _of_all(told: list[tuple[bool, str, Any] | None], place: str, batch: Any) -> tuple[str, Any]:
    """What to say, and the batch to keep, of what each process has seen: whether it found a cause, its words, its batch."""
    process = max(range(len(told)), key=lambda rank: (told[rank] or (False,))[0] + bool(told[rank]))
    chosen = told[process]
    if chosen is None:
        return f"The loss is not finite {place}, though that of each process's part of the batch is.", batch
    _, message, batch = chosen
    return (f"{message}\nRows are those of process {process}'s part of the batch." if len(told) > 1 else message), batch


def _what(loss: float) -> str:
    return "The loss or a gradient is not finite" if loss != loss else f"The loss is {loss:g}"


def _unseen(loss: float, place: str) -> str:
    return (
        f"{_what(loss)} {place}. Run again as it is written, from the same state, the batch gave finite numbers: it depends on "
        "what is not put back, such as random numbers that are not the framework's, or plain attributes of the model."
    )
