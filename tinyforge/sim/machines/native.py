"""Runs firmware as a shared library of this computer, in a process of its own.

The fastest machine, and where compilers' and debuggers' own tools apply. It proves arithmetic, not
memory or time: a computer's stack and instructions are not a microcontroller's.
"""

from __future__ import annotations

import json
import platform
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tinyforge.boards.cores import Core
from tinyforge.boards.memory import MemoryMap
from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job, Progress, Run
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.outcome import fault

# Names of the files by which parent and child exchange a run.
REQUEST, INPUTS, RESULT = "request.json", "inputs.npy", "result.npz"
# The child's exit status when it has said on its console what is wrong.
REFUSED = 3

_CHILD = "tinyforge.sim.machines.native_child"


@dataclass(frozen=True)
class Native:
    """Implements Machine, for firmware that the toolchain Host has built.

    stall_seconds: a build that finishes no input for so long is taken to hang.
    """

    name: str = "native"
    stall_seconds: float = 60.0

    def version(self) -> str:
        return f"native {platform.machine()}"

    def supports(self, core: Core) -> bool:  # noqa: ARG002 - portable C runs for any
        return True

    def memory(self, core: Core, board: MemoryMap) -> MemoryMap:  # noqa: ARG002 - any core's
        return board

    def run(self, job: Job, progress: Progress | None = None) -> Run:
        """Calls the entry for each input; before all that, for each input one by one the layers
        that probes name. ForgeError when the two ways end in different results."""
        firmware = job.firmware
        if firmware.core is not None:
            raise ForgeError(
                f"this firmware was built for {firmware.core.name}, not for this computer",
                where=str(firmware.path),
                fix="use --machine unicorn or qemu",
            )
        with tempfile.TemporaryDirectory(prefix="forge") as name:
            folder = Path(name)
            request = {
                "library": str(firmware.path.resolve()),
                "output_bytes": job.output_bytes,
                "entry": asdict(job.entry),
                "probes": [asdict(probe) for probe in job.probes],
            }
            (folder / REQUEST).write_text(json.dumps(request))
            np.save(folder / INPUTS, job.inputs)
            console = _run_child(firmware, folder, self.stall_seconds, progress)
            with np.load(folder / RESULT) as result:
                return Run(
                    outputs=result["outputs"],
                    captured=tuple(result[f"captured{n}"] for n in range(len(job.probes))),
                    instructions=None,
                    layer_instructions=None,
                    arena_touched=None,
                    stack_high_water_mark=None,
                    console=console,
                )


def _run_child(
    firmware: Firmware, folder: Path, stall_seconds: float, progress: Progress | None
) -> str:
    """Runs the child to its end and returns its console. ForgeError if that is no good end."""
    log = folder / "console.txt"
    with log.open("wb") as console:
        child = subprocess.Popen(
            [sys.executable, "-m", _CHILD, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=console,
        )
    with child:
        finished = _follow(child, stall_seconds, progress)
    said = log.read_text(encoding="utf-8", errors="replace")
    if not finished:
        raise fault(
            f"the native build hangs: no result for {stall_seconds:g} s", firmware, console=said
        )
    if child.returncode < 0:
        what = f"the native build crashed: {signal.Signals(-child.returncode).name}"
        raise fault(what, firmware, console=said)
    if child.returncode == REFUSED:
        raise fault("the native build failed", firmware, console=said)
    if child.returncode != 0:
        raise RuntimeError(f"native_child ended with status {child.returncode}:\n{said}")
    return said


def _follow(
    child: subprocess.Popen[bytes], stall_seconds: float, progress: Progress | None
) -> bool:
    """Passes on the count of finished inputs, a line each. False when they stop coming. However it
    ends, also by an interrupt, the child has said its last word then, or is killed."""
    lines: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None
        for line in iter(child.stdout.readline, b""):
            lines.put(line)
        lines.put(b"")

    reader, finished = threading.Thread(target=read, daemon=True), False
    reader.start()
    try:
        while line := lines.get(timeout=stall_seconds):
            if progress is not None:
                progress(int(line))
        finished = True
    except queue.Empty:
        pass
    finally:
        if not finished:
            child.kill()
        reader.join()
    return finished
