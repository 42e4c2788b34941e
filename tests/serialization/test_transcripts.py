"""Programs that save and load print what they print with PyTorch."""

import json
import pathlib

import pytest

import framework
from tests.golden.programs import run
from tests.golden.serialization_programs import PROGRAMS

TRANSCRIPTS = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "serialization_transcripts.json").read_text())


def test_every_program_has_its_transcript():
    assert PROGRAMS.keys() == TRANSCRIPTS.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_what_it_prints_with_pytorch(name):
    assert run(PROGRAMS[name], framework) == TRANSCRIPTS[name]
