"""PyTorch's autograd tutorial prints here, to the character, what it prints there."""

import re
from pathlib import Path

import framework

GOLDEN = Path(__file__).parent / "golden"


def test_the_tutorial_prints_pytorchs_text(capsys):
    exec((GOLDEN / "tutorial.py").read_text(), {"torch": framework})
    printed = re.sub(r"0x[0-9a-f]+", "0x…", capsys.readouterr().out)
    assert printed == (GOLDEN / "tutorial.txt").read_text()
