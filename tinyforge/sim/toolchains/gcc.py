"""arm-none-eabi-gcc, from a Linux distribution or from PlatformIO."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.errors import ForgeError
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains.build import (
    CROSS_FLAGS,
    OPTIMIZE_FLAGS,
    Driver,
    build_elf,
    object_to_read,
    run,
)
from tinyforge.spec import OptimizeChoice

_NAME = "arm-none-eabi-gcc"


def _compiler() -> str | None:
    platformio = Path.home() / ".platformio" / "packages" / "toolchain-gccarmnoneeabi" / "bin"
    return shutil.which(_NAME) or shutil.which(_NAME, path=str(platformio))


def installed() -> bool:
    return _compiler() is not None


def _command() -> tuple[str, ...]:
    compiler = _compiler()
    if compiler is None:
        raise ForgeError(
            f"{_NAME} is not installed",
            fix="apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi, or use --toolchain zig",
        )
    return (compiler,)


@cache
def _version(command: tuple[str, ...]) -> str:
    text = run(
        Driver(command),
        (*command, "-dumpfullversion"),
        doing="asking gcc for its version",
        where="",
    )
    return f"{_NAME} {text.strip()}"


@dataclass(frozen=True)
class Gcc:
    """Implements Toolchain."""

    name: str = "gcc"
    optimize: OptimizeChoice = "balanced"

    def version(self) -> str:
        return f"{_version(_command())} {OPTIMIZE_FLAGS[self.optimize]}"

    def build(
        self,
        sources: Sequence[Path],
        *,
        include: Sequence[Path],
        core: Core,
        memory: MemoryMap,
        output: Path,
    ) -> Firmware:
        driver = _driver(core, OPTIMIZE_FLAGS[self.optimize])
        return build_elf(driver, sources, include=include, core=core, memory=memory, output=output)

    def compile_to_read(
        self, source: Path, *, include: Sequence[Path], core: Core, output: Path
    ) -> Path:
        return object_to_read(_driver(core), source, include=include, output=output)


def _driver(core: Core, *optimize: str) -> Driver:
    return Driver(
        command=_command(),
        target=core.gcc_flags,
        compile=(*optimize, *CROSS_FLAGS),
        # Freestanding as with zig, so that both run the same memory functions.
        link=("-nostdlib",),
        libraries=("-lgcc",),
    )
