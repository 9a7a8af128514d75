"""From a project's folder to firmware for a machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyforge.boards import Board
from tinyforge.boards.cores import Core
from tinyforge.errors import ForgeError
from tinyforge.project.layout import serial_sources, sources_for
from tinyforge.sim.base import Machine, Toolchain
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import Qemu
from tinyforge.sim.toolchains import toolchain
from tinyforge.sim.toolchains.host import Host
from tinyforge.spec import OptimizeChoice

_HOST_MACHINE = "native"
_OUTPUT = Path(".tinyforge-build") / "firmware.elf"


def compiler_for(
    name: str | None, machine: Machine, optimize: OptimizeChoice = "balanced"
) -> Toolchain:
    """The cross compiler of that name (None: the best that is there); for the native machine
    always the host's own, whose code nobody ships. ForgeError when it is missing."""
    return Host() if machine.name == _HOST_MACHINE else toolchain(name, optimize)


def build_firmware(
    folder: Path, engine: str, board: Board, *, compiler: Toolchain, machine: Machine
) -> Firmware:
    """Builds a project's own sources for its board's core, linked for the machine's memories.

    ForgeError when the machine has no such core, or the sources do not build or do not fit.
    """
    port = "native" if machine.name == _HOST_MACHINE else "sim"
    return _built(sources_for(folder, engine, port), folder, board, compiler, machine)


def build_on_serial(folder: Path, engine: str, board: Board, *, compiler: Toolchain) -> Firmware:
    """The same for QEMU, with the application's sensors and console on the serial port."""
    return _built(serial_sources(folder, engine), folder, board, compiler, Qemu())


def _built(
    sources: tuple[Sequence[Path], Sequence[Path]],
    folder: Path,
    board: Board,
    compiler: Toolchain,
    machine: Machine,
) -> Firmware:
    """sources: what to compile, and the include folders."""
    core = _core(board, machine)
    files, include = sources
    return compiler.build(
        files,
        include=include,
        core=core,
        memory=machine.memory(core, board.memory_map()),
        output=folder / _OUTPUT,
    )


def _core(board: Board, machine: Machine) -> Core:
    core = board.core_model()
    if machine.supports(core):
        return core
    raise ForgeError(
        f"{machine.name} does not run a {core.name}",
        where=f"board {board.id}",
        fix="use --machine qemu" if core.qemu_machine else "use --machine unicorn",
    )
