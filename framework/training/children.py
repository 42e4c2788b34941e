"""What processes of the command line are started with, by whoever trains in processes of its own, and when they end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

__all__ = ["child_environment", "end_with_parent"]

PR_SET_PDEATHSIG = 1


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `more`, and its import path."""
    return {**os.environ, **more, "PYTHONPATH": os.pathsep.join(os.path.abspath(each) for each in sys.path)}


def end_with_parent(parent: int) -> None:
    """Has Linux end this process, in order, when the one of that number, which started it, is gone, however it went."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before that
        raise SystemExit(128 + signal.SIGTERM)
