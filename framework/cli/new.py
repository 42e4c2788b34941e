"""`framework new`: a plugin of one's own, as a small distribution, or a recipe; both work as they are."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from framework.cli.session import debug_option, session
from framework.cli.templates import files_of, write
from framework.errors import UserError

__all__ = ["new"]

OWN = {"framework", "framework_local", "recipe"}
"""Names of plugins that belong to a recipe, or to the framework itself."""
IMPORTED = {"framework", "framework_local", "framework_plugins", "numpy"}
"""What a recipe imports, or what is loaded from beside it."""


@click.group()
@debug_option
def new() -> None:
    """Start a plugin of your own, or a recipe: complete, and yours to change."""


@new.command(short_help="Write a plugin, as a small distribution.")
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where to write it, a folder that holds nothing yet.  [default: framework-NAME]",
)
@debug_option
@click.pass_context
def plugin(context: click.Context, name: str, out: Path | None) -> None:
    """Write a plugin, as a distribution that can be published: with an operation, a loss, an optimizer, an observer and
    a command, each of which can be deleted, and their tests.
    """
    module = _plugin_name(name, context)
    dashed = module.replace("_", "-")
    folder = out or Path(f"framework-{dashed}")
    _check_free(folder)
    files = files_of("plugin", {"my_plugin": module, "my-plugin": dashed})
    write(files, folder)
    click.echo(f"Made {folder}: {', '.join(map(str, files))}")
    click.echo(f"The plugin is src/framework_{module}.py: keep what you need of it, and delete the rest. Next:\n")
    _show(
        (f"cd {shlex.quote(str(folder))}", ""),
        ('pip install -e ".[test]"', "the framework finds it from now on"),
        (f"framework plugins check {module}", "all that can be known without training"),
        ("pytest", "its tests; pytest --fixtures lists what helps to write more"),
        (f"framework train --log {module} example.py", "a recipe that uses it"),
        (f"framework -p no:{module} plugins", "without it"),
    )


@new.command()
@click.argument("name")
@debug_option
def recipe(name: str) -> None:
    """Write a recipe, NAME.py: model, data, hyperparameters. It trains as it is."""
    path = Path(name if name.endswith(".py") else f"{name}.py")
    _check_recipe_name(path)
    write({Path(path.name): text for text in files_of("my_recipe.py", {"my_recipe": path.stem}).values()}, path.parent)
    shown, run = shlex.quote(str(path)), f"runs/{path.stem}"
    click.echo(f"Made {path}, which draws its own data: its model, dataset and recipe are yours to change. Next:\n")
    _show(
        (f"framework train {shown} --help", "its hyperparameters"),
        (f"framework train --out {run} {shown}", ""),
        (f"framework evaluate {run}", "with --data FILE on other data, a CSV file with the columns x, y and inside"),
        (f"printf 'x,y\\n0.1,0.2\\n' | framework predict {run} -", ""),
    )


def _show(*lines: tuple[str, str]) -> None:
    """Commands to type, each with what it is for."""
    width = max(len(command) for command, what in lines if what)
    for command, what in lines:
        click.echo(f"  {command:{width}}  # {what}" if what else f"  {command}")


def _plugin_name(name: str, context: click.Context) -> str:
    """The plugin's name as an identifier; UserError where it cannot have it."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if plain.removeprefix("framework_") != plain and plain not in OWN:
        raise UserError(
            f"The distribution is called framework-… by itself: framework new plugin {plain.removeprefix('framework_')}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", name):
        call = f"framework new plugin {plain if plain[:1].isalpha() else 'shiny'}"
        raise UserError(
            f"{name!r} cannot be a plugin's name, which is of small letters, digits and underscores: {call}"
        )
    _check_taken(plain, context)
    return plain


def _check_taken(name: str, context: click.Context) -> None:
    """UserError where a plugin, a command or a module of that name is there already."""
    from framework.cli.main import COMMANDS

    known = {plugin.name: plugin for plugin in session(context).plugins().plugins}
    if name in known:
        other = known[name]
        raise UserError(f"There is a plugin {name!r} already, {other.origin}: choose another name.")
    if name in OWN or name.replace("_", "-") in COMMANDS:
        raise UserError(f"The framework itself has a {name!r}: choose another name.")
    if find_spec(f"framework_{name}") is not None:
        raise UserError(f"There is a module framework_{name} already: choose another name.")


def _check_free(folder: Path) -> None:
    """UserError where a folder holds anything but a repository that is empty."""
    if folder.is_file():
        raise UserError(f"{folder} is a file; a plugin needs a folder: --out FOLDER.")
    if folder.is_dir() and any(each.name != ".git" for each in folder.iterdir()):
        raise UserError(f"{folder} is not empty, and nothing is overwritten: choose another folder with --out FOLDER.")


def _check_recipe_name(path: Path) -> None:
    """UserError where a file of that name would be in the way of another module, or could not be imported."""
    if not path.stem.isidentifier():
        plain = re.sub(r"\W+", "_", path.stem).strip("_")
        call = f"framework new recipe {path.with_name(plain) if plain.isidentifier() else 'mine'}"
        raise UserError(f"{path.stem!r} cannot be a recipe's name, which is of letters, digits and underscores: {call}")
    if path.exists():
        raise UserError(f"{path} is there already, and nothing is overwritten.")
    if path.stem in sys.stdlib_module_names or path.stem in IMPORTED:
        raise UserError(f"{path.name} would be in the way of `import {path.stem}`: choose another name.")
