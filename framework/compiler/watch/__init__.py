"""Sees what a traced run reads and changes beside arrays: Python's own values, on which a program depends."""

from framework.compiler.watch.user_code import user_line
from framework.compiler.watch.watching import Watch

__all__ = ["Watch", "user_line"]
