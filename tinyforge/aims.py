"""What a plan shall be good for, by the settings and the board."""

from __future__ import annotations

from tinyforge.boards import Board
from tinyforge.errors import ForgeError
from tinyforge.memory.room import Room
from tinyforge.memory.search import Aim, Limits
from tinyforge.ops.costs import SlowFlash
from tinyforge.ops.target import target_of
from tinyforge.spec import Spec

# Bytes of a board that a model's tables and arena leave free: of flash for code and the self-test's
# vectors, of RAM for the stack and what else the firmware has.
_CODE, _BESIDE = 65536, 2048


def aim_of(settings: Spec, board: Board) -> Aim:
    """ForgeError where tables shall lie in RAM and nobody knows which of them gain by it."""
    flash = _slow_flash(board)
    room, limits = _room(settings, board, flash), _limits(board)
    return Aim(settings.optimize, target_of(board.core), flash, room, limits=limits)


def _limits(board: Board) -> Limits:
    return Limits(max(0, board.flash_limit - _CODE), max(0, board.ram_limit - _BESIDE))


def _slow_flash(board: Board) -> SlowFlash | None:
    """None where too little is known of it, or nothing ever waits."""
    system = board.memory_system
    if system is None or not system.wait_states:
        return None
    cache = system.reads.data_cache
    cached = cache.lines * cache.line_bytes if cache else 0
    return SlowFlash(system.wait_states, system.reads.read_bytes, cached)


def _room(settings: Spec, board: Board, flash: SlowFlash | None) -> Room | None:
    asked = settings.weights_in_ram
    if asked in ("none", 0):
        return None
    if asked != "auto":
        _require_gain(settings, board, flash)
    if settings.optimize != "speed" or flash is None:
        return None
    given = asked if isinstance(asked, int) else None
    return Room(board.ram_limit, board.quick_ram, given)


def _require_gain(settings: Spec, board: Board, flash: SlowFlash | None) -> None:
    if settings.optimize != "speed":
        raise ForgeError(
            f"--weights-in-ram is for speed; with --optimize {settings.optimize} they lie in flash",
            fix="use --optimize speed, or leave --weights-in-ram out",
        )
    if flash is None:
        raise ForgeError(
            "--weights-in-ram is for boards whose flash is known to be slow",
            where=f"board {board.id}",
            fix="leave it out, or state [flash.reads] and flash_wait_states in the board's TOML",
        )
