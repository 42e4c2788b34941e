"""Where a run came from: the state of the code's repository, and the versions of what it ran on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["different_versions", "git_state", "now", "versions"]

DECIDING = {
    "numpy": "NumPy",
    "python": "Python",
    "framework": "framework",
    "machine": "the kind of machine",
    "processor": "the processor",
    "threads": "the number of threads",
    "hash_seed": "PYTHONHASHSEED",
}
"""What the last bits of a result may depend on."""


def now() -> str:
    """The time, with its zone, in ISO's notation."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def git_state(folder: Path) -> dict[str, Any] | None:
    """The commit that is checked out around `folder`, and whether files differ from it; None outside a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain"))}


def _git(folder: Path, *arguments: str) -> str | None:
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, Any]:
    """The versions of the framework, NumPy and Python, the kind of machine, and how many threads multiply matrices."""
    import os
    import platform

    import numpy as np

    import framework
    from framework import get_num_threads

    built: Any = np.show_config(mode="dicts")
    return {
        "framework": framework.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": " ".join(built.get("SIMD Extensions", {}).get("found", [])),
        "threads": get_num_threads(),
        "hash_seed": os.environ.get("PYTHONHASHSEED"),
    }


def different_versions(then: Mapping[str, Any]) -> list[str]:
    """A phrase for each thing that decides the last bits and is not as it was."""
    now = versions()
    return [
        f"{title} was {then[name]}, is {now[name]}"
        for name, title in DECIDING.items()
        if name in then and then[name] != now[name]
    ]
