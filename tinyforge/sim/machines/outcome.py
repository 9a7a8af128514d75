"""How a run ended: well, with one result an input, or as an error that says where and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.sim.base import Job
from tinyforge.sim.elf import Firmware

_CONSOLE_LINES = 8


def fault(
    what: str, firmware: Firmware, *, console: str, address: int | None = None, fix: str = ""
) -> ForgeError:
    """The error for firmware that went wrong. address: of the instruction, where it is known."""
    lines = console.strip().splitlines()[-_CONSOLE_LINES:]
    if lines:
        what = "\n".join([what, "the firmware's last words:", *(f"  {line}" for line in lines)])
    where = str(firmware.path)
    if address is not None:
        where = f"0x{address:08x} in {firmware.function_at(address)}, {where}"
    return ForgeError(what, where=where, fix=fix)


def zeros(
    job: Job,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], tuple[npt.NDArray[np.int8], ...]]:
    """Where a machine counts, and what it captures into: a Run's instructions,
    layer_instructions and captured."""
    inferences, layers = len(job.inputs), max((probe.layer for probe in job.probes), default=-1) + 1
    captured = (np.zeros((inferences, sum(n for _, n in p.reads)), np.int8) for p in job.probes)
    instructions = np.zeros(inferences, np.int64)
    return instructions, np.zeros((inferences, layers), np.int64), tuple(captured)


def outputs_of(job: Job, *, status: int, console: str, results: bytes) -> npt.NDArray[np.int8]:
    """The results as int8 (inferences, bytes of an answer).

    status: what the firmware ended with. ForgeError when it is not 0, or when results are missing.
    """
    if status != 0:
        raise fault(f"the firmware ended with status {status}", job.firmware, console=console)
    inferences, each = len(job.inputs), job.output_bytes
    if len(results) != inferences * each:
        raise fault(
            f"the firmware wrote {len(results)} bytes of results, expected {inferences} times "
            f"{each}",
            job.firmware,
            console=console,
        )
    return np.frombuffer(results, np.int8).reshape(inferences, each).copy()


def require_reached(job: Job, hits: Sequence[int]) -> None:
    """ForgeError unless every probe was reached in every inference. hits: one count a probe."""
    inferences = len(job.inputs)
    for probe, count in zip(job.probes, hits, strict=True):
        if count < inferences:
            raise ForgeError(
                f"{probe.symbol or 'the end of an inference'} was reached {count} times in "
                f"{inferences} inferences",
                where=str(job.firmware.path),
                fix="a layer's function must be external, not inlined, and always called",
            )
