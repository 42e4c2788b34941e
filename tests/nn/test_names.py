"""The names of `nn` are all there, and are loaded when they are used."""

import ast
import subprocess
import sys
from pathlib import Path

from framework import nn

ROOT = Path(__file__).resolve().parents[2]


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
    inner |= {"SDPBackend"}  # Which way attention is computed.
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
