"""Executed code as a simulated clock reads it: what the instruction at each address costs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tinyforge.sim.cycles.decode import Instruction, Kind, decode
from tinyforge.sim.cycles.model import VARIANTS, cycles
from tinyforge.sim.elf import Firmware

# Mirrors instruction in sim/memory_system.h.
INSTRUCTION = np.dtype(
    [
        (name, np.uint8)
        for name in (
            "bytes",
            "behind",
            "branched_to",
            "words",
            "word_bytes",
            "loads",
            "conditional",
        )
    ]
)
_MID = VARIANTS["mid"]
_IT_CONDITIONS = 0xF  # of the instruction IT: a bit for each that it covers, and one behind them


def code_table(firmware: Firmware, blocks: Iterable[tuple[int, int]]) -> npt.NDArray[np.void]:
    """INSTRUCTION (halfwords of flash up to the last one executed,). blocks: address and bytes of
    stretches of code that are left at their ends only. ForgeError for what cannot be decoded."""
    found: dict[int, Instruction] = {}
    for address, size in blocks:
        at = address
        for instruction in decode(firmware.code(address, size), address):
            found[at] = instruction
            at += instruction.nbytes
    base = firmware.memory.flash.base
    table = np.zeros((max(found, default=base) - base) // 2 + 1, INSTRUCTION)
    before = {at + instruction.nbytes: instruction for at, instruction in found.items()}
    for at, instruction in found.items():
        table[(at - base) // 2] = _row(instruction, before.get(at))
    for at, instruction in found.items():
        if instruction.kind is Kind.IT:
            covered = _covered(int.from_bytes(firmware.code(at, 2), "little"))
            _mark_conditional(table, (at - base) // 2 + 1, covered)
    return table


def _row(instruction: Instruction, before: Instruction | None) -> tuple[int | bool, ...]:
    return (
        instruction.nbytes,
        cycles(instruction, before, _MID),
        cycles(instruction, None, _MID),
        instruction.words,
        instruction.word_bytes,
        instruction.reads,
        False,
    )


def _covered(it: int) -> int:
    """Instructions that an IT is for: 1 to 4."""
    mask = it & _IT_CONDITIONS
    return 4 - ((mask & -mask).bit_length() - 1)


def _mark_conditional(table: npt.NDArray[np.void], at: int, count: int) -> None:
    """Those from a halfword on, as far as they were ever executed: a branch may end them."""
    for _ in range(count):
        if at >= len(table) or not table[at]["bytes"]:
            return
        table[at]["conditional"] = True
        at += int(table[at]["bytes"]) // 2
