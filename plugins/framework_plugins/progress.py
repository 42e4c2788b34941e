"""Shows how far training is: a bar in a terminal or a notebook, else a plain line every few seconds.

Where a Trainer is made by hand, which prints nothing of itself: `Trainer(recipe, plugins=[Progress()])`.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from framework.extend import Trainer, hookimpl

if TYPE_CHECKING:
    from tqdm import tqdm

BAR_SECONDS = 0.1
LINE_SECONDS = 5.0
DELAY = 0.5
"""A run that is over before that shows no bar."""


class Progress:
    """Looks at the clock after each step, and writes to stderr only when it is time to."""

    bar: tqdm[Any] | None = None
    due = 0.0

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        self.bar = _bar(trainer) if _in_notebook() or _has_room() else None
        self.every = LINE_SECONDS if self.bar is None else BAR_SECONDS
        self.started = perf_counter()
        self.first = trainer.step
        self.due = self.started + self.every

    @hookimpl
    def after_step(self, trainer: Trainer) -> None:
        now = perf_counter()
        if now >= self.due:
            self.due = now + self.every
            self._show(trainer, now)

    @hookimpl
    def run_end(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _show(self, trainer: Trainer, now: float) -> None:
        epoch = f"epoch {trainer.epoch}/{trainer.epochs}"
        try:
            if self.bar is not None:
                self.bar.set_description_str(epoch, refresh=False)
                self.bar.set_postfix_str(f"loss {trainer.loss:.4g}", refresh=False)
                self.bar.update(trainer.step - self.bar.n)
            else:
                speed = (trainer.step - self.first) / (now - self.started)
                line = (
                    f"{epoch}, step {trainer.step}{_of(_total(trainer))}, loss {trainer.loss:.4g}, {speed:.3g} steps/s"
                )
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
        except (OSError, ValueError):  # stderr was closed: no reason to stop training
            self.due = float("inf")


def _has_room() -> bool:
    """Whether stderr is a terminal with room for a bar; a pseudo-terminal may be no column wide."""
    if not sys.stderr.isatty():
        return False
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError):
        return True


def _in_notebook() -> bool:
    """Whether the code runs in a kernel of Jupyter's, whose stderr is no terminal."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    return "IPKernelApp" in getattr(get_ipython(), "config", ())


def _kind() -> Any:
    """A bar for where this runs: Jupyter's own, if it has widgets, or one of text."""
    if _in_notebook():
        from tqdm import notebook

        if notebook.IProgress is not None:
            return notebook.tqdm
    from tqdm import tqdm

    return tqdm


def _total(trainer: Trainer) -> int | None:
    return None if trainer.batches is None else trainer.batches * trainer.epochs


def _of(total: int | None) -> str:
    return "" if total is None else f"/{total}"


def _bar(trainer: Trainer) -> tqdm[Any]:
    # With an interval of 0, tqdm starts no thread of its own beside training.
    quiet = type("Bar", (_kind(),), {"monitor_interval": 0})
    return quiet(
        total=_total(trainer),
        initial=trainer.step,
        unit=" step",
        file=sys.stderr,
        dynamic_ncols=True,
        leave=False,
        mininterval=0,
        miniters=1,
        delay=DELAY,
    )


progress = Progress()
