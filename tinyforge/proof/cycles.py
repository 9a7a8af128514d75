"""The cycles that a proof shows: estimated, and only where code is seen and its core is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyforge.boards import Board
from tinyforge.boards.flash_reads import MemorySystem
from tinyforge.boards.timing import BoardCycles, Timing, timing
from tinyforge.sim.cycles.count import CORE, NONE, Cycles, cycles_by_layer
from tinyforge.sim.cycles.decode import installed
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import Profile


@dataclass(frozen=True)
class Estimate:
    """Of one inference, by layer, -1 for what runs outside of layers. core: of the core alone.
    simulated: in the memory system of each board that has one, by its id. boards: the ids of all
    that have the core."""

    core: Mapping[int, Cycles]
    simulated: Mapping[str, Mapping[int, int]]
    boards: tuple[str, ...]

    def whole(self) -> Cycles:
        """Of the core, summed."""
        return sum(self.core.values(), NONE)

    def on_boards(self) -> dict[str, BoardCycles]:
        """Summed too. What the core's model leaves open stays open on a board."""
        core = self.whole()
        found = dict.fromkeys(self.boards, BoardCycles(core.low, None, core.high))
        for board, layers in self.simulated.items():
            total = sum(layers.values())
            found[board] = BoardCycles(core.low, total, total + core.high - core.mid)
        return found


def systems(firmware: Firmware, boards: Sequence[Board]) -> tuple[MemorySystem, ...] | None:
    """What a profile is to simulate: the memory systems of boards, once each. None where cycles of
    the firmware cannot be estimated: for another core than the model's, and without a
    disassembler."""
    if firmware.core is None or firmware.core.name != CORE or not installed():
        return None
    return tuple(dict.fromkeys(_known(boards).values()))


def estimate(
    profile: Profile | None, firmware: Firmware, boards: Sequence[Board]
) -> Estimate | None:
    """Of a profile of one inference, with the systems of boards. None without a profile, and for
    firmware whose cycles cannot be estimated."""
    simulated = systems(firmware, boards)
    if profile is None or simulated is None:
        return None
    found = dict(zip(simulated, profile.simulated, strict=True))
    by_board = {board: found[system] for board, system in _known(boards).items()}
    ids = tuple(board.id for board in boards if board.core == CORE)
    return Estimate(cycles_by_layer(profile, firmware), by_board, ids)


def _known(boards: Sequence[Board]) -> dict[str, MemorySystem]:
    found = {board.id: board.memory_system for board in boards if board.core == CORE}
    return {board: system for board, system in found.items() if system is not None}


def timing_on(
    board: Board | None, instructions: int | None, estimated: Estimate | None
) -> Timing | None:
    """What an inference takes there; None where there is no board, or nothing was counted."""
    if board is None or instructions is None:
        return None
    cycles = {} if estimated is None else estimated.on_boards()
    return timing(board, instructions, cycles.get(board.id))
