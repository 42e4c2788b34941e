"""Where a run came from: the state of the code's repository, and the versions of what it ran on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["git_state", "versions"]


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


def versions() -> dict[str, str]:
    """The versions of the framework, NumPy and Python, and the kind of machine."""
    import platform

    import numpy as np

    import framework

    return {
        "framework": framework.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
    }
