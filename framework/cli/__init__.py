"""The command line: trains, uses and lists from a shell, each command a few lines over the library."""

try:
    from framework.cli.main import cli, main
except KeyboardInterrupt:  # Ctrl-C while the modules are read
    import sys

    sys.stderr.write("interrupted\n")
    raise SystemExit(130) from None

__all__ = ["cli", "main"]
