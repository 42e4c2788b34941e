"""Programs of layers, containers and modules print what they print with PyTorch."""

import importlib
import json
import pathlib

import pytest

import framework
from tests.golden.programs import run

HERE = pathlib.Path(__file__).parents[1] / "golden" / "nn"
FAMILIES = sorted(path.stem.removesuffix("_programs") for path in HERE.glob("*_programs.py"))
PROGRAMS = {
    (family, name): program
    for family in FAMILIES
    for name, program in importlib.import_module(f"tests.golden.nn.{family}_programs").PROGRAMS.items()
}
TRANSCRIPTS = {family: json.loads((HERE / f"{family}_transcripts.json").read_text()) for family in FAMILIES}


def test_every_program_has_its_transcript() -> None:
    assert set(PROGRAMS) == {(family, name) for family, texts in TRANSCRIPTS.items() for name in texts}


@pytest.mark.parametrize(("family", "name"), PROGRAMS)
def test_program_prints_what_it_prints_with_pytorch(family: str, name: str) -> None:
    assert run(PROGRAMS[family, name], framework) == TRANSCRIPTS[family][name]
