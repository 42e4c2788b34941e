"""The command line in a process that a sweep has started: it ends, in an orderly way, when the sweep's own is gone.

python -m framework.training.sweeping.child PARENT train …
"""

from __future__ import annotations

import os
import runpy
import signal
import sys

END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl; elsewhere a run goes on to its end, and who resumes the sweep waits for it."""


def main() -> None:
    """Give the command line the words after the parent's number."""
    parent = int(sys.argv.pop(1))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before that
            raise SystemExit(143)
    runpy.run_module("framework", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
