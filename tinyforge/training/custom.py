"""Layers and functions of the user's own, from a Python file that the user names."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.description import entries

_MODULE = "tinyforge_custom"


def own_objects(file: Path | None, description: Mapping[str, Any]) -> Mapping[str, Any]:
    """The classes and functions that file defines, by the names that the model knows them by.

    The file is run: naming it is the user's consent. A class registered as "package>Name" is
    found by that name too. ForgeError if the file cannot be run.
    """
    if file is None:
        return {}
    module = _run(file)
    objects = {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == _MODULE
    }
    registered = [entry.get("registered_name") for _, entry in entries(description, str(file))]
    return objects | {
        name: objects[name.rpartition(">")[2]]
        for name in registered
        if isinstance(name, str) and name.rpartition(">")[2] in objects
    }


def _run(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if not file.is_file() or spec is None:
        raise ForgeError(
            "this is not a Python file",
            where=str(file),
            fix="give --custom the .py file that defines your layers",
        )
    module = importlib.util.module_from_spec(spec)
    try:
        # Not by way of a cache: that lies beside the user's file, and takes what was changed within
        # the same second for what it was.
        exec(compile(file.read_bytes(), file, "exec"), vars(module))  # noqa: S102 - as was asked for
    except Exception as error:
        raise ForgeError(
            f"running it ended with {type(error).__name__}: {error}",
            where=str(file),
            fix="leave in it what defines the layers, and nothing that trains or needs data",
        ) from error
    return module
