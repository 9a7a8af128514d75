"""The folder in which compilers and compiled helpers keep what makes the next run fast."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from tinyforge.errors import ForgeError


def cache_folder(name: str) -> Path:
    """A folder of the user's cache, made if need be. ForgeError where that cannot be."""
    folder = platformdirs.user_cache_path("tinyforge") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ForgeError(
            f"cannot make a cache folder: {error.strerror}",
            where=str(folder),
            fix="set XDG_CACHE_HOME (on Windows and macOS, HOME) to a folder that can be written",
        ) from error
    return folder
