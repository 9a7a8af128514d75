"""The machines that execute firmware on the host."""

from __future__ import annotations

from tinyforge.errors import ForgeError
from tinyforge.sim.base import Machine
from tinyforge.sim.machines.native import Native
from tinyforge.sim.machines.qemu import Qemu
from tinyforge.sim.machines.unicorn import Unicorn

MACHINES: dict[str, Machine] = {made.name: made for made in (Unicorn(), Qemu(), Native())}


def machine(name: str) -> Machine:
    """The machine of that name. ForgeError that says how to install it, when it is missing."""
    if name not in MACHINES:
        raise ForgeError(f"unknown machine {name!r}", fix=f"choose one of {', '.join(MACHINES)}")
    chosen = MACHINES[name]
    chosen.version()
    return chosen
