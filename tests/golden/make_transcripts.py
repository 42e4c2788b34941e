"""Writes what the programs print with torch: python tests/golden/make_transcripts.py [ROOM ...] (torch 2.13)."""

import importlib
import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

from programs import run  # noqa: E402

for path in sorted(HERE.glob("**/*_programs.py")):
    room = path.stem.removesuffix("_programs")
    if sys.argv[1:] and room not in sys.argv[1:]:
        continue
    sys.path.insert(0, str(path.parent))
    texts = {name: run(program, torch) for name, program in importlib.import_module(path.stem).PROGRAMS.items()}
    written = path.with_name(f"{room}_transcripts.json")
    written.write_text(json.dumps(texts, indent=1) + "\n")
    print(written.relative_to(HERE), len(texts))
