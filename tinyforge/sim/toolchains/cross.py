"""A compiler for boards' cores, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains.build import OPTIMIZE_FLAGS, Driver, build_elf, object_to_read
from tinyforge.spec import OptimizeChoice


class Drivers(Protocol):
    """How a compiler is called for a core. ForgeError where it is not installed."""

    def __call__(self, core: Core, *optimize: str) -> Driver: ...


@dataclass(frozen=True)
class Cross:
    """Implements Toolchain. release: what compiler it is, and which version of it."""

    name: str
    release: Callable[[], str]
    drivers: Drivers
    optimize: OptimizeChoice = "balanced"

    def version(self) -> str:
        return f"{self.release()} {OPTIMIZE_FLAGS[self.optimize]}"

    def build(
        self,
        sources: Sequence[Path],
        *,
        include: Sequence[Path],
        core: Core,
        memory: MemoryMap,
        output: Path,
    ) -> Firmware:
        driver = self.drivers(core, OPTIMIZE_FLAGS[self.optimize])
        return build_elf(driver, sources, include=include, core=core, memory=memory, output=output)

    def compile_to_read(
        self, source: Path, *, include: Sequence[Path], core: Core, output: Path
    ) -> Path:
        return object_to_read(self.drivers(core), source, include=include, output=output)
