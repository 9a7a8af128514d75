"""The host's own C compiler: shared libraries for the native machine and for our own helpers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.errors import ForgeError
from tinyforge.packages import pip_install
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains import zig
from tinyforge.sim.toolchains.build import (
    Driver,
    compile_objects,
    object_to_read,
    objects_folder,
    run,
)


def host_driver() -> Driver:
    """`cc` where there is one, else zig. ForgeError when there is neither."""
    compiler = shutil.which("cc")
    if compiler is not None:
        return Driver(command=(compiler,))
    if zig.installed():
        return zig.zig_driver()
    raise ForgeError(
        "no C compiler for this computer was found",
        fix=f"{pip_install('ziglang')} (brings zig), or install gcc or clang as cc",
    )


def shared_library(
    sources: Sequence[Path], *, include: Sequence[Path], optimize: str, output: Path
) -> None:
    """Builds a shared library for this computer. optimize: "-O1", "-O2". ForgeError on failure."""
    driver = host_driver()
    flags = Driver(
        command=driver.command,
        compile=(optimize, "-fPIC", "-fno-sanitize=all"),
        environment=driver.environment,
    )
    objects = compile_objects(flags, sources, include=include, objects=objects_folder(output))
    link = (*driver.command, "-shared", *map(str, objects), "-o", str(output))
    run(driver, link, doing="linking", where=str(output))


def program(
    sources: Sequence[Path], *, include: Sequence[Path], defines: Sequence[str], output: Path
) -> None:
    """Builds a program for this computer. ForgeError on failure."""
    flags = ("-O1", "-fno-sanitize=all", *(f"-D{name}" for name in defines))
    driver = replace(host_driver(), compile=flags)
    objects = compile_objects(driver, sources, include=include, objects=objects_folder(output))
    run(
        driver,
        (*driver.command, *map(str, objects), "-o", str(output)),
        doing="linking",
        where=str(output),
    )


@cache
def _version(command: tuple[str, ...]) -> str:
    command = (*command, "--version")
    text = run(Driver(command), command, doing="asking cc for its version", where="")
    return text.splitlines()[0]


@dataclass(frozen=True)
class Host:
    """Implements Toolchain for the native machine: what it builds is a shared library."""

    name: str = "host"

    def version(self) -> str:
        return _version(host_driver().command)

    def build(
        self,
        sources: Sequence[Path],
        *,
        include: Sequence[Path],
        core: Core,  # noqa: ARG002 - the host's core is what it is
        memory: MemoryMap,
        output: Path,
    ) -> Firmware:
        shared_library(sources, include=include, optimize="-O1", output=output)
        return Firmware(path=output, core=None, memory=memory)

    def compile_to_read(
        self, source: Path, *, include: Sequence[Path], core: Core, output: Path
    ) -> Path:
        """As a core's compiler, for this computer."""
        del core
        driver = host_driver()
        driver = replace(driver, compile=("-fno-sanitize=all",))
        return object_to_read(driver, source, include=include, output=output)
