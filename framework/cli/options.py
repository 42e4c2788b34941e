"""Turns a recipe's hyperparameters into typed command-line options, and their values into arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from framework.cli.session import debug_option, session
from framework.training.hyperparameters import flag

if TYPE_CHECKING:
    from framework.training.recipe import Hyperparameter, RecipeFile

__all__ = ["RecipeCommand", "recipe_values"]


def from_text(hyperparameter: Hyperparameter, text: str) -> Any:
    """What a text of the command line means; the text itself when it does not mean the right thing."""
    if hyperparameter.optional and text == "none":
        return None
    if hyperparameter.choices:
        return {str(choice): choice for choice in hyperparameter.choices}.get(text, text)
    if hyperparameter.type is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return hyperparameter.type(text)
    except ValueError:
        return text


class RecipeCommand(click.Command):
    """The part of a command line after the recipe's path: parsed, it gives the hyperparameters.

    A value comes from the command line, else from `defaults` (a configuration file), else from the
    recipe; `values` tells which. Of `run_options`, which stand before `place`, a message says so; the `late` ones may
    stand here too.
    """

    def __init__(
        self,
        file: RecipeFile,
        defaults: Mapping[str, Any],
        run_options: Collection[str] = (),
        late: Iterable[click.Option] = (),
        place: str = "the recipe",
    ) -> None:
        self.defaults, self.place = defaults, place
        self.names = list(file.hyperparameters)
        self.run_options = run_options
        parameters: list[click.Option] = [RecipeOption(each) for each in file.hyperparameters.values()]
        taken = {name for each in parameters for name in _names(each)}
        self.late = [each for each in late if taken.isdisjoint(_names(each))]
        parameters += self.late
        super().__init__(
            file.path.name,
            params=list(parameters),
            help=file.doc,
            options_metavar="[RECIPE OPTIONS]",
            context_settings={"help_option_names": ["-h", "--help"], "default_map": dict(defaults)},
        )
        if "debug" not in file.hyperparameters:
            debug_option(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = ctx  # its help is the recipe's, not the command's
            if isinstance(error, click.NoSuchOption) and error.option_name in self.run_options:
                misplaced = f"{error.option_name} is a run option; it stands before {self.place}."
                raise click.UsageError(misplaced, ctx) from None
            if isinstance(error, click.MissingParameter) and error.param is not None:
                raise click.UsageError(f"{error.param.opts[0]} is required.", ctx) from None
            raise

    def values(self, context: click.Context) -> tuple[dict[str, Any], dict[str, str]]:
        """The hyperparameters by name, and where each came from."""
        values = {name: context.params[name] for name in self.names}
        origins = dict.fromkeys(values, "default")
        for name in values:
            if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                origins[name] = "command line"
            elif name in self.defaults:
                values[name], origins[name] = self.defaults[name], "config file"
        return values, origins

    def late_values(self, context: click.Context) -> dict[str, Any]:
        """The values of the run options that were given here."""
        names = [str(each.name) for each in self.late]
        given = ParameterSource.COMMANDLINE
        return {name: context.params[name] for name in names if context.get_parameter_source(name) is given}


def recipe_values(
    context: click.Context, recipe: str, options: Iterable[str], config: Path | None
) -> tuple[RecipeFile, dict[str, Any], dict[str, str]]:
    """The recipe that a command was given, its hyperparameters by name, and where each came from."""
    from framework.cli.config import read_config
    from framework.cli.recipes import find_recipe
    from framework.training.recipe import load_recipe

    state = session(context)
    file = load_recipe(find_recipe(recipe, state))
    flags = [name for option in context.command.get_params(context) for name in option.opts]
    command = RecipeCommand(file, read_config(config, file) if config else {}, flags)
    return file, *command.values(command.make_context(f"{context.command_path} {recipe}", list(options), obj=state))


class RecipeOption(click.Option):
    """One hyperparameter as an option."""

    def __init__(self, hyperparameter: Hyperparameter) -> None:
        from framework.training.recipe import REQUIRED

        self.hyperparameter = hyperparameter
        name, option = hyperparameter.name, flag(hyperparameter.name)
        required = hyperparameter.default is REQUIRED
        default = None if required else hyperparameter.default
        shown = "none" if default is None and not required else True
        if hyperparameter.type is bool and not hyperparameter.optional:
            declaration = f"{option}/--no-{option.removeprefix('--')}"
            super().__init__([name, declaration], default=default, required=required, show_default=shown)
        else:
            super().__init__(
                [name, option],
                type=click.UNPROCESSED,
                metavar=_metavar(hyperparameter),
                callback=self._converted,
                default=default,
                required=required,
                show_default=shown,
            )

    def _converted(self, context: click.Context, _: click.Parameter, value: Any) -> Any:
        if value is None and self.required:
            raise click.UsageError(f"{flag(self.hyperparameter.name)} is required.", context)
        if isinstance(value, str):
            value = from_text(self.hyperparameter, value)
        name, problem = self.hyperparameter.name, self.hyperparameter.problem(value)
        if problem is not None:
            raise click.UsageError(flag(name) + problem.removeprefix(name), context)
        return value

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option as the help shows it; a path that is the default, as one types it from here."""
        record = super().get_help_record(ctx)
        default, here = self.get_default(ctx), Path.cwd()
        if record is None or not isinstance(default, Path) or not default.is_relative_to(here):
            return record
        return record[0], record[1].replace(str(default), str(default.relative_to(here)))


def _names(option: click.Option) -> list[str]:
    """All that an option is called, on the command line and within."""
    return [str(option.name), *option.opts, *option.secondary_opts]


def _metavar(hyperparameter: Hyperparameter) -> str:
    if hyperparameter.choices:
        return "[" + "|".join(map(str, hyperparameter.choices)) + "]"
    return hyperparameter.type.__name__.upper()
