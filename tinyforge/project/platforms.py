"""The simulated boards that a project carries, and which of them stands for the real one."""

from __future__ import annotations

import json

from tinyforge.boards import Board
from tinyforge.boards.cores import CORES, Core
from tinyforge.sim.machines.qemu import qemu_memory
from tinyforge.sim.toolchains.build import linker_script

SIM, NATIVE = "forge_sim", "forge_native"

# Where a project keeps its development platforms.
FOLDER = "platforms"

# Who stands for a core that is not emulated, or whose emulated board is too small: the nearest
# that is emulated with megabytes of memory. The generated C is the same.
_STAND_IN = {"cortex-m0plus": "cortex-m3"}
_ANY_STAND_IN = "cortex-m4"

# What a firmware has beside arena and weights: .data, .bss and stack; code and golden vectors.
_OTHER_RAM = 4 * 1024
_OTHER_FLASH = 96 * 1024


def emulated_cores() -> tuple[str, ...]:
    """The boards of SIM: a core each."""
    return tuple(core.name for core in CORES.values() if core.qemu_machine is not None)


def board_files() -> dict[str, str]:
    """A PlatformIO board and its linker script for each core that QEMU emulates, by path."""
    files = {}
    for name in emulated_cores():
        path = f"{FOLDER}/{SIM}/boards/{name}"
        files[f"{path}.json"] = json.dumps(_manifest(CORES[name]), indent=2) + "\n"
        files[f"{path}.ld"] = linker_script(qemu_memory(CORES[name]))
    return files


def simulated_core(board: Board, *, arena: int = 0, weights: int = 0) -> Core:
    """The core that a board's firmware is simulated on: its own, where the model fits there.

    arena, weights: bytes that the model needs of RAM and flash.
    """
    core = CORES.get(board.core)
    if core is not None and core.qemu_machine is not None:
        memory = qemu_memory(core)
        ram, flash = arena + _OTHER_RAM, weights + _OTHER_FLASH
        if ram <= memory.ram.size and flash <= memory.flash.size:
            return core
    return CORES[_STAND_IN.get(board.core, _ANY_STAND_IN)]


def _manifest(core: Core) -> dict[str, object]:
    memory = qemu_memory(core)
    return {
        "build": {
            "core": core.name,
            "mcu": core.name,
            "gcc_flags": list(core.gcc_flags),
            "zig_target": core.zig_target,
            "zig_cpu": core.zig_cpu,
            "ldscript": f"{core.name}.ld",
        },
        "name": f"{core.name}, as in QEMU's {core.qemu_machine}",
        "simulate": {"qemu_machine": core.qemu_machine},
        "upload": {
            "maximum_ram_size": memory.ram.size,
            "maximum_size": memory.flash.size,
        },
        "url": "https://www.qemu.org/docs/master/system/target-arm.html",
        "vendor": "QEMU",
    }
