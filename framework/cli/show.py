"""`framework show`: all that is known of a run, or of a recipe before it trains; a training step as NumPy."""

from __future__ import annotations

import shlex
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.cli.options import RecipeCommand
from framework.cli.printing import clock, duration, number, print_json, short, width
from framework.cli.session import debug_option, plugin_option, session
from framework.cli.tables import table
from framework.errors import UserError
from framework.plugin.finding import QUIET

if TYPE_CHECKING:
    from framework.training.recipe import Recipe
    from framework.training.run import Run

__all__ = ["show"]


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--source", is_flag=True, help="The training step as the NumPy program that it runs as.")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@plugin_option
@debug_option
@click.argument("what", metavar="RUN|RECIPE")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def show(context: click.Context, source: bool, as_json: bool, what: str, options: tuple[str, ...]) -> None:
    """Show a run, or a recipe before it trains; with --source, its training step as NumPy.

    RUN is a run's folder, or one of its checkpoints, such as runs/first/best: how it went, its metrics, its
    configuration and where each value came from, its checkpoints and its model. RECIPE is a file of Python, or the name
    of one that `framework recipes` lists: its hyperparameters and its model. --source and --json may stand behind it
    too.
    """
    flags = {"--source": source, "--json": as_json}
    found = _run_at(what)
    if found is not None:
        rest = [word for word in options if not _taken(flags, word)]
        if rest:
            raise click.UsageError(f"{what} is a run, and takes no options of a recipe, such as {rest[0]}.")
        run, at = found
        if flags["--source"]:
            _print_source(context, _built_again(run))
        else:
            _print_run(context, run, at, flags["--json"])
        return
    recipe, origins = _built(context, what, options, flags)
    if flags["--source"]:
        _print_source(context, recipe)
    else:
        _print_recipe(recipe, origins, flags["--json"])


def _run_at(what: str) -> tuple[Run, Path | None] | None:
    """The run that is meant, and the checkpoint of it; None where it is a recipe. UserError for a run that is none."""
    path = Path(what)
    if path.suffix == ".py" or not (
        path.is_dir() or (len(path.parts) > 1 and path.parent.is_dir() and not path.suffix)
    ):
        return None
    from framework.training.run import Run

    return Run.open_at(path)


def _taken(flags: dict[str, bool], word: str) -> bool:
    """Whether a word behind the recipe is one of this command's flags, which it sets then."""
    if word in flags:
        flags[word] = True
    return word in flags


def _built(
    context: click.Context, what: str, options: Sequence[str], flags: dict[str, bool]
) -> tuple[Recipe, dict[str, str]]:
    """The recipe with the values that follow it, and where each value came from."""
    from framework.cli.recipes import find_recipe
    from framework.training.recipe import build, load_recipe

    file = load_recipe(find_recipe(what, session(context)))
    own = {flag for flag in flags if flag.removeprefix("--") in file.hyperparameters}
    rest = [word for word in options if word in own or not _taken(flags, word)]
    command = RecipeCommand(file, {}, list(flags))
    values, origins = command.values(command.make_context(f"{context.command_path} {what}", rest, obj=session(context)))
    return build(file, **values), origins


def _built_again(run: Run) -> Recipe:
    """The recipe of a run, from its copy, with the run's values and seed."""
    from framework.training.recipe import build, load_recipe

    if run.info["recipe"] is None:
        raise UserError(f"{run.path} has no recipe file, so its training step cannot be made again.")
    original = Path(run.info["recipe"])
    file = load_recipe(run.path / original.name, original)
    return build(file, seed=run.info["seed"], **run.config["hyperparameters"])


def _print_source(context: click.Context, recipe: Recipe) -> None:
    from framework.training.looking.step_source import step_source

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the error says the same
        text = step_source(recipe, session(context).load(recipe.file, *QUIET))
    click.echo(text, nl=False)


def _print_recipe(recipe: Recipe, origins: Mapping[str, str], as_json: bool) -> None:
    from framework.training.looking.describing import describe_recipe

    about = describe_recipe(recipe, origins)
    if as_json:
        print_json(about)
        return
    path = Path(about["recipe"])
    click.echo(_shown(path))
    click.echo(f"  {about['about'].partition(chr(10))[0]}\n")
    rows = [(each["name"], _value(each["value"]), _type(each), _origin(each)) for each in about["configuration"]]
    click.echo(table(("HYPERPARAMETER", "VALUE", "TYPE", "FROM"), rows) + "\n")
    click.echo("\n".join(_model(about["model"])))


def _print_run(context: click.Context, run: Run, at: Path | None, as_json: bool) -> None:
    from framework.training.looking.describing import describe_run

    session(context).plugins()  # whose operations and layers the model may use
    about = describe_run(run, at)
    if as_json:
        print_json(about)
        return
    sections = [_head(about), _metrics(about), _configuration(about), _checkpoints(about), _model(about["model"])]
    click.echo("\n\n".join("\n".join(lines) for section in sections if (lines := list(section))))


def _head(about: Mapping[str, Any]) -> Iterator[str]:
    """How the run went, and what it ran on."""
    reason = f": {about['reason']}" if about["reason"] else ""
    yield f"{about['name']}  {about['status']}{reason}"
    again = f", resumed {about['resumed']} times" if about["resumed"] > 1 else ", resumed once" * about["resumed"]
    done = f"{_count(about['epochs'], 'epoch')}, {_count(about['steps'], 'step')}, {duration(about['seconds'])}{again}"
    git, versions = about["git"], about["versions"]
    facts = {
        "started": f"{clock(about['started'], seconds=True)}; {done}",
        "at": _at(about["checkpoint"]),
        "command": shlex.join(["framework", *about["command"][1:]]) if about["command"] else None,
        "folder": about["directory"],
        "recipe": about["recipe"],
        "git": f"{git['commit'][:10]}{' and changes' if git['dirty'] else ''}" if git else None,
        "versions": ", ".join(
            f"{title} {versions[name]}"
            for name, title in (("framework", "framework"), ("numpy", "NumPy"), ("python", "Python"))
            if name in versions
        ) + (f", {versions['threads']} threads".replace(" 1 threads", " 1 thread") if "threads" in versions else ""),
        "options": " ".join(f"{name}={short(value)}" for name, value in about["options"].items()),
        "plugins": ", ".join(_added(about)),
    }  # fmt: skip
    if about["status"] not in ("running", "finished"):
        facts["go on"] = f"framework resume {shlex.quote(about['name'])}"
    for name, value in facts.items():
        if value:
            yield from _wrapped(f"{name:9}", str(value))
    for path, known in about["data"].items():
        yield from _wrapped("data     ", f"{path} ({known['size'] or 0:,} bytes)")


def _at(checkpoint: Mapping[str, Any] | None) -> str | None:
    """Which checkpoint was asked for, and what was measured then."""
    if checkpoint is None:
        return None
    metrics = ", ".join(f"{name} {number(value)}" for name, value in checkpoint["metrics"].items())
    return f"{checkpoint['name']}, epoch {checkpoint['epoch']}, {checkpoint['why']}: {metrics}".removesuffix(": ")


def _added(about: Mapping[str, Any]) -> Iterator[str]:
    """The plugins that are not the package's own."""
    for plugin in about["plugins"]:
        if plugin["origin"] not in ("first-party", "registered"):
            yield f"{plugin['name']} {plugin['version'] or ''}".strip() + f" ({plugin['origin']})"


def _metrics(about: Mapping[str, Any]) -> Iterator[str]:
    if not about["metrics"]:
        return
    rows = [
        (name, number(each["last"]), number(each["best"]), str(each["best_epoch"] or "-"))
        for name, each in about["metrics"].items()
    ]
    yield table(("METRIC", "LAST", "BEST", "AT"), rows, right={"LAST", "BEST", "AT"})


def _configuration(about: Mapping[str, Any]) -> Iterator[str]:
    rows = [(each["name"], _value(each["value"]), each["origin"]) for each in about["configuration"]]
    yield table(("HYPERPARAMETER", "VALUE", "FROM"), rows)


def _checkpoints(about: Mapping[str, Any]) -> Iterator[str]:
    if not about["checkpoints"]:
        return
    rows = [
        (each["name"], str(each["epoch"] or "-"), each["why"] or "-", " ".join(each["links"]))
        for each in about["checkpoints"]
    ]
    yield table(("CHECKPOINT", "EPOCH", "WRITTEN FOR", "LINKS"), rows, right={"EPOCH"})


def _model(model: Mapping[str, Any]) -> Iterator[str]:
    """The table of the model, and what it lacks."""
    if "table" in model:
        yield model["table"]
    if model["problem"]:
        lacks = "Without output shapes" if "table" in model else "There is no table of the model"
        yield from _wrapped("", f"{lacks}: {model['problem']}")


def _value(value: Any) -> str:
    """A value as one would type it; a path as it is from here."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return _shown(Path(value)) if isinstance(value, str) and value.startswith("/") else str(value)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _type(each: Mapping[str, Any]) -> str:
    if each.get("choices"):
        return "|".join(map(str, each["choices"]))
    return str(each.get("type", "-"))


def _origin(each: Mapping[str, Any]) -> str:
    """Where a value came from, and what it would be otherwise."""
    if each["origin"] == "default" or "default" not in each:
        return str(each["origin"])
    otherwise = "required" if each["required"] else f"default {_value(each['default'])}"
    return f"{each['origin']} ({otherwise})"


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}" if many == 1 else f"{many:,} {noun}s"


def _wrapped(first: str, text: str) -> list[str]:
    """A text, its further lines under its first word, where the terminal is too narrow for it."""
    most = width()
    if most is None:
        return [first + text]
    blank = " " * len(first)
    return textwrap.wrap(
        text, most, initial_indent=first, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )
