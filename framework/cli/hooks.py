"""`framework hooks`: the places where a plugin can take part, what each is for, and who is called there in which order."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from framework.cli.printing import cut, print_json, width
from framework.cli.session import debug_option, plugin_option, session
from framework.cli.tables import table
from framework.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from framework.plugin.documentation import HookDocumentation
    from framework.plugin.ordering import Implementation

__all__ = ["check_hook", "hooks"]


@click.command()
@click.argument("hook", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@plugin_option
@debug_option
@click.pass_context
def hooks(context: click.Context, hook: str | None, as_json: bool) -> None:
    """List the hooks and who implements them, or tell all about one.

    Implementations stand in the order in which they are called.
    """
    from framework.plugin.checks import SPECS
    from framework.plugin.documentation import documented

    if hook is not None:
        check_hook(hook)
    manager = session(context).plugins()
    names = [hook] if hook is not None else list(SPECS)
    found = {name: manager.order(name) for name in names}
    if as_json:
        told = [{**asdict(documented(name)), "order": [asdict(each) for each in found[name]]} for name in names]
        print_json(told if hook is None else told[0])
    elif hook is not None:
        click.echo(_all_about(documented(hook), found[hook]))
    else:
        rows = [(name, SPECS[name].kind, ", ".join(each.plugin for each in found[name]) or "-") for name in names]
        room = (width() or 10**6) - sum(max(map(len, column)) + 2 for column in list(zip(*rows, strict=True))[:2])
        cells = [(name, kind, cut(plugins, max(room, 8))) for name, kind, plugins in rows]
        click.echo(table(("HOOK", "KIND", "IMPLEMENTED BY"), cells))


def check_hook(name: str) -> None:
    """UserError where there is no such hook, with the nearest."""
    from framework.plugin.checks import SPECS

    if name not in SPECS:
        raise UserError(f"There is no hook {name!r}.{did_you_mean(name, SPECS)} All: framework hooks")


def _all_about(hook: HookDocumentation, order: list[Implementation]) -> str:
    columns = min(width() or 100, 100)

    def filled(text: str, first: str = "", then: str = "") -> str:
        paragraphs = text.split("\n\n")
        return "\n".join(
            textwrap.fill(each, columns, initial_indent=first if not number else then, subsequent_indent=then)
            for number, each in enumerate(paragraphs)
        )

    arguments = [filled(f"{name}: {text}", "  ", "    ") for name, (_, text) in hook.arguments.items()]
    rows = [(str(number), each.plugin, each.part, each.how) for number, each in enumerate(order, 1)]
    called = table(("", "PLUGIN", "IN", "HOW"), rows) if rows else "No plugin in use implements it."
    parts = [
        filled(hook.signature, "", "    "),
        filled(f"{hook.kind.capitalize()} hook. {hook.called}"),
        "Arguments:\n" + "\n".join(arguments),
        filled(f"Returns: {hook.returns}", "", "  "),
        "Example:\n" + textwrap.indent(hook.example, "  "),
        "Called in this order:\n" + called if rows else called,
    ]
    return "\n\n".join(parts)
