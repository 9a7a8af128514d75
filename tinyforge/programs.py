"""Python files of the user's own, run because the user names them."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from tinyforge.errors import ForgeError


def run_file(file: Path, name: str, *, option: str, fix: str) -> ModuleType:
    """The module that a Python file makes, under that name. It is run: naming it is the user's
    consent.

    ForgeError if it is none, or ends in an exception. option: of the command line that named it;
    fix: what to do about an exception.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None:
        what = "this is not a Python file" if file.exists() else "there is no such file"
        raise ForgeError(what, where=str(file), fix=option)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pickle look for what it defines
    try:
        # Not by way of a cache: that lies beside the user's file, and takes what was changed within
        # the same second for what it was.
        exec(compile(file.read_bytes(), file, "exec"), vars(module))  # noqa: S102 - as was asked for
    except (Exception, SystemExit) as error:
        raise failed(error, file, fix) from error
    return module


def failed(error: Exception | SystemExit, file: Path, fix: str) -> ForgeError:
    """What the user reads of an exception in his file, with the line that it came from."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    where = f"{file}, line {lines[-1]}" if lines else str(file)
    return ForgeError(
        f"running it ended with {type(error).__name__}: {error}", where=where, fix=fix
    )
