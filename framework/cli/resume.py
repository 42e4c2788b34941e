"""`framework resume`: takes up a run where it was interrupted or killed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.cli.options import RecipeCommand
from framework.cli.run_options import RunCommand, fit, given_options, given_words, run_options, signals
from framework.cli.session import Session, say, session
from framework.errors import UserError
from framework.plugin.finding import QUIET

if TYPE_CHECKING:
    from framework.training.recipe_file import RecipeFile
    from framework.training.resuming import Resumption
    from framework.training.trainer import Trainer

__all__ = ["resume"]

BEFORE = ("-p", "--plugin")
"""The run options that must stand before the run: they are needed to read those after it."""


class ResumeCommand(RunCommand):
    """A command whose options are also those of the plugins that the run was trained with."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from framework.training.sweeping.sweep import SWEEP

        sweep = next((each for each in args if (Path(each) / SWEEP).is_file()), None)
        try:
            return super().parse_args(ctx, list(args))
        except click.NoSuchOption:
            if sweep is None:
                raise
            # One of a sweep's own: these are parsed behind its folder.
            return super().parse_args(ctx, [sweep, *(each for each in args if each != sweep)])

    def plugins_of_a_run(self, args: Sequence[str]) -> Iterable[str]:
        from framework.training.run import RUN, Run

        run = next((each for each in args if (Path(each) / RUN).is_file()), None)
        given = Run.open(run).info.get("given") if run is not None else None
        given = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        for each in given:
            if each.endswith(".py") and not Path(each).is_file():
                raise UserError(f"{run} was trained with the plugin {each}, which is gone: put it back.")
        return given


@click.command(
    cls=ResumeCommand,
    options_metavar="[RUN OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option(
    "--inexact",
    is_flag=True,
    help="Go on also where the recipe holds what no checkpoint can keep, such as an iterator half through.",
)
@run_options
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RUN OR RECIPE OPTIONS]")
@click.pass_context
def resume(context: click.Context, /, run: Path, options: tuple[str, ...], **given: Any) -> None:
    """Go on with a run that was interrupted, killed or stopped, as if it never had been.

    Options are those of the run; what is given here replaces them, and is recorded. To train a run that has finished
    further, give it more epochs: framework resume RUN --epochs 60.

    RUN may be the folder of a sweep, too: framework resume SWEEP [--jobs N] [--retry-failed] [--json].
    """
    from framework.training.resuming import NothingToDo, Resumption
    from framework.training.run import Run
    from framework.training.sweeping.sweep import SWEEP

    if (run / SWEEP).is_file():
        context.exit(_resume_sweep(context, run, options, given))
    state = session(context)
    writes = state.plugins().call("should_write") is not False
    resumption = Resumption(Run.open(run), say if writes else lambda message: None, writes=writes)
    try:
        trainer = _trainer(context, state, resumption, options, given)
    except NothingToDo as nothing:
        resumption.run.lock.release()
        say(str(nothing))
        return
    except BaseException:
        resumption.run.lock.release()
        raise
    fit(trainer)


def _resume_sweep(context: click.Context, path: Path, options: Sequence[str], given: dict[str, Any]) -> int:
    """Go on with a sweep, by a command of its own: its runs keep the options that they were started with."""
    from framework.cli.sweep import resume_sweep
    from framework.training.sweeping.sweep import Sweep

    quiet = ["--quiet"] if given.pop("quiet") else []
    of_a_run = next(given_words(context, given), None)
    if of_a_run is not None:
        raise click.UsageError(
            f"{path} is a sweep, whose runs keep their options: {of_a_run} cannot be given.", context
        )
    words = [*quiet, *options]
    with resume_sweep.make_context(f"{context.command_path} {path}", words, obj=Sweep.open(path)) as chosen:
        return int(resume_sweep.invoke(chosen))


def _trainer(
    context: click.Context, state: Session, resumption: Resumption, options: Iterable[str], given: dict[str, Any]
) -> Trainer:
    """The trainer that goes on, with what the command line gives in the place of what the run was started with."""
    here = [str(Path(each).absolute()) if each.endswith(".py") else each for each in state.given]
    state.given = list(dict.fromkeys([*resumption.run.info["given"], *here]))
    state.load_given()
    resumption.check(state.plugins())
    file = resumption.recipe_file()
    values, late = _values(context, state, resumption, file, options)
    loggers = (*given["loggers"], *late.pop("loggers", ()))
    given |= {**late, "loggers": loggers}
    if not given["quiet"]:
        resumption.tell = say
    return resumption.trainer(
        file,
        values,
        state.load(file, *(QUIET if given["quiet"] else ())),
        options=given_options(context, given, late),
        compile=given["compiled"],
        on_nan=given["on_nan"],
        inexact=given["inexact"],
        loggers=loggers,
        signals=signals(),
        command=sys.argv,
    )


def _values(
    context: click.Context, state: Session, resumption: Resumption, file: RecipeFile, options: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The hyperparameters and the run options that were given after the run."""
    known = [each for each in context.command.get_params(context) if isinstance(each, click.Option)]
    late = [each for each in known if each.expose_value and not each.is_eager]
    command = RecipeCommand(file, resumption.run.config["hyperparameters"], BEFORE, late, "the run")
    chosen = command.make_context(f"{context.command_path} {resumption.run.path}", list(options), obj=state)
    values, origins = command.values(chosen)
    given = {name: value for name, value in values.items() if origins[name] == "command line"}
    return given, command.late_values(chosen)
