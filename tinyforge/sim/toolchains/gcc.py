"""arm-none-eabi-gcc, from a Linux distribution or from PlatformIO."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from tinyforge.boards.cores import Core
from tinyforge.errors import ForgeError
from tinyforge.sim.toolchains.build import CROSS_FLAGS, Driver, run

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
def _release(command: tuple[str, ...]) -> str:
    text = run(
        Driver(command),
        (*command, "-dumpfullversion"),
        doing="asking gcc for its version",
        where="",
    )
    return f"{_NAME} {text.strip()}"


def release() -> str:
    """Its name and version. ForgeError when it is not installed."""
    return _release(_command())


def driver(core: Core, *optimize: str) -> Driver:
    """For a core. ForgeError when it is not installed."""
    return Driver(
        command=_command(),
        target=core.gcc_flags,
        compile=(*optimize, *CROSS_FLAGS),
        # Freestanding as with zig, so that both run the same memory functions.
        link=("-nostdlib",),
        libraries=("-lgcc",),
    )
