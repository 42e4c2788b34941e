"""PyTorch's `torch.__config__`: what it computes with."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from framework.threads import get_num_interop_threads, get_num_threads

__all__ = ["parallel_info", "show"]


def show() -> str:
    """NumPy's version, the library it multiplies matrices with, and the processor features it uses."""
    built: Any = np.show_config(mode="dicts")
    blas = built["Build Dependencies"]["blas"]
    found = ", ".join(built.get("SIMD Extensions", {}).get("found", [])) or "none"
    return (
        "framework runs on NumPy:\n"
        f"  - NumPy {np.__version__}\n"
        f"  - BLAS: {blas.get('name')} {blas.get('version')}\n"
        f"  - processor features in use: {found}\n"
    )


def parallel_info() -> str:
    """The numbers of threads."""
    return (
        f"threads of a product of matrices: {get_num_threads()}\n"
        f"operations at once: {get_num_interop_threads()}\n"
        f"processors: {os.cpu_count()}\n"
    )
