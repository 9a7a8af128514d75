"""The model of tests/sim/tiny_model: how to build it, and what it must do, counted by hand."""

from pathlib import Path

import numpy as np

from tinyforge.boards.cores import CORES, Core
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.resources import folder
from tinyforge.sim.base import Probe, Toolchain
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains.build import port

SOURCES = Path(__file__).parent / "tiny_model"
OUTPUT_BYTES = 4
# An odd number of pages at odd places: a machine must map exactly this.
MEMORY = MemoryMap(flash=Region(0x08000000, 37 * 1024), ram=Region(0x20000400, 13 * 1024))

# Where the model's parts lie in its arena.
PROBES = (
    Probe("forge_layer_0", ((0, 8),), 0),
    Probe("forge_layer_1", ((16, 4), (20, 4)), 1),
    Probe("", ((32, 4),), -1),
)
ARENA_TOUCHED = 40

# Instructions, counted in layers.S. A layer ends where the next one begins, so the `bl` between
# them belongs to layer 0, and forge_invoke's end to layer 1.
INVOKE_START = 2
LAYER_0 = 2 + 8 * 6 + 1 + 1


def layer_1(core: Core, first_input: int) -> int:
    not_on_m0 = 0 if core.name == "cortex-m0plus" else 5 + 3
    return 3 + 2 * (first_input + 1) + 2000 + 3 + 1 + 4 * 7 + not_on_m0 + 1 + 2


def inputs(count: int) -> np.ndarray:
    """int8 (count, 8), the first of each at least 0."""
    values = np.random.default_rng(7).integers(-128, 128, (count, 8)).astype(np.int8)
    values[:, 0] = np.arange(count)
    return values


def expected(x: np.ndarray) -> np.ndarray:
    """int8 (n, 4) for int8 (n, 8), wrapping as bytes do."""
    return (x[:, :4].view(np.uint8) + x[:, 4:].view(np.uint8) + np.uint8(2)).view(np.int8)


def build(
    toolchain: Toolchain,
    output: Path,
    *,
    core: str = "cortex-m4",
    memory: MemoryMap = MEMORY,
    extra: str = "",
    more: tuple[Path, ...] = (),
    model: str = "",
    golden: tuple[int, ...] = (8, 10, 12, 14),
    ports: str = "sim",
) -> Firmware:
    """Builds the model.

    extra: instructions at the start of forge_invoke. model: more C. golden: the output that the
    self-test expects.
    """
    layers = output.parent / ("layers.c" if ports == "native" else "layers.S")
    layers.write_text((SOURCES / layers.name).read_text().replace("/* EXTRA */", extra))
    source = output.parent / "model.c"
    text = (SOURCES / "model.c").read_text() + model
    source.write_text(text.replace("{8, 10, 12, 14}", "{" + ", ".join(map(str, golden)) + "}"))
    firmware = folder("firmware")
    return toolchain.build(
        [source, layers, firmware / "apps" / "classify.c", *port(ports), *more],
        include=[SOURCES, firmware / "include"],
        core=CORES[core],
        memory=memory,
        output=output,
    )
