"""Compiles sources and links an ELF with one compiler driver. The drivers: zig.py and gcc.py."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.errors import DoesNotFitError, ForgeError
from tinyforge.project.templates import render
from tinyforge.resources import folder
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains.remembered import object_of
from tinyforge.spec import OptimizeChoice

# Any language. No unwinding tables: nothing throws.
COMMON_FLAGS = (
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
LANGUAGE_FLAGS = {
    ".c": ("-std=c11", "-Wconversion"),
    ".cc": ("-std=c++17", "-fno-exceptions", "-fno-rtti"),
    ".cpp": ("-std=c++17", "-fno-exceptions", "-fno-rtti"),
    ".S": (),
}
CROSS_FLAGS = ("-ffreestanding", "-ffunction-sections", "-fdata-sections")
# A board is built with the same: project/ini.py. Both compilers give what -Os gives for -Oz too.
OPTIMIZE_FLAGS: Mapping[OptimizeChoice, str] = {
    "size": "-Os",
    "balanced": "-O2",
    "speed": "-O2",
}

# The least stack a link must leave room for, bytes. What the firmware really needs is measured.
STACK_MINIMUM = 1024

_COMPILE_SECONDS = 600
_JOBS = 2
_MESSAGE_LINES = 40
# There are no pages: else linkers load the ELF header as well, below a flash that does not begin at
# a multiple of 64 KB.
_NO_PAGES = "-Wl,-n"
_OVERFLOW = re.compile(r"region [`'](FLASH|RAM)'?:? overflowed by (\d+) bytes")


@dataclass(frozen=True)
class Driver:
    """How one compiler is called. Each is an argument list or a part of one.

    target: selects the core, when compiling and when linking. environment: added to ours.
    """

    command: tuple[str, ...]
    target: tuple[str, ...] = ()
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def port(name: str) -> tuple[Path, ...]:
    """The sources of firmware/ports/<name>."""
    return tuple(sorted((folder("firmware") / "ports" / name).glob("*.c")))


def build_elf(
    driver: Driver,
    sources: Sequence[Path],
    *,
    include: Sequence[Path],
    core: Core,
    memory: MemoryMap,
    output: Path,
) -> Firmware:
    """Compiles and links for a bare core; objects and linker script stay beside the output.

    ForgeError as Toolchain.build says.
    """
    objects = compile_objects(driver, sources, include=include, objects=objects_folder(output))
    script = output.with_suffix(".ld")
    script.write_text(linker_script(memory), encoding="utf-8")
    link = (
        *driver.command, *driver.target, *driver.link, "-Wl,--gc-sections", _NO_PAGES,
        f"-Wl,-T,{script}", *map(str, objects), *driver.libraries, "-o", str(output),
    )  # fmt: skip
    run(driver, link, doing="linking", where=str(output), memory=memory)
    return Firmware.load(output, core=core, memory=memory)


def compile_objects(
    driver: Driver, sources: Sequence[Path], *, include: Sequence[Path], objects: Path
) -> list[Path]:
    """One object a source, in order, in the folder objects. ForgeError names the source."""
    objects.mkdir(parents=True, exist_ok=True)
    includes = [flag for directory in include for flag in ("-I", str(directory))]

    def compile_one(numbered: tuple[int, Path]) -> Path:
        number, source = numbered
        if source.suffix not in LANGUAGE_FLAGS:
            raise ForgeError(
                f"cannot compile a {source.suffix or 'file without a suffix'}",
                where=str(source),
                fix=f"sources end in {', '.join(LANGUAGE_FLAGS)}",
            )
        target = objects / _object_name(number, source)
        flags = (
            *driver.command, *driver.target, *COMMON_FLAGS, *LANGUAGE_FLAGS[source.suffix],
            *driver.compile,
        )  # fmt: skip
        command = (*flags, *includes, "-c", str(source), "-o", str(target))
        compile_it = partial(run, driver, command, doing="compiling", where=str(source))
        object_of(flags, source, include, target, compile_it)
        return target

    with ThreadPoolExecutor(_JOBS) as pool:
        return list(pool.map(compile_one, enumerate(sources)))


def object_to_read(driver: Driver, source: Path, *, include: Sequence[Path], output: Path) -> Path:
    """What Toolchain.compile_to_read says. driver: without a choice of what to optimize for."""
    readable = replace(driver, compile=("-O0", "-g", *driver.compile))
    objects = objects_folder(output) / "to_read"
    return compile_objects(readable, [source], include=include, objects=objects)[0]


def objects_folder(output: Path) -> Path:
    """Where the objects of an output lie."""
    return output.parent / f"{output.stem}.objects"


def object_file(output: Path, number: int, source: Path) -> Path:
    """What an output was linked of, for the source of that number, from 0."""
    return objects_folder(output) / _object_name(number, source)


def _object_name(number: int, source: Path) -> str:
    """Numbered, because src/model.c and src/model.cpp would both become model.o."""
    return f"{number:03d}_{source.stem}.o"


def linker_script(memory: MemoryMap) -> str:
    """The text of the linker script for a memory map."""
    return render(
        "sim/link.ld.j2",
        flash_base=f"0x{memory.flash.base:08x}",
        flash_size=memory.flash.size,
        ram_base=f"0x{memory.ram.base:08x}",
        ram_size=memory.ram.size,
        stack_minimum=STACK_MINIMUM,
    )


def run(
    driver: Driver,
    command: Sequence[str],
    *,
    doing: str,
    where: str,
    memory: MemoryMap | None = None,
) -> str:
    """Runs a tool and returns its standard output; ForgeError with its message when it fails."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_COMPILE_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", **driver.environment},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ForgeError(f"{doing} took longer than {_COMPILE_SECONDS} s", where=where) from error
    except OSError as error:
        raise ForgeError(f"cannot run {command[0]}: {error.strerror}", where=where) from error
    if done.returncode == 0:
        return done.stdout
    message = (done.stderr or done.stdout).strip()
    if memory is not None:
        _refuse_overflow(message, memory, where)
    lines = message.splitlines()[:_MESSAGE_LINES]
    raise ForgeError(
        "\n".join([f"{doing} failed:", *lines]),
        where=where,
        fix="warnings are errors here; correct the source that the message names",
    )


def _refuse_overflow(message: str, memory: MemoryMap, where: str) -> None:
    """DoesNotFitError with the numbers, if the linker's message says that a memory is too small."""
    over: dict[str, int] = {}
    for region, excess in _OVERFLOW.findall(message):
        # One message a section, each counting from the start of the memory: the last is the whole.
        over[region] = max(over.get(region, 0), int(excess))
    if not over:
        return
    sizes = {"FLASH": memory.flash.size, "RAM": memory.ram.size}
    needs = [
        f"{sizes[region] + excess} bytes of {region.lower()}, there are {sizes[region]}"
        for region, excess in over.items()
    ]
    stack = f" (RAM includes {STACK_MINIMUM} bytes of stack at the least)" if "RAM" in over else ""
    raise DoesNotFitError(
        f"the firmware does not fit: it needs {'; and '.join(needs)}{stack}",
        where=where,
        fix="choose a board with more memory (tinyforge boards fit MODEL), or a smaller model",
    )
