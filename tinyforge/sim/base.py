"""What a toolchain makes and a machine runs. Implementations: toolchains/ and machines/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.sim.elf import Firmware

# Called with the number of inputs done, for progress bars.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Entry:
    """The function that an application calls for an inference, and how often it does: forge_invoke
    once, or PUSH_ROW with each row of the input."""

    symbol: str = "forge_invoke"
    calls: int = 1


INVOKE = Entry()
PUSH_ROW = "forge_push_row"


@dataclass(frozen=True)
class Probe:
    """Reads parts of the arena when execution reaches a symbol.

    symbol: the entry of a layer's function, or of the inference's, or "" for the moment that
    returns for the last time.
    reads: (offset in the arena, bytes) pieces, concatenated.
    layer: the layer whose instructions begin at symbol; -1 for the end.
    row: what the function is called with.
    """

    symbol: str
    reads: tuple[tuple[int, int], ...]
    layer: int
    row: int = 0


@dataclass(frozen=True, eq=False)
class Job:
    """What a machine is to run: it boots the firmware and feeds it the inputs, (n, bytes), in
    order: one sequence.

    output_bytes: of an answer. probes: in the order in which an inference reaches them; a symbol
    may come many times. entry: what it infers by.
    """

    firmware: Firmware
    inputs: npt.NDArray[np.int8]
    output_bytes: int
    probes: Sequence[Probe] = ()
    entry: Entry = INVOKE


@dataclass(frozen=True)
class Run:
    """What one run of the firmware over n inputs showed.

    outputs: int8 (n, output bytes). captured: a (n, bytes) int8 array a probe.
    instructions: int64 (n,), exact count from the entry of an inference's function to its
    return, over all its calls, or None.
    layer_instructions: int64 (n, highest probed layer + 1), from a layer's entry to the next
    one's, or None.
    arena_touched: highest arena byte ever written + 1, or None where it cannot be seen.
    stack_high_water_mark: bytes, or None. console: what the firmware printed.
    """

    outputs: npt.NDArray[np.int8]
    captured: tuple[npt.NDArray[np.int8], ...]
    instructions: npt.NDArray[np.int64] | None
    layer_instructions: npt.NDArray[np.int64] | None
    arena_touched: int | None
    stack_high_water_mark: int | None
    console: str


class Toolchain(Protocol):
    """Builds C and C++ sources for a core."""

    @property
    def name(self) -> str: ...

    def version(self) -> str:
        """The tool's own version string. ForgeError when it is not installed."""
        ...

    def build(
        self,
        sources: Sequence[Path],
        *,
        include: Sequence[Path],
        core: Core,
        memory: MemoryMap,
        output: Path,
    ) -> Firmware:
        """Compiles and links an ELF. ForgeError with the tool's message on any failure,
        warnings included; with the numbers when flash or RAM overflow."""
        ...

    def compile_to_read(
        self, source: Path, *, include: Sequence[Path], core: Core, output: Path
    ) -> Path:
        """An object file, not optimized and with debugging information: constants that an optimizer
        takes into its code are all in it. output: of build(), beside which it lies."""
        ...


class Machine(Protocol):
    """Executes firmware on the host."""

    @property
    def name(self) -> str: ...

    def version(self) -> str:
        """The tool's own version string. ForgeError when it is not installed."""
        ...

    def supports(self, core: Core) -> bool:
        """Whether this machine can run firmware built for the core."""
        ...

    def memory(self, core: Core, board: MemoryMap) -> MemoryMap:
        """What firmware must be linked for to run here: the board's memories, or the machine's
        own where it has no choice. ForgeError when the core is not supported."""
        ...

    def run(self, job: Job, progress: Progress | None = None) -> Run:
        """ForgeError when an inference does not reach its probes, and on any fault, with the
        address, the function it lies in and the console's last lines."""
        ...
