"""The names of `nn` are all there, and are loaded when they are used."""

import ast
import subprocess
import sys
from pathlib import Path

from framework import nn

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "framework/nn/__init__.py").read_text()


def seen_by_type_checkers():
    """The names that a type checker finds, by the file that they are in."""
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    return {
        node.module.removeprefix("framework.nn").lstrip("."): [each.name for each in node.names]
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }


def test_type_checkers_see_what_is_loaded():
    seen = seen_by_type_checkers()
    assert sorted(seen.pop("")) == sorted(nn._MODULES)
    assert {home: " ".join(sorted(names)) for home, names in seen.items()} == nn._NAMES


def test_the_table_is_sorted_and_every_name_is_loaded():
    assert list(nn._NAMES) == sorted(nn._NAMES)
    assert all(names.split() == sorted(names.split()) for names in nn._NAMES.values())
    for name in nn.__all__:
        assert getattr(nn, name) is not None
        assert name in dir(nn)


def test_every_layer_of_a_file_is_in_the_table():
    offered = set()
    for path in (ROOT / "framework/nn").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                offered.add(node.name)
    layers = {name for name in offered if name[0].isupper() and isinstance(getattr(nn, name, None), type)}
    inner = {
        "BackwardHookFunction",
        "Conversion",
        "Hooks",
        "Kind",
        "LazyModuleMixin",
        "OwnInit",
        "Parts",
        "Row",
        "StateDict",
    }
    inner |= {"NonDynamicallyQuantizableLinear", "Summary", "UninitializedTensorMixin", "WatchedCall"}
    assert offered - layers == inner


def test_a_layer_loads_what_it_needs_alone():
    code = "import sys, framework\nframework.nn.Linear(1, 1)\nprint(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name for name in shown.stdout.split() if name.startswith("framework.nn.")}
    assert "framework.nn.linear" in loaded
    assert not loaded & {
        f"framework.nn.{each}" for each in ("conv", "functional", "pooling", "margin_loss", "activation")
    }
