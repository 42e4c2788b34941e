"""Runs the compiler's README: its Python prints the text below it, programs included."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

import framework.compiler
from framework.compiler.writing.writer import DOTS

README = Path(framework.compiler.__file__).with_name("README.md")
PAIRS = re.findall(r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not DOTS, reason="NumPy before 2.3 has no out=..., and other calls stand in its place")
@pytest.mark.parametrize(("code", "expected"), PAIRS, ids=["step", "loss", "inference"])
def test_it_prints_what_the_readme_says(code: str, expected: str) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, str(README), "exec"), {"__name__": "readme"})
    shown = "\n".join(line.rstrip() for line in output.getvalue().strip().splitlines())
    assert shown == expected.strip(), shown


def test_the_rooms_are_there() -> None:
    (tree,) = re.findall(r"^```tree\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for line in tree.splitlines():
        assert (README.parent / line.split()[0]).exists(), line
