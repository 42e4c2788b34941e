"""`framework coverage`: which of PyTorch's names are here, and why others are not."""

from __future__ import annotations

import textwrap

import click

from framework.cli.session import debug_option
from framework.cli.tables import table
from framework.errors import UserError, did_you_mean

__all__ = ["coverage"]


@click.command()
@debug_option
@click.argument("namespace", required=False, metavar="[NAMESPACE]")
def coverage(namespace: str | None) -> None:
    """List which of PyTorch's names are here: a table of all namespaces, or the names of one.

    NAMESPACE is one of the table, such as torch, Tensor or nn.functional.
    """
    from framework.coverage import coverage as covered
    from framework.coverage import namespaces

    known = {each or "torch": each for each in namespaces()}
    if namespace is None:
        found = [covered(each) for each in known.values()]
        rows = [
            [name, str(len(one.here)), str(len(one.missing)), str(len(one.elsewhere))]
            for name, one in zip(known, found, strict=True)
        ]
        click.echo(table(["NAMESPACE", "HERE", "NOT YET", "OUT OF SCOPE"], rows))
        click.echo("The names of one: framework coverage NAMESPACE")
        return
    name = namespace.removeprefix("torch.")
    if name not in known:
        raise UserError(f"PyTorch has no namespace {namespace!r} that is known here.{did_you_mean(name, known)}")
    one = covered(known[name])
    _echo("Here", one.here)
    _echo("Not yet", one.missing)
    for reason in sorted(set(one.elsewhere.values())):
        _echo(f"Not coming: {reason}", [each for each, why in one.elsewhere.items() if why == reason])


def _echo(title: str, names: list[str]) -> None:
    if names:
        click.echo(f"{title} ({len(names)}):")
        click.echo(textwrap.fill(" ".join(names), 100, initial_indent="  ", subsequent_indent="  "))
