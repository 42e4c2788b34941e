"""`--profile`: where the time of a run goes, by parts, hooks and operations, as a table and as a flame graph."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from framework.extend import Register, Trainer, UserError, hookimpl
from framework.profiler import Recorder, Span
from framework.profiler.report import (
    STEP,
    UPDATE,
    VALIDATION,
    by_operation,
    by_part,
    overhead,
    seconds_text,
    table_text,
)

if TYPE_CHECKING:
    import click

TABLE, PICTURE = "profile.txt", "profile.svg"
ROWS = 20
"""How many rows of operations are printed; the file has them all."""


@hookimpl
def register_options(register: Register[click.Option]) -> None:
    import click

    text = "Time everything, and print a table at the end; the run's folder gets it as a flame graph too."
    register("profile", click.Option(["--profile/--no-profile"], default=None, help=text))


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object | None:
    return Profile() if options["profile"] else None


class Profile:
    """Times all of a training; `table()` and `flame_graph()` tell what it found.

    With a run, both are also written into its folder, and the table is printed at the end.
    """

    def __init__(self) -> None:
        self.recorder = Recorder("training")
        self.steps = 0
        self._on: contextlib.ExitStack | None = None
        self._observing = False

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        self._observing = False
        if Recorder.current is not None:
            raise UserError("This is profiled already: one profile of a training at a time.")
        with contextlib.ExitStack() as on:
            on.enter_context(trainer.plugins.watching(self._around(trainer)))
            if getattr(trainer.steps.train, "programs", None) is None:
                self._observe(trainer, on)
            self._time_steps(trainer, on)
            self._time_data(trainer, on)
            # Last, so that it is off first: what stands above is none of the training.
            on.enter_context(self.recorder.on())
            self._on = on.pop_all()

    @hookimpl(tryfirst=True)
    def after_step(self) -> None:
        self.steps += 1

    @hookimpl(trylast=True)
    def run_end(self, trainer: Trainer) -> None:
        if self._on is None:
            return  # training ended before it began
        self._on.close()
        self._on = None
        if trainer.run is not None:
            folder = trainer.run.path
            (folder / TABLE).write_text(self.table(rows=None), encoding="utf-8")
            (folder / PICTURE).write_text(self.flame_graph(), encoding="utf-8")
            sys.stdout.write(f"\n{self.table()}\nprofile: {folder / PICTURE}, and all rows in {TABLE}\n")
            sys.stdout.flush()

    def table(self, rows: int | None = ROWS) -> str:
        """Where the time went: by parts, and by operations and lines of programs, of these the first so many rows."""
        tree = self._found()
        operations = by_operation(tree)
        seconds = sum(row.seconds for row in operations)
        each = f", {seconds_text(tree.seconds / self.steps)} a step" if self.steps else ""
        return "\n".join(
            [
                f"Profile of {self.steps:,} steps in {seconds_text(tree.seconds)}{each}\n",
                table_text(by_part(tree), "where the time went"),
                table_text(
                    operations, f"operations and lines of programs, {seconds_text(seconds)}", rows, detailed=True
                ),
                overhead(self.recorder),
            ]
        )

    def flame_graph(self) -> str:
        """The same as a picture, the text of an SVG file."""
        from framework.profiler import flame_graph

        tree = self._found()
        return flame_graph(tree, f"Where the time of {self.steps:,} steps went: {seconds_text(tree.seconds)}")

    def _found(self) -> Span:
        if not self.recorder.tree.calls:
            raise UserError(
                "Nothing has been profiled yet: give the Profile to a Trainer(recipe, plugins=[profile]), call fit()."
            )
        return self.recorder.tree

    def _around(self, trainer: Trainer) -> Callable[[str, str], contextlib.AbstractContextManager[None]]:
        """What each hook is called in, but for this object's own."""
        own = {each.name for each in trainer.plugins.plugins if any(part is self for part in each.parts.values())}
        span = self.recorder.span
        return lambda hook, plugin: contextlib.nullcontext() if plugin in own else span("hook", hook, plugin)

    def _time_steps(self, trainer: Trainer, on: contextlib.ExitStack) -> None:
        """Has each step timed: as one thing the first, which runs as it is written before there is a program."""
        parts = {"train": STEP, "forward_backward": STEP, "update": UPDATE, "validate": VALIDATION}
        if not getattr(trainer.optimizer, "two_part", False):
            # A search for the step, such as LBFGS's: its passes are steps within this.
            parts["update_after"] = UPDATE
        checked = trainer.steps, trainer.written
        for steps in (*checked, *[each.unchecked for each in checked]):
            for name, part in parts.items():
                if steps in (trainer.written, trainer.written.unchecked) and not self._observing:
                    part = "the first step, as it is written"
                step = getattr(steps, name)
                _put(on, steps, name, Timed(step, self.recorder, part, partial(self._look_at, step, trainer)))

    def _time_data(self, trainer: Trainer, on: contextlib.ExitStack) -> None:
        """Has the reading of batches timed, and the writing of checkpoints."""
        parts, recorder = trainer.parts, self.recorder
        _put(on, parts, "train", TimedData(parts.train, recorder, "reading data"))
        validation = {
            name: TimedData(data, recorder, "reading validation data") for name, data in parts.validation.items()
        }
        _put(on, parts, "validation", validation)
        for name in ("save", "save_weights"):
            _put(on, trainer.saving, name, Timed(getattr(trainer.saving, name), recorder, "checkpoints"))

    def _look_at(self, step: Any, trainer: Trainer) -> None:
        """Sees to it that the operations of a step that could be no program are timed one by one."""
        if not self._observing and self._on is not None and getattr(step, "eager", None) is not None:
            self._observe(trainer, self._on)

    def _observe(self, trainer: Trainer, on: contextlib.ExitStack) -> None:
        """Has operations timed that run by themselves, and an update's told apart by the optimizer's own hooks."""
        self._observing = True
        on.enter_context(self.recorder.operations())
        optimizer = trainer.optimizer
        if hasattr(optimizer, "register_step_pre_hook") and getattr(trainer.steps.update, "programs", None) is None:
            update = self.recorder.span("section", "update")
            before = optimizer.register_step_pre_hook(lambda *given: update.__enter__())
            after = optimizer.register_step_post_hook(lambda *given: update.__exit__(None, None, None) and None)
            on.callback(before.remove)
            on.callback(after.remove)


def _put(on: contextlib.ExitStack, owner: Any, name: str, value: object) -> None:
    """Sets an object's attribute for as long as profiling is on."""
    own = vars(owner)
    if name in own:
        on.callback(setattr, owner, name, own[name])
    else:
        on.callback(delattr, owner, name)
    setattr(owner, name, value)


class Stand:
    """Stands for something while it is timed: all else that is asked of it, that answers."""

    def __init__(self, behind: Any, recorder: Recorder, part: str) -> None:
        self._behind, self._recorder, self._part = behind, recorder, part
        self._span = recorder.span("part", part)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._behind, name)


class Timed(Stand):
    """A function whose calls are timed as a part of training; `before` is called before each."""

    def __init__(self, behind: Any, recorder: Recorder, part: str, before: Callable[[], None] = lambda: None) -> None:
        super().__init__(behind, recorder, part)
        self._before = before

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._before()
        with self._recorder.span("part", self._part):
            return self._behind(*arguments, **named)


class TimedData(Stand):
    """Batches whose reading is timed."""

    def __iter__(self) -> Iterator[Any]:
        with self._recorder.span("part", f"{self._part}: the start"):
            batches = iter(self._behind)
        return TimedBatches(batches, self._recorder, self._part)

    def __len__(self) -> int:
        return len(self._behind)


class TimedBatches(Stand):
    """One pass over batches."""

    def __iter__(self) -> TimedBatches:
        return self

    def __next__(self) -> Any:
        with self._span:
            return next(self._behind)
