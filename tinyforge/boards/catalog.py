"""Finding a board: the TOML files that ship beside this module, or one of the user's own."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

import msgspec

from tinyforge.boards.board import Board
from tinyforge.errors import ForgeError

_FOLDER = Path(__file__).resolve().parent
_MAX_TOML_BYTES = 64 * 1024  # a board is about 1 kB; anything large is not one


@cache
def all_boards() -> tuple[Board, ...]:
    """Every board that ships with tinyforge, by id."""
    return tuple(_decode(path) for path in sorted(_FOLDER.glob("*.toml")))


def load(board: str) -> Board:
    """The board with this id, or described by this TOML file ("./my.toml").

    ForgeError: unknown id (with the closest known ones), unreadable or invalid file.
    """
    if board.endswith(".toml"):
        return _decode(Path(board))
    known = {b.id: b for b in all_boards()}
    if board in known:
        return known[board]
    lower = {b.lower(): b for b in known}
    close = [lower[c] for c in get_close_matches(board.lower(), lower, n=3, cutoff=0.5)]
    hint = f"did you mean {', '.join(close)}? " if close else ""
    raise ForgeError(
        f"unknown board {board!r}",
        fix=f"{hint}tinyforge boards lists all; a path ending in .toml describes your own",
    )


def _decode(path: Path) -> Board:
    where = str(path)
    try:
        if not path.is_file():
            raise ForgeError("no such board file", where=where, fix="check the path")
        with path.open("rb") as file:
            text = file.read(_MAX_TOML_BYTES + 1)
    except OSError as error:
        raise ForgeError(
            f"cannot read the board file: {error.strerror}", where=where, fix="check the path"
        ) from error
    if len(text) > _MAX_TOML_BYTES:
        raise ForgeError(
            f"the board file is larger than {_MAX_TOML_BYTES} bytes",
            where=where,
            fix="give a board description; those that ship with tinyforge are examples",
        )
    try:
        return msgspec.toml.decode(text, type=Board)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ForgeError(
            f"not a valid board: {error}",
            where=where,
            fix=f"compare with {_FOLDER / 'nrf52840_dk.toml'}",
        ) from error
