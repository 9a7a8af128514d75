"""Which code inferences executed, how often, and what its data accesses were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tinyforge.sim.base import INVOKE, Entry, Probe
from tinyforge.sim.elf import Firmware


@dataclass(frozen=True)
class BlockCount:
    """A stretch of straight-line code that is left only at its end: its address, bytes and
    instructions, and what inferences did with it while one layer ran (-1: none did).

    entries: times it was entered. fell_through: times the code behind it was entered next; the
    other times a branch at its end was taken. Stretches may overlap: one begins wherever a jump
    leads. The emulator also ends one where its pages end.
    """

    address: int
    size: int
    instructions: int
    layer: int
    entries: int
    fell_through: int


@dataclass(frozen=True)
class Accesses:
    """Data accesses. flash_loads: loads from flash, each word of a multiple load counted.

    unaligned_extra: bus accesses more than aligned ones would take, 1 or 2 each.
    """

    flash_loads: int
    unaligned_extra: int


@dataclass(frozen=True)
class Profile:
    """Sums over the inferences. entries times instructions, over all blocks, is the sum of
    Run.instructions. accesses: by layer, -1 for what runs outside of layers."""

    inferences: int
    blocks: tuple[BlockCount, ...]
    accesses: Mapping[int, Accesses]


@runtime_checkable
class Profiler(Protocol):
    """A machine that sees which code runs."""

    def profile(
        self,
        firmware: Firmware,
        inputs: npt.NDArray[np.int8],
        *,
        output_bytes: int,
        probes: Sequence[Probe],
        entry: Entry = INVOKE,
    ) -> Profile:
        """Runs the firmware over the inputs. probes: where layers begin. ForgeError as run says."""
        ...
