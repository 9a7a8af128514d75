"""A kernel alone in a firmware, compiled for its constants: its cost on a core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.ops import harness
from tinyforge.boards.cores import CORES, Core
from tinyforge.boards.flash_reads import MemorySystem
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.graph import Graph, Tensor
from tinyforge.ops import Kernel
from tinyforge.ops.forms import aligned
from tinyforge.resources import folder
from tinyforge.sim.base import Job, Machine, Probe, Toolchain
from tinyforge.sim.cycles.count import cycles_by_layer
from tinyforge.sim.machines import machine
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains.build import port

_MEMORY = MemoryMap(flash=Region(0, 4 << 20), ram=Region(0x20000000, 1 << 20))
_PROBES = (Probe("layer", (), 0), Probe("", (), -1))
_MAIN = """
#include "forge/forge.h"
#include "forge/forge_port.h"
#define SEEN __attribute__((noinline))
int32_t input[{words}], output[{output_words}];
void case_0({types});
SEEN void layer(void) {{ case_0({inputs}, (int8_t *)output); }}
SEEN forge_status forge_init(void) {{
  forge_port_init();
  return forge_port_read_frame((int8_t *)input, {nbytes}) ? FORGE_OK : FORGE_ERROR_STATE;
}}
SEEN forge_status forge_invoke(void) {{
  layer();
  return FORGE_OK;
}}
void forge_app_main(void) {{
  forge_status status = forge_init();
  if (status == FORGE_OK) status = forge_invoke();
  forge_port_write_result((int8_t *)output, {output_bytes});
  forge_port_exit((int)status);
}}
"""


@dataclass(frozen=True, eq=False)
class Alone:
    """instructions: of an inference."""

    output: npt.NDArray[np.int8]
    instructions: int


@dataclass(frozen=True, eq=False)
class Timed(Alone):
    """cycles: by the mid model. simulated: in each memory system that was asked for. code: bytes of
    instructions that run, in whole words."""

    cycles: int
    simulated: Sequence[int]
    code: int


def run(
    graph: Graph,
    kernel: Kernel,
    inputs: Sequence[npt.NDArray[np.int8]],
    compiler: Toolchain,
    workspace: Path,
    systems: Sequence[MemorySystem] = (),
) -> Timed:
    """The graph's only operator by a kernel of it, on a Cortex-M4. inputs: each a tensor."""
    made = _built(graph, kernel, inputs, compiler, workspace, CORES["cortex-m4"], _MEMORY)
    found = _counted(made, Unicorn())
    profile = Unicorn().profile(made.job, systems=systems)
    cycles = cycles_by_layer(profile, made.job.firmware)[0].mid
    simulated = [clock[0] for clock in profile.simulated]
    words = {
        word
        for block in profile.blocks
        if block.layer == 0
        for word in range(block.address // 4, (block.address + block.size + 3) // 4)
    }
    return Timed(found.output, found.instructions, cycles, simulated, 4 * len(words))


def counted(
    graph: Graph,
    kernel: Kernel,
    inputs: Sequence[npt.NDArray[np.int8]],
    compiler: Toolchain,
    workspace: Path,
) -> Alone:
    """The same on a Cortex-M55, of which there is no model of cycles."""
    core, emulator = CORES["cortex-m55"], machine("qemu")
    memory = emulator.memory(core, _MEMORY)
    return _counted(_built(graph, kernel, inputs, compiler, workspace, core, memory), emulator)


def on(
    graph: Graph,
    kernel: Kernel,
    inputs: Sequence[npt.NDArray[np.int8]],
    compiler: Toolchain,
    workspace: Path,
    core: str,
) -> Alone:
    """The same on another core that unicorn emulates."""
    return _counted(
        _built(graph, kernel, inputs, compiler, workspace, CORES[core], _MEMORY), Unicorn()
    )


@dataclass(frozen=True)
class _Built:
    """job: all inputs at once, (1, bytes)."""

    job: Job
    result: Tensor


def _counted(made: _Built, emulator: Machine) -> Alone:
    done = emulator.run(made.job)
    assert done.layer_instructions is not None
    outputs = done.outputs.reshape(made.result.shape)
    return Alone(outputs, int(done.layer_instructions[0, 0]))


def _built(
    graph: Graph,
    kernel: Kernel,
    inputs: Sequence[npt.NDArray[np.int8]],
    compiler: Toolchain,
    workspace: Path,
    core: Core,
    memory: MemoryMap,
) -> _Built:
    result = graph.tensors[graph.outputs[0]]
    frame = b"".join(x.tobytes().ljust(aligned(x.nbytes), b"\0") for x in inputs)
    places = np.cumsum([0, *(aligned(x.nbytes) for x in inputs)])[:-1]
    (workspace / "layer.c").write_text(harness.kernel_source(0, graph, kernel))
    (workspace / "main.c").write_text(
        _MAIN.format(
            types=", ".join(["int8_t *"] * (len(inputs) + 1)),
            inputs=", ".join(f"(int8_t *)input + {place}" for place in places),
            words=len(frame) // 4,
            output_words=-(-result.nbytes // 4),
            nbytes=len(frame),
            output_bytes=result.nbytes,
        )
    )
    firmware = compiler.build(
        [workspace / "layer.c", workspace / "main.c", *port("sim")],
        include=[folder("firmware"), folder("firmware") / "include"],
        core=core,
        memory=memory,
        output=workspace / "alone.elf",
    )
    feed = np.frombuffer(frame, np.int8).reshape(1, -1)
    return _Built(Job(firmware, feed, result.nbytes, _PROBES), result)
