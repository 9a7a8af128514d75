"""Painted memory: fill it with a known byte, run, and see what was written.

A byte may be written with the paint's own value and look untouched. So every machine boots the
firmware twice, each time under another paint, and takes the greater mark. The two boots also show
firmware that reads memory before writing it: its results differ.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.sim.base import Run
from tinyforge.sim.elf import Firmware

PAINTS = (0xA5, 0x5A)

# So many inputs are run again under the second paint: marks hardly depend on the input's values.
REPEATED = 2


def stack_high_water_mark(firmware: Firmware, stack: npt.NDArray[np.uint8], paint: int) -> int:
    """Bytes of stack that were used. stack: the region, lowest address first.

    ForgeError when all of it was: then it has most likely run over.
    """
    written = np.flatnonzero(stack != paint)
    used = len(stack) - int(written[0]) if len(written) else 0
    if used >= len(stack):
        raise ForgeError(
            f"the stack overflowed: all {len(stack)} bytes that RAM leaves for it were used",
            where=str(firmware.path),
            fix="choose a board with more RAM, or a smaller model",
        )
    return used


def merge(firmware: Firmware, first: Run, again: Run) -> Run:
    """One Run from two boots. again: the first inputs once more, under the other paint."""
    repeated = len(again.outputs)
    pairs = [(first.outputs, again.outputs), *zip(first.captured, again.captured, strict=True)]
    if any(not np.array_equal(whole[:repeated], part) for whole, part in pairs):
        raise ForgeError(
            "results depend on what was in RAM before boot",
            where=str(firmware.path),
            fix="the firmware reads a variable, or part of the arena, that it never wrote",
        )
    return dataclasses.replace(
        first,
        arena_touched=_greater(first.arena_touched, again.arena_touched),
        stack_high_water_mark=_greater(first.stack_high_water_mark, again.stack_high_water_mark),
    )


def _greater(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else max(a, b)
