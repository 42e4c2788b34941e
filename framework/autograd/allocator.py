"""Lets the C library keep memory that arrays give back, instead of returning it to the system after every operation.

With glibc's own settings a backward pass over arrays of a megabyte or more gives its pages back and takes them again
in each step: that costs up to thirteen times what the arithmetic does. Other C libraries are left as they are, and so
is a process whose environment sets any of this itself (`MALLOC_…_` or `GLIBC_TUNABLES`).
"""

from __future__ import annotations

import os
import sys

# Numbers of glibc's malloc.h, and what they are set to: arrays up to 32 MB (the most it takes) come from the heap, of
# whose free end up to 256 MB stay with the process.
_TRIM_THRESHOLD, _KEPT = -1, 1 << 28
_MMAP_THRESHOLD, _FROM_HEAP = -3, 1 << 25


def keep_freed_memory() -> bool:
    """Sets both thresholds. False where there is nothing to set, or somebody else has."""
    if not sys.platform.startswith("linux") or any(
        name == "GLIBC_TUNABLES" or name.startswith("MALLOC_") for name in os.environ
    ):
        return False
    try:
        import ctypes

        set_option = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018 - musl has the one and not the other
    except (ImportError, OSError, AttributeError):
        return False
    return bool(set_option(_MMAP_THRESHOLD, _FROM_HEAP) and set_option(_TRIM_THRESHOLD, _KEPT))
