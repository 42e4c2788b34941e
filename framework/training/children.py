"""What processes of the command line are started with, by whoever trains in processes of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["child_environment"]


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `more`, and its import path."""
    return {**os.environ, **more, "PYTHONPATH": os.pathsep.join(os.path.abspath(each) for each in sys.path)}
