"""Programs written for torch.optim.lr_scheduler and swa_utils print what they print with PyTorch."""

import json
import pathlib

import pytest

import framework
from tests.golden import average_programs, schedule_programs
from tests.golden.programs import run

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
PROGRAMS = {"schedule": schedule_programs.PROGRAMS, "average": average_programs.PROGRAMS}
TRANSCRIPTS = {kind: json.loads((GOLDEN / f"{kind}_transcripts.json").read_text()) for kind in PROGRAMS}


def test_every_program_has_its_transcript() -> None:
    assert all(PROGRAMS[kind].keys() == TRANSCRIPTS[kind].keys() for kind in PROGRAMS)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in PROGRAMS for name in PROGRAMS[kind]])
def test_program_prints_what_it_prints_with_pytorch(kind: str, name: str) -> None:
    assert run(PROGRAMS[kind][name], framework) == TRANSCRIPTS[kind][name]
