"""Builds small C and C++ programs for this computer with zig: nothing else need be installed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyforge.sim.toolchains.build import run
from tinyforge.sim.toolchains.zig import zig_driver

_WARNINGS = ("-Wall", "-Wextra", "-Werror")
_FLAGS = ("-O1", "-fsanitize=undefined", "-fsanitize-trap=undefined")
_LANGUAGES = {
    ".c": ("cc", "-std=c11", "-Wconversion"),
    ".cc": ("c++", "-std=c++17", "-fno-exceptions", "-fno-rtti"),
    ".cpp": ("c++", "-std=c++17", "-fno-exceptions", "-fno-rtti"),
}


def build(
    sources: Sequence[Path],
    output: Path,
    *,
    include: Sequence[Path] = (),
    defines: Sequence[str] = (),
) -> Path:
    """Compiles with all warnings as errors and links without the C++ library.

    output: the program; objects lie beside it. ForgeError with the compiler's message.
    """
    driver = zig_driver()
    driver = replace(driver, environment={**driver.environment, "ZIG_PROGRESS": "0"})
    flags = [*_FLAGS, *(f"-I{path}" for path in include), *(f"-D{text}" for text in defines)]
    objects = []
    for number, source in enumerate(sources):
        language, *standard = _LANGUAGES[source.suffix]
        target = output.parent / f"{output.name}_{number}.o"
        command = [driver.command[0], language, *standard, *_WARNINGS, *flags, "-c", str(source)]
        run(driver, [*command, "-o", str(target)], doing="compiling", where=str(source))
        objects.append(str(target))
    link = [driver.command[0], "cc", *objects, "-o", str(output)]
    run(driver, link, doing="linking", where=str(output))
    return output


def output_of(program: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What a program prints. CalledProcessError when it does not end with 0."""
    done = subprocess.run(
        [str(program), *arguments], input=stdin, capture_output=True, timeout=60, check=True
    )
    return done.stdout
