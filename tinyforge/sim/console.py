"""`python -m tinyforge.sim.console firmware.elf --core cortex-m4`: firmware in unicorn.

Its console on ours, its exit status as ours. For firmware that was linked for QEMU's memories, as
a project's environment sim links it; it finds no frames.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from tinyforge.boards.cores import core_named
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Entry, Job
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory
from tinyforge.sim.machines.unicorn import Unicorn

# Nothing is measured, and a unit test need not call forge_invoke.
_ANY_FIRMWARE = Entry("forge_app_main")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("firmware", type=Path)
    parser.add_argument("--core", required=True)
    arguments = parser.parse_args()
    try:
        core = core_named(arguments.core)
        firmware = Firmware.load(arguments.firmware, core=core, memory=qemu_memory(core))
        # No input, of whatever size the application may ask for.
        nothing = np.zeros((0, 0), np.int8)
        run = Unicorn().run(Job(firmware, nothing, output_bytes=1, entry=_ANY_FIRMWARE))
    except ForgeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(run.console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
