"""Compiled models as whole firmware for an emulated core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.engines.base import Lowered
from tinyforge.graph import Graph
from tinyforge.project.model_files import Golden, model_files
from tinyforge.proof.oracle import answer, reference_trace
from tinyforge.resources import folder
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains import toolchain
from tinyforge.sim.toolchains.build import port

MEMORY = MemoryMap(flash=Region(0, 256 * 1024), ram=Region(0x20000000, 64 * 1024))
APPLICATION = folder("firmware") / "apps" / "classify.c"


def project_files(graph: Graph, lowered: Lowered) -> Mapping[str, str]:
    """The engine's sources, model.h, and one golden vector from the NumPy models."""
    inputs = np.random.default_rng(5).integers(-128, 128, (1, graph.input_bytes)).astype(np.int8)
    golden = Golden(inputs, answer(graph, reference_trace(graph, inputs)))
    return {**lowered.files, **model_files(graph, (), golden, by_rows=lowered.by_rows)}


def build_firmware(
    files: Mapping[str, str],
    workspace: Path,
    *,
    compiler: str = "gcc",
    core: str = "cortex-m4",
    memory: MemoryMap = MEMORY,
    application: Path = APPLICATION,
) -> Firmware:
    """Writes the files and builds them with the runtime, the application and the emulator's port.

    Objects lie in workspace/firmware.objects, those of the generated sources first.
    """
    sources: list[Path] = []
    for name, text in files.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".c":
            sources.append(path)
    runtime = folder("firmware")
    return toolchain(compiler).build(
        [*sources, runtime / "engines" / "common.c", application, *port("sim")],
        include=includes(workspace),
        core=CORES[core],
        memory=memory,
        output=workspace / "firmware.elf",
    )


def includes(workspace: Path) -> Sequence[Path]:
    runtime = folder("firmware")
    return [workspace / "include", workspace / "src" / "aot", runtime, runtime / "include"]
