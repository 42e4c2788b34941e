"""`--trace` and `--trace-hooks`: what plugins cost, at the start and in each hook, told beside the command's own output."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from framework.cli.tables import table

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager

__all__ = ["Trace"]

SLOW = 0.001
"""Seconds: plugins that take less to import are counted together."""


class Trace:
    """Times the plugins of a command: their import, and each call of a hook, which `each` has printed as it ends."""

    def __init__(self, each: bool) -> None:
        self.each = each
        self.imported: set[str] = set()
        self.calls: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0])

    def start(self) -> None:
        """Import what all plugins import, so that none of them is charged with it."""
        if not self.imported:
            began = time.perf_counter()
            import framework.extend

            assert framework.extend
            _say(f"framework.extend  {_milliseconds(time.perf_counter() - began)}")

    def watch(self, manager: PluginManager, until: contextlib.ExitStack) -> None:
        """Tell how long the plugins took to import, and time their hooks from now on."""
        until.enter_context(manager.watching(self._around))
        new = {each.name: each.seconds for each in manager.plugins if each.name not in self.imported}
        self.imported.update(new)
        slow = sorted((name for name in new if new[name] >= SLOW), key=lambda name: -new[name])
        rows = [(name, _milliseconds(new[name])) for name in slow]
        quick = [seconds for name, seconds in new.items() if name not in slow]
        if quick:
            rows.append((f"{len(quick)} others", _milliseconds(sum(quick))))
        if rows:
            _say(table(("PLUGIN", "IMPORT"), rows, right=["IMPORT"]))

    def finish(self) -> None:
        """Tell what the calls took, those that took most at first."""
        rows = [
            (hook, plugin, f"{count:,.0f}", _milliseconds(seconds), _milliseconds(seconds / count))
            for (plugin, hook), (count, seconds) in sorted(self.calls.items(), key=lambda each: -each[1][1])
        ]
        if rows:
            header = "HOOK", "PLUGIN", "CALLS", "TIME", "A CALL"
            _say(table(header, rows, right=header[2:]))

    @contextlib.contextmanager
    def _around(self, hook: str, plugin: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            cell = self.calls[plugin, hook]
            cell[0] += 1
            cell[1] += seconds
            if self.each:
                _say(f"{hook}  {plugin}  {_milliseconds(seconds)}")


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.3f} ms" if seconds < 0.1 else f"{1000 * seconds:,.0f} ms"


def _say(text: str) -> None:
    click.echo(text, err=True)
