"""What an instruction costs on a Cortex-M4 whose memory has no wait states: the model as a table.

Where the timing is documented it is that of the Cortex-M4 Technical Reference Manual (Arm 100166),
"Instruction set summary" and "Load/store timings"; where it is not, low and high bracket it.
Floating-point arithmetic is not modelled: inference in int8 has none.

Programs that ran on an STM32L4R5 from memory without wait states took 0.4 to 1.9 % more than mid
says. A refill of 1 or 3 doubles the error, and so were settled as well: a load that moves its base
on overlaps with the next one as any other does. What memory adds is simulated: memory_system.c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tinyforge.sim.cycles.decode import Instruction, Kind


@dataclass(frozen=True)
class Variant:
    """Cycles where the documents leave a choice.

    it: the instruction IT, which may be folded into the one before it. divide: SDIV and UDIV take 2
    to 12, by their operands. to_float: VMOV from a core register. address: a load whose address the
    instruction before it made. unaligned: each bus access that alignment would have spared.
    literal: more, for a load relative to the PC.
    """

    it: int
    divide: int
    to_float: int
    address: int
    unaligned: int
    literal: int


# Of the pipeline, after a taken branch or a load of the PC.
REFILL = 2

_MID = Variant(
    it=1,
    divide=7,
    to_float=2,
    address=1,
    unaligned=1,
    literal=0,
)
VARIANTS = {
    "low": replace(_MID, it=0, divide=2, to_float=1, address=0, unaligned=0),
    "mid": _MID,
    "high": replace(_MID, divide=12, literal=1),
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

    What a taken branch costs beside this, REFILL, is not in it.
    """
    count = _CYCLES[instruction.kind](instruction, variant)
    if instruction.kind is Kind.LOAD and instruction.base == "pc":
        count += variant.literal
    if before is None:
        return count
    depends = instruction.addressed_by(before)
    if before.kind is Kind.LOAD:
        count -= _pairs(instruction, depends)
    if instruction.loads and depends:
        count += variant.address
    return count


def _pairs(instruction: Instruction, depends: bool) -> bool:
    """Whether its address goes out while a load just before it still waits for its data."""
    if instruction.kind is Kind.LOAD:
        return not depends
    return instruction.kind is Kind.STORE and bool(instruction.offset)
