"""The cycles that a proof shows: estimated, and only where code is seen and its core is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.sim.base import INVOKE, Entry, Machine, Probe
from tinyforge.sim.cycles.count import CORE, NONE, Cycles, cycles_by_layer
from tinyforge.sim.cycles.decode import installed
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import Profiler


def estimate(
    machine: Machine,
    firmware: Firmware,
    inputs: npt.NDArray[np.int8],
    *,
    output_bytes: int,
    probes: Sequence[Probe],
    entry: Entry = INVOKE,
) -> Mapping[int, Cycles] | None:
    """Of the first input's inference, by layer, -1 for what runs outside of layers.

    One input, because seeing every data access slows the emulator down, and another one's values
    change few branches. None for another core than the model's, on machines that do not see which
    code runs, and without a disassembler.
    """
    core = firmware.core
    if core is None or core.name != CORE or not isinstance(machine, Profiler) or not installed():
        return None
    profile = machine.profile(
        firmware, inputs[:1], output_bytes=output_bytes, probes=probes, entry=entry
    )
    return cycles_by_layer(profile, firmware)


def whole(cycles: Mapping[int, Cycles] | None) -> Cycles | None:
    """Of the inference, where it was estimated."""
    return None if cycles is None else sum(cycles.values(), NONE)
