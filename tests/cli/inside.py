"""A command of ours, run as its program would be, but in this process: a start takes a second."""

from __future__ import annotations

import io
import subprocess
import sys
from unittest import mock

from glasshouse.cli import main


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Return what a command says, and its exit code."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        io.TextIOWrapper(out, encoding="utf-8", write_through=True) as stdout,
        io.TextIOWrapper(err, encoding="utf-8", write_through=True) as stderr,
        mock.patch.object(sys, "argv", ["glasshouse", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(said)),
        mock.patch.object(sys, "stdout", stdout),
        mock.patch.object(sys, "stderr", stderr),
    ):
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        told = (out.getvalue().decode(), err.getvalue().decode())
    return subprocess.CompletedProcess(arguments, code, *told)
