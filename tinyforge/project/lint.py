"""Is a platformio.ini right: by PlatformIO's own parser, and by what we know of the boards.

PlatformIO's lint misses unknown boards, frameworks and platforms until it installs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tinyforge.boards import Board, all_boards
from tinyforge.errors import ForgeError
from tinyforge.project import platforms


def lint(ini: Path, *, boards: Sequence[Board] = ()) -> None:
    """Returns when the file is right. ForgeError that names all that is wrong.

    boards: known beside those that ship with tinyforge (a board of the user's own).
    """
    from platformio.project.config import ProjectConfig

    if not ini.is_file():
        raise ForgeError("there is no platformio.ini", where=str(ini), fix="tinyforge generate")
    found = ProjectConfig.lint(str(ini))
    problems = [item["message"] for item in found["errors"]] + list(found["warnings"])
    if not found["errors"]:
        known = {board.platformio.board: board for board in (*all_boards(), *boards)}
        config = ProjectConfig(str(ini), parse_extra=False)
        for environment in config.envs():
            settings = config.items(env=environment, as_dict=True)
            problems += [f"[env:{environment}] {text}" for text in _board_problems(settings, known)]
    if problems:
        raise ForgeError(
            "platformio.ini is not right: " + "; ".join(problems),
            where=str(ini),
            fix="correct these lines, or write the project anew: tinyforge generate",
        )


def _board_problems(settings: Mapping[str, Any], known: Mapping[str, Board]) -> Iterator[str]:
    """What contradicts the board files in one environment's settings."""
    name = settings.get("board", "")
    if settings.get("platform") == platforms.NATIVE:
        return
    if settings.get("platform") == platforms.SIM:
        emulated = platforms.emulated_cores()
        if name not in emulated:
            yield f"no {name!r} is emulated: there are {', '.join(emulated)}"
        return
    board = known.get(name)
    if board is None:
        close = get_close_matches(name, known, n=3)
        yield f"unknown board {name!r}" + (f", did you mean {', '.join(close)}?" if close else "")
        return
    pio = board.platformio
    platform = str(settings.get("platform", "")).partition("@")[0].strip()
    if platform.rpartition("/")[2] != pio.platform:
        yield f"{name} is a board of platform {pio.platform}, not {platform!r}"
    for framework in settings.get("framework", []):
        if framework not in pio.frameworks:
            yield f"{name} has no framework {framework!r}: {', '.join(pio.frameworks)}"
