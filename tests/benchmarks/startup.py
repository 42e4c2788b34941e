"""What starting costs: importing, `--help` and `--version`, and the room taken on disk.

    python tests/benchmarks/startup.py [RUNS]

Each figure is the median of RUNS fresh processes (15 unless given), taken in turn so that a busy
moment of the machine falls on all alike. Sizes are of the installed files, without caches. Where PyTorch
is installed, its import and its size (with what it requires, NumPy besides) stand beside them.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import framework

ROOT = Path(__file__).resolve().parents[2]
DEPENDENCIES = ("numpy", "click", "pluggy", "tqdm")
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import framework": ["-c", "import framework"],
    "framework --version": ["-m", "framework", "--version"],
    "framework --help": ["-m", "framework", "--help"],
    "framework train RECIPE --help": ["-m", "framework", "train", "logistic_regression", "--help"],
}
if find_spec("torch"):
    COMMANDS["import torch"] = ["-c", "import torch"]


def seconds(arguments: list[str]) -> float:
    # Without compiled modules each process would compile anew, which an installed package never does.
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    return time.perf_counter() - start


def medians(runs: int) -> dict[str, float]:
    for arguments in COMMANDS.values():
        seconds(arguments)
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            taken[name].append(seconds(arguments))
    return {name: statistics.median(times) for name, times in taken.items()}


def size(files: list[Path]) -> float:
    """Megabytes of these files."""
    return sum(os.path.getsize(path) for path in files if path.is_file()) / 1e6


def installed(distribution: str) -> list[Path]:
    files = metadata.files(distribution) or []
    return [Path(str(file.locate())) for file in files if "__pycache__" not in file.parts]


def required(distribution: str) -> set[str]:
    """A distribution and all that it requires, as far as it is installed."""
    found, waiting = set(), [distribution]
    while waiting:
        name = waiting.pop()
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        names = {re.split(r"[^\w.-]", line)[0] for line in lines if "extra ==" not in line}
        waiting += names - found
    return found


def own() -> list[Path]:
    """This package's files and recipes, from a checkout or from an installed wheel alike."""
    package = Path(framework.__file__).parent
    folders = [package, package.parent / "framework_plugins"]
    if package.parent == ROOT:
        folders = [package, ROOT / "plugins", ROOT / "recipes"]
    paths = [path for folder in folders for path in folder.rglob("*")]
    return [path for path in paths if "__pycache__" not in path.parts]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times = medians(runs)
    print(f"start-up, median of {runs} processes")
    for name, taken in times.items():
        print(f"  {name:32} {taken * 1e3:7.0f} ms")
    over = times["import framework"] - times["import numpy"]
    print(f"  {'import framework, over numpy':32} {over * 1e3:7.0f} ms")
    print("installed size")
    sizes = {"framework": size(own()), **{name: size(installed(name)) for name in DEPENDENCIES}}
    sizes["together"] = sum(sizes.values())
    if "import torch" in COMMANDS:
        sizes["torch, with what it requires"] = sum(size(installed(name)) for name in required("torch"))
    for name, megabytes in sizes.items():
        print(f"  {name:32} {megabytes:7.1f} MB")


if __name__ == "__main__":
    main()
