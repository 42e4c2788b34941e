"""`framework recipes`: lists recipes to start from, and makes a copy of one yours."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import click

from framework.cli.printing import cut, width
from framework.cli.session import Session, debug_option, plugin_option, session
from framework.cli.tables import table
from framework.errors import UserError, did_you_mean
from framework.training.shipped import shipped_recipes

__all__ = ["find_recipe", "recipes"]


def all_recipes(state: Session) -> dict[str, Path]:
    """The package's recipes and those of plugins, by name."""
    added = state.plugins().registry("recipes")
    return {**{name: Path(path) for name, path in added.items()}, **shipped_recipes()}


def find_recipe(recipe: str, state: Session) -> Path:
    """The file a person means: a path, or the name of a known recipe."""
    path = Path(recipe)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return path
    known = all_recipes(state)
    if recipe not in known:
        beside = path.with_suffix(".py")
        hint = f" Did you mean {beside}?" if beside.is_file() else did_you_mean(recipe, known)
        raise UserError(f"There is no file {recipe}, and no recipe of that name.{hint}")
    return known[recipe]


@click.group(invoke_without_command=True)
@plugin_option
@debug_option
@click.pass_context
def recipes(context: click.Context) -> None:
    """List the recipes that come with the package or a plugin; train them by name, or copy one."""
    if context.invoked_subcommand is None:
        known = all_recipes(session(context))
        room = (width() or 10**6) - max(map(len, known), default=0) - 2
        rows = [(name, cut(_first_line(known[name]), room)) for name in known]
        click.echo(table(("NAME", "WHAT IT IS"), rows))


@recipes.command()
@debug_option
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.pass_context
def copy(context: click.Context, name: str, folder: Path) -> None:
    """Copy a recipe and its data into FOLDER (this one unless given), where it is yours to change."""
    known = all_recipes(session(context))
    if name not in known:
        raise UserError(f"There is no recipe {name!r}.{did_you_mean(name, known)}")
    source = known[name]
    files = [source, *_data_of(source)]
    targets = [folder / path.relative_to(source.parent) for path in files]
    for target in targets:
        if target.exists():
            raise UserError(f"{target} is there already, and is not overwritten.")
    for path, target in zip(files, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        click.echo(target)


def _data_of(recipe: Path) -> list[Path]:
    """The files under data/ that a recipe names, with the licence beside each."""
    tree = ast.parse(recipe.read_text("utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    files = [path for path in sorted((recipe.parent / "data").glob("*")) if path.is_file()]
    stems = {path.name.split(".")[0] for path in files if path.name in texts}
    return [path for path in files if path.name.split(".")[0] in stems]


def _first_line(recipe: Path) -> str:
    """The first line of a recipe's docstring, read without running it."""
    try:
        text = ast.get_docstring(ast.parse(recipe.read_text("utf-8")))
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        return f"cannot be read: {error}"
    return (text or "").partition("\n")[0]
