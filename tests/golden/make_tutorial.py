"""Writes tutorial.txt: what tutorial.py prints with PyTorch 2.13. Run with an interpreter that has it."""

import contextlib
import io
import re
from pathlib import Path

import torch

HERE = Path(__file__).parent
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    exec((HERE / "tutorial.py").read_text(), {"torch": torch})
(HERE / "tutorial.txt").write_text(re.sub(r"0x[0-9a-f]+", "0x…", printed.getvalue()))
