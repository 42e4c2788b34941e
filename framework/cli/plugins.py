"""`framework plugins`: what is loaded, where it came from and what it adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framework.cli.hooks import check_hook
from framework.cli.plugin_bisect import bisect
from framework.cli.plugin_check import check
from framework.cli.printing import print_json
from framework.cli.session import debug_option, plugin_option, session
from framework.cli.tables import table

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager

__all__ = ["plugins"]


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--hook", metavar="NAME", help="Only those that implement this hook, in the order in which they are called."
)
@plugin_option
@debug_option
@click.pass_context
def plugins(context: click.Context, as_json: bool, hook: str | None) -> None:
    """List the plugins that are loaded, where each was found, and what it adds."""
    if context.invoked_subcommand is not None:
        return
    manager = session(context).plugins()
    found = [*_loaded(manager), *_broken(manager)]
    if hook is not None:
        check_hook(hook)
        order = [each.plugin for each in manager.order(hook)]
        found = sorted((each for each in found if each["name"] in order), key=lambda each: order.index(each["name"]))
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"No plugin implements {hook}.")
    else:
        header = ("NAME", "VERSION", "FROM", "ADDS")
        rows = [(each["name"], each["version"] or "-", each["origin"], _adds(each)) for each in found]
        click.echo(table(header, rows))


plugins.add_command(check)
plugins.add_command(bisect)


def _loaded(manager: PluginManager) -> list[dict[str, Any]]:
    added = manager.adds()
    return [
        {
            "name": plugin.name,
            "version": plugin.version,
            "distribution": plugin.distribution,
            "origin": str(plugin.origin),
            "adds": added.get(plugin.name, {}),
            "hooks": list(plugin.hooks),
            "error": None,
        }
        for plugin in manager.plugins
    ]


def _broken(manager: PluginManager) -> list[dict[str, Any]]:
    return [
        {
            "name": failure.name,
            "version": failure.version,
            "distribution": failure.distribution,
            "origin": str(failure.origin),
            "adds": {},
            "hooks": [],
            "error": failure.message,
        }
        for failure in manager.failures
    ]


def _adds(plugin: dict[str, Any]) -> str:
    """`losses: focal; hooks: log, run_end`, or what is wrong with it."""
    if plugin["error"]:
        return f"broken: {plugin['error']}"
    registered = {f"register_{kind}" for kind in plugin["adds"]}
    hooks = [hook for hook in plugin["hooks"] if hook not in registered]
    parts = [f"{kind}: {', '.join(names)}" for kind, names in plugin["adds"].items() if names]
    if hooks:
        parts.append(f"hooks: {', '.join(hooks)}")
    return "; ".join(parts) or "nothing"
