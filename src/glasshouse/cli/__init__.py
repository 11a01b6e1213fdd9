"""The command line: each command parses, makes settings, and calls ``app``."""

from glasshouse.cli.entry import main

__all__ = ["main"]
