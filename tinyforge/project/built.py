"""The firmware that PlatformIO makes of a project, for the machines of this computer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyforge.boards.cores import core_named
from tinyforge.errors import ForgeError
from tinyforge.project.ini import SIM, environment
from tinyforge.project.pio import run_pio
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory

_FIRMWARE = "firmware.elf"
_BUILD = ".pio/build"


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
    run_pio(project, "run", environment=name)
    return _loaded(project, name, settings)


def built_firmware(project: Path, engine: str) -> Firmware | None:
    """The same, as PlatformIO built it before; None where it has not. ForgeError for what cannot be
    read."""
    name = environment(SIM, engine)
    if not (project / _BUILD / name / _FIRMWARE).is_file():
        return None
    return _loaded(project, name, _settings(project))


def _loaded(project: Path, name: str, settings: Mapping[str, Mapping[str, Any]]) -> Firmware:
    core = core_named(settings[f"env:{name}"]["board"])
    build = project / settings["platformio"].get("build_dir", _BUILD)
    return Firmware.load(build / name / _FIRMWARE, core=core, memory=qemu_memory(core))


def _settings(project: Path) -> dict[str, dict[str, Any]]:
    """What platformio.ini and the user's own settings say, by section, as PlatformIO reads them."""
    shown = run_pio(project, "project", "config", "--json-output").output
    found = json.loads(shown[shown.index("[[") :])
    return {section: dict(options) for section, options in found}
