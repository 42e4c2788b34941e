"""The command line: trains, uses and lists from a shell, each command a few lines over the library."""

from framework.cli.main import cli, main

__all__ = ["cli", "main"]
