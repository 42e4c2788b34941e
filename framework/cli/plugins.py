"""`framework plugins`: what is loaded, where it came from and what it adds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from framework.cli.session import debug_option, plugin_option, session
from framework.cli.tables import table

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager

__all__ = ["plugins"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@plugin_option
@debug_option
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> None:
    """List the plugins that are loaded, where each was found, and what it adds."""
    manager = session(context).plugins()
    found = [*_loaded(manager), *_broken(manager)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    header = ("NAME", "VERSION", "FROM", "ADDS")
    rows = [(each["name"], each["version"] or "-", each["origin"], _adds(each)) for each in found]
    click.echo(table(header, rows))


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
