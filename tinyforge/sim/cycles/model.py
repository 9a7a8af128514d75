"""What an instruction costs on a Cortex-M4 whose memory has no wait states: the model as a table.

A model, not a measurement: nothing here was checked on silicon. So there are four variants, and a
figure is worth two digits, with its range. Where the timing is documented it is that of the
Cortex-M4 Technical Reference Manual (Arm 100166), "Instruction set summary" and "Load/store
timings"; where it is not, low and high bracket it. Floating-point arithmetic is not modelled:
inference in int8 has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tinyforge.sim.cycles.decode import Instruction, Kind


@dataclass(frozen=True)
class Variant:
    """Cycles where the documents leave a choice.

    refill: of the pipeline, after a taken branch or a load of the PC. it: the instruction IT, which
    may be folded into the one before it. divide: SDIV and UDIV take 2 to 12, by their operands.
    to_float: VMOV from a core register. address: a load whose address the instruction before it
    made. unaligned: each bus access that alignment would have spared. literal: more, for a load
    relative to the PC. pairs_after_writeback: whether a load or store overlaps with a load before
    it that moves its base on. flash_load: more, for each word loaded from flash.
    """

    refill: int
    it: int
    divide: int
    to_float: int
    address: int
    unaligned: int
    literal: int
    pairs_after_writeback: bool
    flash_load: int


_MID = Variant(
    refill=2,
    it=1,
    divide=7,
    to_float=2,
    address=1,
    unaligned=1,
    literal=0,
    pairs_after_writeback=True,
    flash_load=0,
)
VARIANTS = {
    "low": replace(_MID, refill=1, it=0, divide=2, to_float=1, address=0, unaligned=0),
    "mid": _MID,
    "high": replace(_MID, refill=3, divide=12, literal=1, pairs_after_writeback=False),
    "ws1": replace(_MID, flash_load=1),
}

# By kind, without what overlaps and what stalls. Inside an IT block as if its condition held.
_CYCLES: dict[Kind, Callable[[Instruction, Variant], int]] = {
    Kind.PLAIN: lambda _i, _v: 1,
    Kind.DIVIDE: lambda _i, v: v.divide,
    Kind.LOAD: lambda _i, _v: 2,
    Kind.LOAD_DOUBLE: lambda _i, _v: 3,
    Kind.LOAD_MULTIPLE: lambda i, _v: 1 + i.words,
    Kind.STORE: lambda i, _v: 2 if i.offset else 1,
    Kind.STORE_DOUBLE: lambda _i, _v: 3,
    Kind.STORE_MULTIPLE: lambda i, _v: 1 + i.words,
    Kind.TO_FLOAT: lambda _i, v: v.to_float,
    Kind.TABLE_BRANCH: lambda _i, _v: 2,
    Kind.IT: lambda _i, v: v.it,
}


def cycles(instruction: Instruction, before: Instruction | None, variant: Variant) -> int:
    """Of one instruction. before: the one executed just before it, None for a branch.

    What a taken branch costs beside this, variant.refill, is not in it.
    """
    count = _CYCLES[instruction.kind](instruction, variant)
    if instruction.kind is Kind.LOAD and instruction.base == "pc":
        count += variant.literal
    if before is None:
        return count
    depends = instruction.addressed_by(before)
    if before.kind is Kind.LOAD and (variant.pairs_after_writeback or not before.writes_base):
        count -= _pairs(instruction, depends)
    if instruction.loads and depends:
        count += variant.address
    return count


def _pairs(instruction: Instruction, depends: bool) -> bool:
    """Whether its address goes out while a load just before it still waits for its data."""
    if instruction.kind is Kind.LOAD:
        return not depends
    return instruction.kind is Kind.STORE and bool(instruction.offset)
