"""A kernel alone in a firmware, compiled for its constants: its cost on a Cortex-M4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.ops import harness
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.graph import Graph
from tinyforge.ops import Kernel
from tinyforge.ops.forms import aligned
from tinyforge.resources import folder
from tinyforge.sim.base import Probe, Toolchain
from tinyforge.sim.cycles.count import cycles_by_layer
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
    """cycles: by the mid model."""

    output: npt.NDArray[np.int8]
    instructions: int
    cycles: int


def run(
    graph: Graph,
    kernel: Kernel,
    inputs: Sequence[npt.NDArray[np.int8]],
    compiler: Toolchain,
    workspace: Path,
) -> Alone:
    """The graph's only operator by a kernel of it. inputs: each a tensor's values."""
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
        core=CORES["cortex-m4"],
        memory=_MEMORY,
        output=workspace / "alone.elf",
    )
    feed = np.frombuffer(frame, np.int8).reshape(1, -1)
    done = Unicorn().run(firmware, feed, output_bytes=result.nbytes, probes=_PROBES)
    profile = Unicorn().profile(
        firmware, feed, output_bytes=result.nbytes, probes=_PROBES, systems=()
    )
    assert done.layer_instructions is not None
    return Alone(
        done.outputs.reshape(result.shape),
        int(done.layer_instructions[0, 0]),
        cycles_by_layer(profile, firmware)[0].mid,
    )
