"""What PlatformIO needs where its package registry cannot be reached: its build tool, SCons.

PlatformIO fetches SCons as the package tool-scons before it builds anything. Without a registry it
waits a minute and then fails. The same SCons comes from PyPI; two small files make PlatformIO find
it. They are written only where PlatformIO has no tool-scons and cannot fetch one.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tinyforge.errors import ForgeError
from tinyforge.files import write_files
from tinyforge.packages import pip_install

_NAME = "tool-scons"
_OWNER = "platformio"
_REGISTRY = f"https://api.registry.platformio.org/v3/packages/{_OWNER}/tool/{_NAME}"
_REGISTRY_SECONDS = 3.0

# installed: PlatformIO's own is there. stand-in: ours is. registry: PlatformIO can fetch its own.
SconsSource = Literal["installed", "stand-in", "registry"]

_SCRIPT = "scons.py"
_MARK = "Stands in for PlatformIO's tool-scons"
# PlatformIO may run in another environment than tinyforge: SCons is plain Python, any will do.
_SCRIPT_TEXT = f'''\
"""{_MARK}: SCons from PyPI. Made by `tinyforge setup-offline`.

Delete this folder, and PlatformIO fetches its own.
"""

import sys

sys.path.append({{folder!r}})

from SCons.Script.Main import main

main()
'''


@dataclass(frozen=True)
class SconsState:
    """Where PlatformIO's SCons comes from, and its package's version.

    version: "" and folder: None where PlatformIO has yet to fetch it.
    """

    source: SconsSource
    version: str = ""
    folder: Path | None = None


def registry_reachable() -> bool:
    """Whether PlatformIO's registry answers, within _REGISTRY_SECONDS, names looked up included."""
    answers: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(_REGISTRY, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_REGISTRY_SECONDS):  # noqa: S310
                answers.append(True)
        except (OSError, ValueError):
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_REGISTRY_SECONDS)
    return answers == [True]


def ensure_scons(
    packages: Path, *, reachable: Callable[[], bool] = registry_reachable
) -> SconsState:
    """Makes sure that PlatformIO finds SCons, offline too. Done twice, it changes nothing.

    packages: PlatformIO's folder of packages. reachable: asked only where SCons is missing.
    ForgeError where SCons is not installed, or is older than this PlatformIO's.
    """
    from platformio.dependencies import get_core_dependencies
    from platformio.package.manager.tool import ToolPackageManager
    from platformio.package.meta import PackageSpec

    wanted = get_core_dependencies()[_NAME]
    spec = PackageSpec(owner=_OWNER, name=_NAME, requirements=wanted)
    package = ToolPackageManager(str(packages)).get_package(spec)
    if package is not None:
        folder, version = Path(package.path), str(package.metadata.version)
        if not _is_stand_in(folder):
            return SconsState("installed", version, folder)
    elif reachable():
        return SconsState("registry")
    else:
        version = wanted.lstrip("~^=")
        free = not (packages / _NAME).exists()
        folder = packages / (_NAME if free else f"{_NAME}@{version}")
    _write(folder, version)
    return SconsState("stand-in", version, folder)


def describe(state: SconsState) -> str:
    """What the user is told."""
    if state.source == "registry":
        return (
            "PlatformIO's registry can be reached: it fetches SCons before its first build."
            f" To have it do so now: pio pkg install -g -t {_OWNER}/{_NAME}"
        )
    if state.source == "installed":
        return f"PlatformIO has its own SCons, {_NAME} {state.version}: {state.folder}"
    return f"PlatformIO builds with SCons from PyPI, in place of its {_NAME}: {state.folder}"


def packages_folder(project: Path | None = None) -> Path:
    """Where PlatformIO keeps its packages, as a project, the environment or its default says."""
    from platformio.project.config import ProjectConfig

    ini = str(project / "platformio.ini") if project is not None else None
    config = ProjectConfig(ini, parse_extra=False)
    return Path(config.get("platformio", "packages_dir"))


def _is_stand_in(folder: Path) -> bool:
    script = folder / _SCRIPT
    return script.is_file() and _MARK in script.read_text(encoding="utf-8", errors="replace")


def _write(folder: Path, version: str) -> None:
    """The package of this version, if SCons from PyPI can stand in for it."""
    text = _SCRIPT_TEXT.format(folder=str(_scons_folder(version)))
    spec = {"owner": _OWNER, "id": None, "name": _NAME, "requirements": None, "uri": None}
    package = {"type": "tool", "name": _NAME, "version": version, "spec": spec}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ForgeError(
            f"cannot make a folder among PlatformIO's packages: {error.strerror}",
            where=str(folder),
            fix="set PLATFORMIO_CORE_DIR to a folder that can be written",
        ) from error
    # The .piopm makes the folder a package: it comes last, so that there is never half a package.
    for path, content in ((folder / _SCRIPT, text), (folder / ".piopm", json.dumps(package))):
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_files({path: content}, asked_for=False)


def _scons_folder(version: str) -> Path:
    """The folder that holds SCons in this Python's packages. version: PlatformIO's, at least."""
    needed = _scons_version(version)
    requirement = pip_install(f"scons>={'.'.join(map(str, needed))}")
    spec = importlib.util.find_spec("SCons")
    if spec is None or spec.origin is None:
        raise ForgeError(
            "PlatformIO's registry cannot be reached, and SCons is not installed", fix=requirement
        )
    found = importlib.metadata.version("scons")
    if tuple(int(number) for number in re.findall(r"\d+", found)) < needed:
        raise ForgeError(f"SCons {found} is older than this PlatformIO's", fix=requirement)
    return Path(spec.origin).parents[1]


def _scons_version(package: str) -> tuple[int, ...]:
    """The version of SCons in a version of PlatformIO's package: 4.41101.0 holds 4.11.1."""
    digits = package.split(".")[1]
    return int(digits[:-4]), int(digits[-4:-2]), int(digits[-2:])
