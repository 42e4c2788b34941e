"""Runs the README, and the recipes' own: its Python gives the text printed below it, its commands what follows them.

A ```python block that opens with `# name.py` is a file; the commands after it find it. The ```text block
after any other is its output. In a ```console block, lines after `$ command` are the command's output.
Times, addresses and the date in a run's name are masked; `…` on a line of its own stands for any lines. A
number with decimals may be two in a hundred off: another processor rounds otherwise, and a row may change sides.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
RECIPES = (ROOT / "recipes" / "README.md").read_text("utf-8")

MASKS = [
    (r"0x[0-9a-f]+", "0x…"),
    (r"\d+(\.\d+)? ?(ms|s)\b", "# s"),
    (r"-\d{4}-?\d\d-?\d\d[-_T]\d\d-?\d\d-?\d\d(-\d+)?", "-TIME"),
]
NUMBER = re.compile(r"(\d+\.\d+(?:e[-+]\d+)?)")


class Block(NamedTuple):
    language: str
    line: int
    text: str


def blocks(text: str) -> list[Block]:
    pattern = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [Block(match[1], text.count("\n", 0, match.start()) + 1, match[2]) for match in pattern.finditer(text)]


BLOCKS = blocks(README)
FILES = {
    match[1]: block.text
    for block in BLOCKS
    if block.language == "python" and (match := re.match(r"# (\w+\.py)\n", block.text))
}
PROGRAMS = [
    (block, following.text if following.language == "text" else "")
    for block, following in zip(BLOCKS, [*BLOCKS[1:], Block("", 0, "")], strict=True)
    if block.language == "python" and block.text not in FILES.values()
]
CONSOLES = [block for block in (*BLOCKS, *blocks(RECIPES)) if block.language == "console"]


def masked(text: str) -> str:
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def agrees(shown: str, expected: str) -> bool:
    texts = NUMBER.split(masked(expected))
    pattern = NUMBER.pattern.join(re.escape(text) for text in texts[::2])
    pattern = pattern.replace(re.escape("\n…\n"), r"\n(?:.*\n)*")
    found = re.fullmatch(pattern, masked(shown))
    numbers = [float(number) for number in texts[1::2]]
    return found is not None and numbers == pytest.approx(list(map(float, found.groups())), rel=0.02)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the checkout: its recipes, and the files that the README shows."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "recipes", folder / "recipes", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    command = folder / "bin" / "framework"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m framework "$@"\n')
    command.chmod(0o755)
    return folder


def run(command: list[str] | str, place: Path) -> str:
    search = os.pathsep.join([str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")])
    path = os.pathsep.join([str(place / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": search, "PATH": path, "COLUMNS": "80"},
        shell=isinstance(command, str),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize(("block", "expected"), PROGRAMS, ids=lambda value: getattr(value, "line", ""))
def test_python_prints_what_the_readme_says(block: Block, expected: str, place: Path) -> None:
    shown = run([sys.executable, "-W", "error", "-c", block.text], place)
    assert agrees(shown, expected), f"README.md:{block.line} prints\n{shown}"


@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: str(block.line))
def test_commands_print_what_the_readme_says(block: Block, place: Path) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        shown = run(command, place)
        assert agrees(shown, expected), f"README.md:{block.line}: {command} prints\n{shown}"


def test_the_two_command_lines_stand_in_the_readme() -> None:
    assert "\npip install . && framework train recipes/logistic_regression.py\n" in README
    assert '\npip install -e ".[test]" && pytest\n' in README


def test_a_wrong_output_is_noticed() -> None:
    assert agrees("a 1.5 s\nb\nc\n", "a 2 s\n…\nc\n")
    assert not agrees("a\nb\n", "a\nc\n")
    assert not agrees("a\nb\n", "a\n")
    assert agrees("a 0.991 b\n", "a 0.982 b\n")
    assert not agrees("a 0.9 b\n", "a 0.8 b\n")
    assert not agrees("version 1.0\n", "version 1\n")


def test_every_file_in_the_tree_exists() -> None:
    (tree,) = [block.text for block in BLOCKS if block.language == "tree"]
    names = re.findall(r"^(\s*)([\w./]+)", tree, flags=re.MULTILINE)
    folders: list[str] = []
    for indent, name in names:
        folders = [*folders[: len(indent) // 2], name]
        assert (ROOT / "/".join(folders).replace("//", "/")).exists(), folders
