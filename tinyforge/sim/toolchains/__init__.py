"""The compilers that firmware can be built with."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.errors import ForgeError
from tinyforge.sim.base import Toolchain
from tinyforge.sim.toolchains import gcc, zig
from tinyforge.sim.toolchains.cross import Cross
from tinyforge.spec import OptimizeChoice

TOOLCHAINS = {
    "zig": Cross("zig", zig.release, zig.driver),
    "gcc": Cross("gcc", gcc.release, gcc.driver),
}


def toolchain(name: str | None = None, optimize: OptimizeChoice = "balanced") -> Toolchain:
    """The cross compiler of that name; None: zig if it is installed, else gcc.

    ForgeError that names the command which installs it, when it is missing.
    """
    if name is None:
        name = "gcc" if gcc.installed() and not zig.installed() else "zig"
    if name not in TOOLCHAINS:
        raise ForgeError(
            f"unknown toolchain {name!r}", fix=f"choose one of {', '.join(TOOLCHAINS)}"
        )
    chosen = replace(TOOLCHAINS[name], optimize=optimize)
    chosen.version()
    return chosen
