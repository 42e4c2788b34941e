"""What a hook's specification says of it, in parts: for the terminal, and for the guide.

documented("log").called, .arguments["record"], .returns, .example
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

from framework.plugin.checks import SPECS

__all__ = ["HookDocumentation", "documented"]

SECTIONS = re.compile(
    r"(?P<called>Called .+?)\n\nArguments:\n(?P<arguments>.+?)\nReturns:\n(?P<returns>.+?)\nExample:\n(?P<example>.+)",
    re.DOTALL,
)
ARGUMENT = re.compile(r"^    (\w+): (.+?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class HookDocumentation:
    """A hook's name, `kind` ("registry", "participant" or "observer"), and what is said of it.

    called: when. arguments: of each its type, and what it is. answer: the type of what is returned; returns: what that does.
    example: a plugin that implements it.
    """

    name: str
    kind: str
    called: str
    arguments: dict[str, tuple[str, str]]
    answer: str
    returns: str
    example: str

    @property
    def signature(self) -> str:
        """The hook as it is implemented, types included."""
        given = ", ".join(f"{name}: {kind}" for name, (kind, _) in self.arguments.items())
        return f"{self.name}({given}) -> {self.answer}"


def documented(name: str) -> HookDocumentation:
    """The documentation of a hook."""
    spec = SPECS[name]
    match = SECTIONS.fullmatch(inspect.getdoc(spec.function) or "")
    assert match is not None, f"{name} does not say when it is called, its arguments, what it returns, and an example"
    types = spec.function.__annotations__
    return HookDocumentation(
        name=name,
        kind=spec.kind,
        called=_joined(match["called"]),
        arguments={name: (types[name], _joined(text)) for name, text in ARGUMENT.findall(match["arguments"] + "\n")},
        answer=types["return"],
        returns=_joined(match["returns"]),
        example=textwrap.dedent(match["example"]).rstrip(),
    )


def _joined(text: str) -> str:
    """A text without its line breaks and indents; a paragraph stays one."""
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", text)]
    return "\n\n".join(each for each in paragraphs if each)
