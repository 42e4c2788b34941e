"""Writes what the programs print with torch: python tests/golden/make_transcripts.py (torch 2.13)."""

import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

import data_programs  # noqa: E402
import nn_programs  # noqa: E402
import optim_programs  # noqa: E402
from programs import run  # noqa: E402

for room in (nn_programs, optim_programs, data_programs):
    texts = {name: run(program, torch) for name, program in room.PROGRAMS.items()}
    path = HERE / f"{room.__name__.removesuffix('_programs')}_transcripts.json"
    path.write_text(json.dumps(texts, indent=1) + "\n")
    print(path.name, len(texts))
