"""Programs with workers, streams and datasets made of others print what they print with PyTorch."""

import json
import multiprocessing
import pathlib

import pytest

import framework
from tests.golden.loading_programs import PROGRAMS
from tests.golden.programs import run

TRANSCRIPTS = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "loading_transcripts.json").read_text())

pytestmark = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="programs can't be pickled"),
    # Python 3.12 on: NumPy's linear algebra has threads. They are not used in a worker.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def test_every_program_has_its_transcript() -> None:
    assert PROGRAMS.keys() == TRANSCRIPTS.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_what_it_prints_with_pytorch(name: str) -> None:
    assert run(PROGRAMS[name], framework) == TRANSCRIPTS[name]
