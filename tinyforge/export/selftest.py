"""Firmware of libraries, as they are written, whose self-tests run on an emulator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tinyforge.boards import Board
from tinyforge.project.templates import render
from tinyforge.resources import folder
from tinyforge.sim.base import Entry, Job, Machine, Toolchain
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains.build import port

# Nothing is measured but whether it ends well.
_ENTRY = Entry("forge_app_main")


def link(
    libraries: Mapping[str, Path],
    work: Path,
    *,
    board: Board,
    compiler: Toolchain,
    machine: Machine,
) -> tuple[Firmware, tuple[Path, ...]]:
    """Firmware of several libraries, and the sources that it is built of, in order.

    libraries: the folder of each, by its prefix. work: a folder to build in. ForgeError unless they
    build, without a warning, and link.
    """
    work.mkdir(parents=True, exist_ok=True)
    main = work / "selftest.c"
    main.write_text(render("export/selftest.c.j2", prefixes=list(libraries)), encoding="utf-8")
    own = [source for path in libraries.values() for source in sorted((path / "src").rglob("*.c"))]
    sources = (*own, main, *port("sim"))
    core = board.core_model()
    firmware = compiler.build(
        sources,
        include=[*(path / "src" for path in libraries.values()), folder("firmware") / "include"],
        core=core,
        memory=machine.memory(core, board.memory_map()),
        output=work / "firmware.elf",
    )
    return firmware, sources


def run(firmware: Firmware, machine: Machine) -> str:
    """What the self-tests print. ForgeError when one fails, or the firmware does."""
    nothing = np.zeros((0, 0), np.int8)
    return machine.run(Job(firmware, nothing, output_bytes=1, entry=_ENTRY)).console
