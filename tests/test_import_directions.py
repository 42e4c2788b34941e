"""Who may import whom: reads every import in the tree and holds it to the house's arrows."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

TEMPLATES = ROOT / "framework" / "templates"

# A room is a package or a module directly in framework/. It may import itself, the rooms named here,
# and the public face ("face": a name of `framework` itself that is not a room, such as Tensor).
# All may import errors.py, the kinds of error; coverage.py, which knows what names are missing; and loading.py, which
# loads those that are not.
ENGINE = {"autograd", "operations", "random"}
SHELF = ENGINE | {"nn", "optim", "data", "serialization", "compiler"}
ARROWS = {
    "autograd": set(),
    "random": {"autograd"},
    "operations": {"autograd", "random"},
    "compiler": {"autograd"},
    "nn": ENGINE | {"func", "face"},  # functional_call, by its old name too
    "distributions": ENGINE | {"face"},
    "optim": ENGINE | {"face"},
    "data": ENGINE | {"face"},
    "serialization": ENGINE | {"nn", "files", "face"},  # a file may hold a Parameter
    "plugin": {"face"},
    "training": SHELF | {"plugin", "files", "threads", "face"},
    "cli": {"training", "plugin", "extend", "testing", "face"},
    "extend": SHELF | {"plugin", "training", "face"},
    "linalg": ENGINE,
    "special": ENGINE,
    "fft": ENGINE,
    "files": set(),
    "func": ENGINE,
    "amp": ENGINE,
    "profiler": ENGINE | {"compiler"},
    "settings": ENGINE,
    "signal": ENGINE,
    "threads": set(),
    "jit": set(),
    "version": set(),
    "__config__": {"threads"},
    "_C": set(),
    "accelerator": set(),
    "backends": set(),
    "coverage": {"face", "autograd"},
    "cpu": set(),
    "cuda": {"amp"},
    "distributed": set(),
    "fx": set(),
    "hub": {"serialization"},
    "multiprocessing": set(),
    "types": {"autograd"},
    "mps": set(),
    "xpu": set(),
    "utils": SHELF | {"hub"},
}  # fmt: skip
ARROWS["face"] = set(ARROWS) - {"cli"}
FOR_ALL = {"errors", "coverage", "loading"}
EVERY_ROOM = {*ARROWS, *FOR_ALL, "testing"}
# A file that may import more than its room does: an averaged model is a Module, and PyTorch has it in optim.
FILE_ARROWS = {"framework.optim.swa_utils": {"nn"}}
ARROWS["errors"] = ARROWS["loading"] = set()
ARROWS["testing"] = EVERY_ROOM
ARROWS["__main__"] = {"cli"}

# What is not in the standard library and not ours, and the rooms that may use it.
THIRD_PARTY = {
    "numpy": EVERY_ROOM,
    "pluggy": {"plugin", "extend"},
    "click": {"cli", "testing"},
    "tqdm": {"cli"},
    "pytest": {"testing"},
}  # fmt: skip


# pytest's fixtures for authors of plugins: a plugin of pytest's, so light that they stand outside the framework.
FIXTURES = "framework_pytest"


class Import(NamedTuple):
    """One imported name, and the line it stands on."""

    name: str
    line: int
    for_types_only: bool


def imports_of(source: str, module: str, is_package: bool) -> Iterator[Import]:
    """Every name a module imports, wherever the import stands; `from a import b` gives `a.b`."""
    nodes = [*_walked(ast.parse(source), "import_module" in source or "__import__" in source)]
    type_lines = {
        line
        for node in nodes
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                package = parts[: len(parts) - node.level + is_package]
                base = ".".join([*package, *([base] if base else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).split(".")[-1]
            first = node.args[0]
            if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
                names = [str(first.value)]
        for name in names:
            yield Import(name, node.lineno, node.lineno in type_lines)


def _walked(node: ast.AST, in_expressions: bool) -> Iterator[ast.AST]:
    """What is in a tree; by far the most of it is expressions, which are looked into only for a call that imports."""
    for child in ast.iter_child_nodes(node):
        if in_expressions or not isinstance(child, ast.expr):
            yield child
            yield from _walked(child, in_expressions)


def room_of(name: str) -> str:
    """The room of `framework.nn.functional` is nn; that of `framework.Tensor`, the public face."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in EVERY_ROOM | {"__main__"} else "face"


def framework_rule_broken(module: str, imported: Import) -> str | None:
    """The rule that an import inside framework/ breaks, in words; None when it is fine."""
    room, top = room_of(module), imported.name.split(".")[0]
    if top in sys.stdlib_module_names or (room == "plugin" and imported.for_types_only):
        return None
    if top == "framework_plugins":
        # The manager walks the package; none of its modules is known by name.
        found = room == "plugin" and imported.name == top
        return None if found else "framework/ knows no plugin by name; the plugin manager finds them"
    if top in ("recipes", "tests"):
        return f"nothing imports {top}"
    if top != "framework":
        if room in THIRD_PARTY.get(top, set()):
            return None
        allowed = ", ".join(sorted(THIRD_PARTY.get(top, {"nobody: it is not a dependency"})))
        return f"{top} may be imported by: {allowed}"
    target = room_of(imported.name)
    if target in {room, *FOR_ALL} or target in ARROWS[room] | FILE_ARROWS.get(module, set()):
        return None
    if target == "testing":
        return "nothing imports testing"
    return f"{room} may import: {', '.join(sorted(ARROWS[room])) or 'no other room'}"


def plugin_rule_broken(module: str, imported: Import) -> str | None:
    """The rule that an import inside plugins/ breaks, in words; None when it is fine."""
    parts = imported.name.split(".")
    if parts[0] == "framework":
        if any(part.startswith("_") for part in parts[1:]):
            return "a plugin imports framework's public names only"
        if room_of(imported.name) in ("cli", "testing") and module != FIXTURES:
            return f"a plugin never imports framework.{room_of(imported.name)}"
    if parts[0] == "framework_plugins" and parts[:2] != module.split(".")[:2]:
        return "a plugin never imports another plugin"
    if parts[0] in ("recipes", "tests"):
        return f"nothing imports {parts[0]}"
    return None


def recipe_rule_broken(module: str, imported: Import) -> str | None:
    """A recipe stands alone: framework, plugins, NumPy and the standard library."""
    top = imported.name.split(".")[0]
    if top in sys.stdlib_module_names or top in ("framework", "framework_plugins", "numpy"):
        return None
    return "a recipe imports framework, plugins, numpy and the standard library"


RULES = {
    "framework": (ROOT, framework_rule_broken),
    "framework/templates/plugin/src": (ROOT / "framework/templates/plugin/src", plugin_rule_broken),
    "plugins": (ROOT / "plugins", plugin_rule_broken),
    "recipes": (ROOT, recipe_rule_broken),
}


def module_name(path: Path, base: Path) -> str:
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("folder", RULES)
def test_imports_follow_the_arrows(folder: str) -> None:
    base, rule_broken = RULES[folder]
    complaints = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        if folder == "framework" and TEMPLATES in path.parents:
            continue  # what becomes somebody else's
        module = module_name(path, base)
        for imported in imports_of(path.read_text("utf-8"), module, path.name == "__init__.py"):
            if rule := rule_broken(module, imported):
                where = f"{path.relative_to(ROOT)}:{imported.line}"
                complaints.append(f"{where}: imports {imported.name}; {rule}")
    assert not complaints, "\n" + "\n".join(complaints)


def test_every_room_has_an_arrow() -> None:
    names = {path.stem for path in (ROOT / "framework").iterdir() if path.suffix == ".py"}
    names |= {path.parent.name for path in (ROOT / "framework").glob("*/__init__.py")}
    unknown = names - set(ARROWS) - {"__init__"}
    assert not unknown, f"say in ARROWS what these rooms may import: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize(
    ("module", "source", "rule"),
    [
        ("framework.autograd.graph", "from framework.operations import add", "no other room"),
        ("framework.autograd.graph", "from ..operations import add", "no other room"),
        ("framework.autograd.graph", "from .. import operations", "no other room"),
        ("framework.autograd.graph", "def f():\n    import framework.nn", "no other room"),
        ("framework.autograd.graph", "import_module('framework.nn')", "no other room"),
        ("framework.autograd.graph", "import numpy as np\nfrom .tensor import Tensor", None),
        ("framework.optim.sgd", "from framework.nn import Parameter", "optim may import"),
        ("framework.optim.sgd", "from framework import nn", "optim may import"),
        ("framework.optim.sgd", "from framework import Tensor, no_grad", None),
        ("framework.optim.swa_utils", "from framework import nn", None),
        ("framework.optim.swa_utils", "from framework import training", "optim may import"),
        ("framework.nn.linear", "import click", "click may be imported by: cli"),
        ("framework.nn.linear", "import scipy", "not a dependency"),
        ("framework.nn.linear", "from framework.testing import gradcheck", "nothing imports testing"),
        ("framework.plugin.hookspecs", "from framework.training import Run", "plugin may import"),
        ("framework.plugin.hookspecs", "if TYPE_CHECKING:\n    from framework.training import Run", None),
        ("framework.training.trainer", "from framework_plugins import progress", "knows no plugin by name"),
        ("framework.training.trainer", "from framework.nn import Module", None),
        ("framework.cli.train", "import click\nfrom framework.training import Run", None),
        ("framework.cli.train", "from framework.nn import Module", "cli may import"),
    ],
)  # fmt: skip
def test_the_rules_for_framework(module: str, source: str, rule: str | None) -> None:
    found = [framework_rule_broken(module, imported) for imported in imports_of(source, module, False)]
    if rule is None:
        assert found and not any(found)
    else:
        assert any(rule in (text or "") for text in found), found


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("from framework.extend import hookimpl\nimport tqdm", None),
        ("from framework.autograd._engine import walk", "public names only"),
        ("from framework.autograd import _walk", "public names only"),
        ("from framework.cli import main", "never imports framework.cli"),
        ("from framework_plugins.console import table", "never imports another plugin"),
        ("from .console import table", "never imports another plugin"),
        ("from framework_plugins.progress import bar", None),
    ],
)
def test_the_rules_for_plugins(source: str, rule: str | None) -> None:
    module = "framework_plugins.progress"
    found = [plugin_rule_broken(module, imported) for imported in imports_of(source, module, False)]
    assert (rule is None and not any(found)) or any(rule in (text or "") for text in found if rule)


def test_import_framework_leaves_click_pluggy_and_tqdm_alone() -> None:
    code = (
        "import sys, framework\n"
        "print(*sorted({'click', 'pluggy', 'tqdm', 'asyncio', 'unittest.mock'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert shown.stdout.strip() == ""
