"""How many threads NumPy's linear algebra uses, the one setting of the library that multiplies matrices; and for how many
there are processors."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "THREADS",
    "get_num_interop_threads",
    "get_num_threads",
    "processors",
    "set_num_interop_threads",
    "set_num_threads",
]

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What says in the environment how many threads multiply matrices: the libraries read it when NumPy is imported."""

_NAMES = [
    (f"{prefix}openblas_get_num_threads{suffix}", f"{prefix}openblas_set_num_threads{suffix}")
    for prefix in ("scipy_", "")
    for suffix in ("64_", "", "_64", "_")
] + [("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"), ("bli_thread_get_num_threads", "bli_thread_set_num_threads")]


class _Asked:
    """What was asked for, where the library cannot be told, and for what does not exist here."""

    threads: int | None = None
    interop: int | None = None


def _libraries() -> Iterator[str]:
    """Files of the libraries that NumPy may compute with: those it brought, and those loaded."""
    home = Path(np.__file__).parent
    for folder in (home.parent / "numpy.libs", home / ".dylibs", home / ".libs"):
        yield from map(str, sorted(folder.glob("*openblas*")))
    maps = Path("/proc/self/maps")
    if maps.exists():
        paths = {line.split()[-1] for line in maps.read_text().splitlines() if "/" in line}
        yield from sorted(path for path in paths if any(name in path for name in ("blas", "mkl_rt", "blis")))


@functools.cache
def _controls() -> tuple[Any, Any] | None:
    """The library's functions to read and set the number; None where none is known."""
    for path in _libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for getter, setter in _NAMES:
            if hasattr(library, getter) and hasattr(library, setter):
                return getattr(library, getter), getattr(library, setter)
    return None


def get_num_threads() -> int:
    """How many threads a product of matrices may use; everything else uses one."""
    controls = _controls()
    if controls is not None:
        return int(controls[0]())
    return _Asked.threads or os.cpu_count() or 1


def set_num_threads(number: int) -> None:
    """Sets how many threads a product of matrices may use, for the whole process."""
    _check("set_num_threads", number)
    controls = _controls()
    if controls is None:
        warnings.warn(
            "the library that NumPy multiplies matrices with is none whose threads can be set from here. Set "
            "OMP_NUM_THREADS before Python starts",
            stacklevel=2,
        )
        _Asked.threads = number
        return
    controls[1](number)


def get_num_interop_threads() -> int:
    """How many operations may run at once: what was set, else the number of processors. Here they run one by one."""
    return _Asked.interop or os.cpu_count() or 1


def set_num_interop_threads(number: int) -> None:
    """Takes the number for `get_num_interop_threads`; once, as in PyTorch."""
    _check("set_num_interop_threads", number)
    if _Asked.interop is not None:
        raise RuntimeError(
            "Error: cannot set number of interop threads after parallel work has started or set_num_interop_threads "
            "called"
        )
    _Asked.interop = number


def processors() -> int:
    """How many processors this process may use: those it may run on, or fewer where control groups ration its time."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([allowed, *(max(1, math.ceil(share)) for share in _shares())])


def _shares(own: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> Iterator[float]:
    """The time of how many processors each control group gets that this process is in, where that is limited."""
    try:
        groups = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:  # no Linux
        return
    for _, controllers, place in groups:
        if controllers and "cpu" not in controllers.split(","):
            continue
        home = root / "cpu" if controllers else root
        group = home / place.strip("/")
        for folder in [group, *group.parents]:
            if folder.is_relative_to(home):
                yield from _share(folder)


def _share(folder: Path) -> Iterator[float]:
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
        except (OSError, ValueError):  # the outermost group has none
            continue
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)


def _check(name: str, number: Any) -> None:
    if not isinstance(number, int):
        raise RuntimeError(f"{name} expects an int, but got {type(number).__name__}")
    if number < 1:
        raise RuntimeError(f"{name} expects a positive integer")
