"""The firmware that PlatformIO makes of a project, for the machines of this computer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinyforge.boards.cores import core_named
from tinyforge.errors import ForgeError
from tinyforge.project.ini import SIM, environment
from tinyforge.project.pio import run_pio
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory

_FIRMWARE = "firmware.elf"


def pio_firmware(project: Path, engine: str) -> Firmware:
    """Has PlatformIO build a project's environment sim, or its engine's twin, and reads the ELF.

    It is linked for QEMU's memories. ForgeError when the project has no such environment, or it
    does not build.
    """
    name = environment(SIM, engine)
    settings = _settings(project)
    if f"env:{name}" not in settings:
        raise ForgeError(
            f"the project has no environment {name}",
            where=str(project / "platformio.ini"),
            fix="write the project anew with that engine: tinyforge generate --engine both",
        )
    core = core_named(settings[f"env:{name}"]["board"])
    run_pio(project, "run", environment=name)
    build = project / settings["platformio"].get("build_dir", ".pio/build")
    return Firmware.load(build / name / _FIRMWARE, core=core, memory=qemu_memory(core))


def _settings(project: Path) -> dict[str, dict[str, Any]]:
    """What platformio.ini and the user's own settings say, by section, as PlatformIO reads them."""
    shown = run_pio(project, "project", "config", "--json-output").output
    found = json.loads(shown[shown.index("[[") :])
    return {section: dict(options) for section, options in found}
