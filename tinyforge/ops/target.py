"""What compiled code is for: the instructions that its core has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """dsp: multiplies and adds two pairs of int16 at once (SMLAD), as M4, M7, M33 and M55 do.
    mve: vectors of 16 bytes, as M55 has them. narrow: products have 32 bits, and most instructions
    reach eight registers, as of M0+. small: compilers make little code, not quick code."""

    dsp: bool = False
    mve: bool = False
    narrow: bool = False
    small: bool = False


# Code that any core runs well.
ANY = Target()
TARGETS = {
    "cortex-m0plus": Target(narrow=True),
    "cortex-m4": Target(dsp=True),
    "cortex-m7": Target(dsp=True),
    "cortex-m33": Target(dsp=True),
    "cortex-m55": Target(dsp=True, mve=True),
}


def target_of(core: str | None) -> Target:
    """Of a core's name. Code for a core that is not named runs anywhere."""
    return TARGETS.get(core or "", ANY)
