"""Layers and functions of the user's own, from a Python file that the user names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.programs import run_file
from tinyforge.training.description import entries

_MODULE = "tinyforge_custom"


def own_objects(file: Path | None, description: Mapping[str, Any]) -> Mapping[str, Any]:
    """The classes and functions that file defines, by the names that the model knows them by.

    The file is run: naming it is the user's consent. A class registered as "package>Name" is
    found by that name too. ForgeError if the file cannot be run.
    """
    if file is None:
        return {}
    module = run_file(
        file,
        _MODULE,
        option="give --custom the .py file that defines your layers",
        fix="leave in it what defines the layers, and nothing that trains or needs data",
    )
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
