"""Writes the part of plugins/README.md about the hooks, from their specifications.

python -m tests.plugin.guide
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from framework.plugin.checks import SPECS
from framework.plugin.documentation import documented
from tests.plugin.implementations import formatted

FILE = Path(__file__).parents[2] / "plugins" / "README.md"
HEADING = "## The hooks\n"

KINDS = {
    "registry": "### Registries\n\nThey add things by name, and are called once, when a thing of that kind is first asked for.",
    "participant": "### Participants\n\nThey take part in training: an exception in one ends the run, naming the plugin.",
    "observer": "### Observers\n\nThey watch: an exception in one is told once, that plugin's observers are switched off, and "
    "training goes on.",
}


def text() -> str:
    """The guide, with its last part written anew."""
    before, heading, _ = FILE.read_text("utf-8").partition(HEADING)
    assert heading, f"{FILE} has no heading {HEADING!r}"
    return formatted("\n".join([before + HEADING.strip(), *_hooks()]), FILE)


def _hooks() -> Iterator[str]:
    yield ""
    yield "An implementation takes any of its hook's arguments, in any order, as a function or a method. `framework hooks NAME`"
    yield "tells the same, and who implements it."
    for kind, introduction in KINDS.items():
        yield f"\n{introduction}"
        yield from (line for name, spec in SPECS.items() if spec.kind == kind for line in _hook(name))
    yield ""


def _hook(name: str) -> Iterator[str]:
    hook = documented(name)
    yield f"\n#### `{hook.signature}`\n"
    yield f"{hook.called}\n"
    yield from (f"- `{argument}`: {what}" for argument, (_, what) in hook.arguments.items())
    yield f"- returns: {hook.returns}\n"
    yield f"```python\n{hook.example}\n```"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
