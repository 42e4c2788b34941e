"""`framework verify`: proves that a run of a recipe, killed and resumed, is the run that was never interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.cli.options import recipe_values
from framework.cli.run_options import RunCommand, given_words
from framework.cli.session import debug_option, plugin_option, say
from framework.cli.tables import table
from framework.cli.train import train

if TYPE_CHECKING:
    from framework.training.verifying.trials import Row

__all__ = ["verify"]

HEADER = "MODE", "KILLED AT", "RESUMED FROM", "ARRAYS", "LARGEST DIFF", "RECORDS", "DIFFER", "RESULT"

CAUSES = """\
Usual causes: state of your own that no checkpoint can hold, such as a generator that is half through or an open file
(give the object a state_dict and load_state_dict, or a plugin save_state and load_state); worker processes that live
on from epoch to epoch and draw random numbers; a file that training changes and reads again; the time of day."""

UNREPEATABLE = """\
Training differs from itself without a kill too: resuming is not to blame. Usual causes: random numbers that the seed
does not reach (os.urandom, a generator seeded by the time), the order of a set of texts (set PYTHONHASHSEED), the time
of day, threads that race."""


def _steps(context: click.Context, _: click.Parameter, value: str | None) -> list[int]:
    try:
        return [int(step) for step in value.split(",")] if value else []
    except ValueError:
        raise click.UsageError(f"--at takes steps, such as 1,17,200, not {value!r}.", context) from None


class VerifyCommand(RunCommand):
    """Has the options of `train` that are passed on to it, those of plugins among them."""

    NOT_PASSED_ON = "out", "compiled", "quiet"

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        known = {*self.NOT_PASSED_ON, *(each.name for each in own)}
        return [*own, *(each for each in train.params if each.name not in known and isinstance(each, click.Option))]


@click.command(cls=VerifyCommand, options_metavar="[OPTIONS]", context_settings={"allow_interspersed_args": False})
@click.option("--at", metavar="STEPS", callback=_steps, help="Kill after these steps, such as 1,17,200.")
@click.option(
    "--kills",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    metavar="N",
    help="How many steps to choose, in each mode; once it is killed while it writes a checkpoint too.",
)
@click.option("--compiled", "modes", flag_value="compiled", help="Only as a NumPy program.")
@click.option("--eager", "modes", flag_value="eager", help="Only as it is written.")
@click.option("--both", "modes", flag_value="compiled,eager", default="compiled,eager", help="Both: the default.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="FOLDER", help="Keep the runs in this folder.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="INT", help="Where all randomness starts.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Hyperparameters as JSON or TOML, as for train."
)
@plugin_option
@debug_option
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def verify(
    context: click.Context,
    /,
    at: list[int],
    kills: int,
    modes: str,
    keep: Path | None,
    seed: int,
    config: Path | None,
    recipe: str,
    options: tuple[str, ...],
    **added: Any,
) -> int:
    """Prove that a recipe's run, killed and resumed, is the run that was never interrupted, to the bit.

    It is trained once through, then killed (SIGKILL) at several steps and resumed; every array and every record of
    what comes of that is compared. Each training is a process of its own. Exit code 1 when anything differs.
    """
    from framework.training.verifying.trials import verify as verified

    file, values, origins = recipe_values(context, recipe, options, config)
    rows = verified(
        file.path,
        hyperparameters={name: value for name, value in values.items() if origins[name] != "default"},
        seed=seed,
        run_options=list(given_words(context, added)),
        at=at,
        kills=kills,
        modes=modes.split(","),
        keep=keep,
        report=say,
    )
    click.echo(table(HEADER, [_cells(row) for row in rows]))
    exact = all(row.exact for row in rows)
    for line in _verdict(rows):
        click.echo(line, err=not exact)
    return 0 if exact else 1


def _cells(row: Row) -> tuple[str, ...]:
    at = f"{row.killed_at}, writing" if row.writing else str(row.killed_at)
    result = "exact" if row.exact else f"differs: {row.first.partition(': ')[0]}"
    largest = f"{row.largest:.2g}" if row.largest else "0"
    counts = str(row.arrays), largest, str(row.records), str(len(row.record_places))
    return row.mode, at, str(row.resumed_from), *counts, result


def _verdict(rows: Sequence[Row]) -> Iterator[str]:
    """What the table comes to; where runs differ, the first place and why that may be."""
    wrong = [row for row in rows if not row.exact]
    if not wrong:
        yield f"Resumed runs are the uninterrupted one, at {len(rows)} of {len(rows)} kills."
        return
    row = wrong[0]
    yield f"error: {len(wrong)} of {len(rows)} resumed runs differ, the first at {row.first}"
    unkept = list(dict.fromkeys(each for row in wrong for each in row.unkept))
    if not row.repeatable:
        yield UNREPEATABLE
    elif unkept:
        yield "No checkpoint holds:" + "".join(f"\n- {each}" for each in unkept)
    else:
        yield CAUSES
