"""Programs of distributions print what they print with PyTorch: numbers, samples, representations, errors."""

import json
import pathlib

import pytest

import framework
from tests.golden.distributions_programs import PROGRAMS
from tests.golden.programs import run

HERE = pathlib.Path(__file__).parents[1] / "golden"
TRANSCRIPTS = json.loads((HERE / "distributions_transcripts.json").read_text())


def test_every_program_has_its_transcript() -> None:
    assert PROGRAMS.keys() == TRANSCRIPTS.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_what_it_prints_with_pytorch(name: str) -> None:
    assert run(PROGRAMS[name], framework) == TRANSCRIPTS[name]
