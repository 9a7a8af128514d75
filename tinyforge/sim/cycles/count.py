"""The cycles of a profile: its blocks times what their instructions cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.sim.cycles.decode import Instruction, decode
from tinyforge.sim.cycles.model import REFILL, VARIANTS, Variant, cycles
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import BlockCount, Profile

CORE = "cortex-m4"  # the model knows no other


@dataclass(frozen=True)
class Cycles:
    """Clock cycles by the model's variants: mid with its bounds. Memory has no wait states."""

    low: int
    mid: int
    high: int

    def __add__(self, other: Cycles) -> Cycles:
        return Cycles(self.low + other.low, self.mid + other.mid, self.high + other.high)


NONE = Cycles(0, 0, 0)


def cycles_by_layer(profile: Profile, firmware: Firmware) -> dict[int, Cycles]:
    """Summed over the inferences; by layer, -1 for what runs outside of layers."""
    code = {
        (b.address, b.size): decode(firmware.code(b.address, b.size), b.address)
        for b in profile.blocks
    }
    first = {address: instructions[0] for (address, _), instructions in code.items()}
    found = {layer: _of_unaligned(extra) for layer, extra in profile.unaligned_extra.items()}
    for block in profile.blocks:
        following = first.get(block.address + block.size)
        found[block.layer] += _of_block(block, code[block.address, block.size], following)
    return found


def _of_block(
    block: BlockCount, code: Sequence[Instruction], following: Instruction | None
) -> Cycles:
    """following: what comes behind the block, where that was ever entered."""

    def count(variant: Variant) -> int:
        total = block.entries * straight_line(code, variant)
        total += (block.entries - block.fell_through) * REFILL
        if following is not None:
            # Counted as if a branch led to it; but a block may end without one, at a page's end.
            seam = cycles(following, code[-1], variant) - cycles(following, None, variant)
            total += block.fell_through * seam
        return total

    return Cycles(**{name: count(variant) for name, variant in VARIANTS.items()})


def straight_line(code: Sequence[Instruction], variant: Variant) -> int:
    """Of code that a branch led to and that ends in none, or in one that is not taken."""
    return sum(
        cycles(instruction, before, variant)
        for before, instruction in zip((None, *code), code, strict=False)
    )


def _of_unaligned(extra: int) -> Cycles:
    return Cycles(**{name: extra * variant.unaligned for name, variant in VARIANTS.items()})
