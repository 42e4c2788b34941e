"""Trains on little of the data: to see whether everything runs, whether the model can learn at all, or just sooner.

    framework train --fast-dev-run recipe.py
    framework train --overfit 4 recipe.py
    framework train --limit 100 recipe.py
    framework train --limit 0.1 recipe.py

`--fast-dev-run` takes one batch of training and one of each validation set, once, through everything that a whole
training does, and leaves no run behind.
`--overfit N` trains on the same N batches in every epoch, in the same order: the first of the dataset, not shuffled.
They stand in for each validation set too, so that "validation/loss" says how well the model in evaluation mode knows
them: a model and a step that are right get it close to 0.
`--limit N` takes the first N batches of a pass through the training data and each validation set, which are otherwise
as they were: with shuffling, others in each epoch. A number below 1, such as 0.1, is a part of each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from framework.data import DataLoader, RandomSampler
from framework.extend import FirstBatches, Register, Trainer, UserError, hookimpl


class FastDevRun:
    """Runs one batch of everything, for one epoch, and keeps no run."""

    @hookimpl(trylast=True)
    def prepare_data(self, trainer: Trainer, data: Iterable[Any]) -> Iterable[Any]:
        if trainer.resumed:
            raise UserError("A fast development run leaves nothing behind, so a run cannot be resumed with one.")
        trainer.trial, trainer.epochs = True, 1
        return FirstBatches(data, 1)

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        if trainer.run is not None:
            raise UserError("A fast development run leaves nothing behind: it takes no Run. Leave run=… out.")
        trainer.history.notes.append("fast development run: one batch of each, one epoch, nothing kept")


class Overfit:
    """Trains on the same first `batches`, unshuffled, in each epoch, and validates on them."""

    def __init__(self, batches: int) -> None:
        if not isinstance(batches, int) or isinstance(batches, bool) or batches < 1:
            raise UserError(f"A model overfits a number of batches, 1 or more, such as --overfit 4, not {batches!r}.")
        self.batches = batches
        self.read: list[Any] = []

    @hookimpl
    def prepare_data(self, split: str, data: Iterable[Any]) -> Iterable[Any]:
        if split == "train":
            self.read = list(itertools.islice(_unshuffled(data), self.batches))
        return self.read


class Limit:
    """Takes the first batches of each pass only: a number of them, or, below 1, a part."""

    def __init__(self, batches: float) -> None:
        whole = isinstance(batches, int) and not isinstance(batches, bool) and batches >= 1
        if not whole and not (isinstance(batches, float) and 0 < batches < 1):
            raise UserError(
                f"Data is limited to a number of batches, such as --limit 100, or to a part between 0 and 1, such as "
                f"--limit 0.1, not {batches!r}."
            )
        self.batches = batches

    @hookimpl
    def prepare_data(self, split: str, data: Iterable[Any]) -> Iterable[Any]:
        return FirstBatches(data, self._count(split, data))

    def _count(self, split: str, data: Any) -> int:
        if isinstance(self.batches, int):
            return self.batches
        try:
            return max(1, round(self.batches * len(data)))
        except TypeError:
            raise UserError(
                f"The {split} data has no length to take a part of ({self.batches}): give a number of batches, such as "
                "--limit 100."
            ) from None


def _unshuffled(data: Any) -> Iterable[Any]:
    """A loader's batches in the order of its dataset; a sampler of the person's own has the order that it gives."""
    if not isinstance(data, DataLoader) or not isinstance(data.sampler, RandomSampler) or data.batch_size is None:
        return data
    return DataLoader(data.dataset, data.batch_size, collate_fn=data.collate_fn, drop_last=data.drop_last)


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "fast_dev_run",
        click.Option(
            ["--fast-dev-run"], is_flag=True, help="Try everything with one batch of each kind; keep nothing."
        ),
    )
    register(
        "overfit",
        click.Option(["--overfit"], type=int, metavar="N", help="Train and validate on the same N batches."),
    )
    register(
        "limit",
        click.Option(
            ["--limit"],
            type=float,
            metavar="N",
            help="Batches of training, and of each validation set, an epoch; below 1, a part of them.",
        ),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    fast, batches, limit = options["fast_dev_run"], options["overfit"], options["limit"]
    if (fast is True) + (batches is not None) + (limit is not None) > 1:
        raise UserError("Choose one of --fast-dev-run, --overfit and --limit: each says how much data there is.")
    if fast:
        return FastDevRun()
    if batches is not None:
        return Overfit(batches)
    if limit is not None:
        return Limit(int(limit) if limit >= 1 and limit % 1 == 0 else limit)
    return None
