"""The machines that execute firmware on the host."""

from __future__ import annotations

from tinyforge.boards.cores import Core
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Machine
from tinyforge.sim.machines.native import Native
from tinyforge.sim.machines.qemu import Qemu
from tinyforge.sim.machines.unicorn import Unicorn

MACHINES: dict[str, Machine] = {made.name: made for made in (Unicorn(), Qemu(), Native())}


# Those that run the board's own code, the faster one first.
_EMULATORS = ("unicorn", "qemu")


def machine(name: str) -> Machine:
    """The machine of that name. ForgeError that says how to install it, when it is missing."""
    if name not in MACHINES:
        raise ForgeError(f"unknown machine {name!r}", fix=f"choose one of {', '.join(MACHINES)}")
    chosen = MACHINES[name]
    chosen.version()
    return chosen


def machine_for(name: str | None, core: Core) -> Machine:
    """The machine of that name; None: an installed emulator that runs the core.

    ForgeError that says how to install it, when it is missing.
    """
    if name is not None:
        return machine(name)
    able = [MACHINES[name] for name in _EMULATORS if MACHINES[name].supports(core)]
    missing: list[ForgeError] = []
    for candidate in able:
        try:
            candidate.version()
        except ForgeError as error:
            missing.append(error)
        else:
            return candidate
    raise missing[0]
