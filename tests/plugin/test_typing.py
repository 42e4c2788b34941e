"""A hook with wrong types is an error in an author's editor, and the types are those of the specifications."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin import implementations

TREE = Path(__file__).parents[2]

GOOD = """
from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from framework.extend import Loss, Operation, Register, Trainer, hookimpl

@hookimpl
def log(record: Mapping[str, Any]) -> None: ...

@hookimpl(tryfirst=True, before="clip")
def after_step(trainer: Trainer) -> None: ...

@hookimpl
def register_losses(register: Register[Loss]) -> None: ...

@hookimpl
def register_operations(register: Register[Operation]) -> None: ...

@hookimpl
def checkpoint_saved(path): ...

class Watches:
    @hookimpl
    def should_stop(self, trainer: Trainer) -> str | None:
        return None

    @hookimpl
    def validate_end(self, metrics: dict[str, float], trainer: Trainer) -> None: ...

    @hookimpl(wrapper=True)
    def validate(self) -> Generator[None, dict[str, float], dict[str, float]]:
        return (yield)

    @hookimpl
    def run_end(self) -> None: ...

    @hookimpl(specname="epoch_end")
    def at_the_end(self, trainer, metrics): ...
"""

BAD = """
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.extend import Register, Run, Trainer, hookimpl

@hookimpl  # error
def log(record: int) -> None: ...

@hookimpl  # error
def after_step(trainer: Run) -> None: ...

@hookimpl  # error
def epoch_start(trianer: Trainer) -> None: ...

class Watches:
    @hookimpl  # error
    def should_stop(self, trainer: Trainer) -> float:
        return 1.0

    @hookimpl(tryfirst=True)  # error
    def epoch_end(self, metrics: list[float]) -> None: ...

    @hookimpl  # error
    def run_end(self, why): ...
"""


def test_the_types_are_those_of_the_specifications():
    """When this fails: python -m tests.plugin.implementations"""
    assert implementations.FILE.read_text("utf-8") == implementations.text()


@pytest.mark.slow
def test_a_type_checker_finds_what_is_wrong(tmp_path: Path):
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(BAD)
    command = "-m", "mypy", "--config-file=", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}"
    found = subprocess.run(
        [sys.executable, *command, "good.py", "bad.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(TREE), "PATH": ""},
        capture_output=True,
        text=True,
    ).stdout
    wrong = [f"bad.py:{number}" for number, line in enumerate(BAD.split("\n"), 1) if line.endswith("# error")]
    assert re.findall(r"^(\w+\.py:\d+): error", found, re.MULTILINE) == wrong
