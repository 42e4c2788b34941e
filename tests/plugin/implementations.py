"""Writes framework/plugin/implementations.py, the types of hook implementations, from the specifications.

python -m tests.plugin.implementations
"""

from __future__ import annotations

import inspect
import itertools
import subprocess
import sys
from pathlib import Path

from framework.plugin.checks import SPECS

FILE = Path(__file__).parents[2] / "framework" / "plugin" / "implementations.py"

HEAD = '''"""The types of hook implementations, by their arguments: so a wrong one is an error in an author's editor.

Written from the specifications by tests/plugin/implementations.py. An implementation takes any of its hook's arguments, in
any order, as a function or a method; what a wrapper gives is a generator.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import click

    from framework.autograd import Operation, Tensor
    from framework.optim import Optimizer
    from framework.plugin.hookspecs.registries import Loss, MetricLike, Register
    from framework.training.run import Run
    from framework.training.trainer import Trainer

__all__ = ["Implementation"]

Wrapper: TypeAlias = Generator[None, Any, Any]
'''


def text() -> str:
    """The file's text."""
    answers: dict[tuple[tuple[str, str], ...], dict[str, None]] = {}
    for spec in SPECS.values():
        annotations = spec.function.__annotations__
        typed = [(name, annotations[name]) for name in inspect.signature(spec.function).parameters]
        for size in range(len(typed) + 1):
            for chosen in itertools.combinations(typed, size):
                answers.setdefault(chosen, {})[annotations["return"]] = None
    parts, names = [HEAD], []
    for number, (arguments, returned) in enumerate(sorted(answers.items(), key=lambda each: (len(each[0]), each[0]))):
        given = ", ".join(f"{name}: {kind}" for name, kind in arguments)
        kinds = {part: None for each in returned for part in each.split(" | ")} | {"Wrapper": None}
        answer = "object" if "object" in kinds else " | ".join(sorted(kinds, key="None".__eq__))
        for method in (False, True):
            name = f"{'Method' if method else 'Function'}{number}"
            own = ["_", "self: Any"] if method else ["self"]  # a method's first parameter is known by its name
            takes = ", ".join([*own, *(["*", given] if given else [])])
            parts.append(f"\n\nclass {name}(Protocol):\n    def __call__({takes}) -> {answer}: ...\n")
            names.append(name)
    union = "\n    | ".join(names)
    parts.append(f"\n\nImplementation: TypeAlias = (\n    {union}\n)\n")
    return formatted("".join(parts), FILE)


def formatted(text: str, file: Path) -> str:
    """The text as the formatter leaves it in such a file."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(file), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
