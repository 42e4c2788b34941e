"""What all tests need: one thread for small products of matrices, Ctrl-C as in a terminal, and no time lost on garbage."""

from __future__ import annotations

import gc
import os
import signal
import sys

# Read by the libraries of linear algebra when NumPy is imported, here and in processes that tests start.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# An installed framework has had its fixtures loaded by its entry point.
pytest_plugins = ["pytester"] if "framework_pytest" in sys.modules else ["pytester", "framework_pytest"]

# A width that the runner of the tests has is not that of the commands.
os.environ.pop("COLUMNS", None)

# A shell starts its background jobs with it ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Ten thousand tests stay to the end: the search for garbage need not look through them again and again."""
    gc.collect()
    gc.freeze()
