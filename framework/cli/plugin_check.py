"""`framework plugins check`: everything that can be known of a plugin without training with it, as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.cli.printing import print_json
from framework.cli.session import Session, debug_option, plugin_option, session
from framework.cli.tables import table
from framework.errors import UserError
from framework.plugin.registry import PluginError

if TYPE_CHECKING:
    from framework.testing.plugins import Finding

__all__ = ["check"]


@click.command()
@click.argument("plugins", nargs=-1, required=True, metavar="NAME|PATH...")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@plugin_option
@debug_option
@click.pass_context
def check(context: click.Context, plugins: tuple[str, ...], as_json: bool) -> None:
    """Check plugins: hooks, names, derivatives, types, losses, optimizers, resuming.

    A plugin is given by the name that `framework plugins` lists, by its module, or by a path.py. The exit code is 1 when a
    check has failed.
    """
    state = session(context)
    state.untold = tuple([f"Plugin {_name(each)!r} (" for each in plugins])
    found = {each: list(_findings(each, state)) for each in plugins}
    everything = [finding for findings in found.values() for finding in findings]
    if as_json:
        print_json([{"plugin": each, **asdict(finding)} for each, findings in found.items() for finding in findings])
    else:
        click.echo("\n\n".join(_shown(each, findings) for each, findings in found.items()))
    if any(finding.ok is False for finding in everything):
        context.exit(1)


def _findings(plugin: str, state: Session) -> Iterator[Finding]:
    """What is found of one plugin; that it cannot be loaded is a finding, too."""
    from framework.testing.plugins import Finding, check_plugin

    known = {each.name for each in state.plugins().plugins}
    broken = {each.name: each for each in state.plugins().failures}
    if plugin in broken:
        yield Finding("plugin", plugin, "loads", False, broken[plugin].message)
        return
    try:
        manager = state.plugins() if plugin in known else state.load(None, plugin)
        yield from check_plugin(_name(plugin), manager)
    except PluginError as error:
        yield Finding("plugin", plugin, "loads", False, str(error))


def _name(plugin: str) -> str:
    return Path(plugin).stem if plugin.endswith(".py") else plugin


def _shown(plugin: str, findings: Sequence[Finding]) -> str:
    """A row for each thing, then each failure and what could not be checked."""
    if not findings:
        raise UserError(f"{plugin} adds nothing that can be checked.")
    things = [
        (kind, thing, list(group)) for (kind, thing), group in groupby(findings, lambda each: (each.kind, each.thing))
    ]
    rows = [(kind, thing, _result(group), ", ".join(each.check for each in group)) for kind, thing, group in things]
    parts = [f"{plugin}\n" + table(("WHAT", "NAME", "RESULT", "CHECKS"), rows)]
    for ok, title in ((False, "FAILED"), (None, "not checked")):
        for each in findings:
            if each.ok is ok:
                message = textwrap.indent(each.message, "  ")
                parts.append(f"{title}: {each.kind} {each.thing}, {each.check}\n{message}")
    failed, skipped = (sum(each.ok is ok for each in findings) for ok in (False, None))
    checks = "1 check" if len(findings) == 1 else f"{len(findings)} checks"
    parts.append(f"{checks}: {failed} failed, {skipped} could not be made.")
    return "\n\n".join(parts)


def _result(findings: Sequence[Finding]) -> str:
    failed = [each.check for each in findings if each.ok is False]
    if failed:
        return "FAILED"
    return "ok" if any(each.ok for each in findings) else "not checked"
