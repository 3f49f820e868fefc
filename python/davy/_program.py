"""Finds the binary, runs it, and turns what went wrong into an exception."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

NAME = "davy.exe" if sys.platform == "win32" else "davy"
# pass, fail, inconclusive, and a warning that fails: each comes with an answer
ANSWERED = (0, 10, 11, 12)


class DavyError(Exception):
    """The binary could not answer: a wrong configuration, a file that cannot be read, a store that does not answer."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def program() -> str:
    """The path of the binary: `DAVY_BINARY`, the one of this installation, or the one on the `PATH`."""
    named = os.environ.get("DAVY_BINARY")
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"DAVY_BINARY names {named}, and there is no such file: unset it, or mend the path")
        return named
    user = sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
    for folder in (sysconfig.get_path("scripts"), user):
        path = Path(folder) / NAME
        if path.is_file():
            return str(path)
    found = shutil.which(NAME)
    if found is None:
        raise FileNotFoundError("the davy binary is not installed: install the package again, or set DAVY_BINARY")
    return found


def run(arguments: Sequence[str], *, text: str | None = None, scratch: str = "") -> tuple[str, int]:
    """What the binary prints, and its exit code. Tables in memory were files in `scratch`, and go by their names alone."""
    command = [program(), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    printed, complaints = (said.replace(f"{scratch}{os.sep}", "") if scratch else said for said in (done.stdout, done.stderr))
    if done.returncode not in ANSWERED:
        raise DavyError(_said(complaints.splitlines()) or f"davy ended with {done.returncode}", done.returncode)
    return printed, done.returncode


def answer(arguments: Sequence[str], scratch: str) -> tuple[dict[str, Any], int]:
    """The JSON that the binary prints, and its exit code."""
    printed, code = run([*arguments, "--format", "json"], scratch=scratch)
    return json.loads(printed), code


def _said(lines: Iterable[str]) -> str:
    """What went wrong, without the notes on the way."""
    return "\n".join(line.removeprefix("error: ") for line in lines if not line.startswith("note: "))
