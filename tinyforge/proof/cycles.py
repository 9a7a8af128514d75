"""The cycles that a proof shows: estimated, and only where code is seen and its core is known."""

from __future__ import annotations

from collections.abc import Mapping

from tinyforge.sim.cycles.count import CORE, NONE, Cycles, cycles_by_layer
from tinyforge.sim.cycles.decode import installed
from tinyforge.sim.elf import Firmware
from tinyforge.sim.profile import Profile


def estimable(firmware: Firmware) -> bool:
    """Whether there is a model of its core, and a disassembler."""
    return firmware.core is not None and firmware.core.name == CORE and installed()


def estimate(profile: Profile | None, firmware: Firmware) -> Mapping[int, Cycles] | None:
    """By layer, -1 for what runs outside of layers. None without a profile, and for firmware whose
    cycles cannot be estimated."""
    if profile is None or not estimable(firmware):
        return None
    return cycles_by_layer(profile, firmware)


def whole(cycles: Mapping[int, Cycles] | None) -> Cycles | None:
    """Of the inference, where it was estimated."""
    return None if cycles is None else sum(cycles.values(), NONE)
