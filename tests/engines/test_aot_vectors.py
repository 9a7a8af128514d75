"""A whole model on vectors of a Cortex-M55, convolutions alone and in chains: every layer is
proved."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tests.bench.figures import MODELS
from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.engines.aot_firmware import build_firmware, project_files
from tinyforge.bench.measure import measure
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.cli.ui import Ui
from tinyforge.engines.aot import compiled
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, plan
from tinyforge.ops.matrix import WAY, WAY_3X3
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import Examples
from tinyforge.sim.toolchains import gcc
from tinyforge.source import open_tflite
from tinyforge.spec import OptimizeChoice, Spec, ToolchainChoice
from tinyforge.tflite import read_file
from tinyforge.tflite.writer import write

CORE = "cortex-m55"
OBJECTIVES: tuple[Literal["speed", "balanced"], ...] = ("speed", "balanced")
ROOMY = MemoryMap(flash=Region(0, 4 << 20), ram=Region(0x20000000, 1 << 20))


def model() -> Graph:
    """Widths that no four divides: 26, 13, 11, 9."""
    b, rng = GraphBuilder(), np.random.default_rng(3)
    x = b.input((1, 26, 26, 1), 0.05, 3)
    for filters, kernel in ((20, 3), (16, 1), (16, 3), (8, 3)):
        x = layers.conv_2d(b, rng, x, filters=filters, kernel=(kernel, kernel), padding=layers.SAME)
        if filters == 20:
            x = layers.pool_2d(b, x, "MAX_POOL_2D", kernel=(2, 2), stride=(2, 2))
    return b.build([x])


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_is_proved(compiler: ToolchainChoice, objective: OptimizeChoice, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    path = tmp_path / "model.tflite"
    path.write_bytes(write(model()))
    source = open_tflite(path, Ui())
    inputs = np.random.default_rng(0).integers(-128, 128, (2, source.graph.input_bytes))
    settings = Spec(toolchain=compiler, optimize=objective)
    measure(source, Examples(inputs.astype(np.int8)), CORE, settings, Ui())


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("name", MODELS)
def test_shared_models_compile(name: str, compiler: str, corpus: Path, tmp_path: Path) -> None:
    """Without a warning, whatever is chosen."""
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    _, graph = read_file(corpus / "models" / f"{name}.tflite")
    for objective in OBJECTIVES:
        lowered = compiled(plan(graph, Aim(objective, target_of(CORE))))
        folder = tmp_path / objective
        build_firmware(
            project_files(graph, lowered), folder, compiler=compiler, core=CORE, memory=ROOMY
        )


def test_it_has_both_ways_and_chains() -> None:
    found = {o: plan(model(), Aim(o, target_of(CORE))) for o in OBJECTIVES}
    ways = {kernel.way for p in found.values() for kernel in p.kernels.values()}
    assert {WAY, WAY_3X3} <= ways
    assert found["balanced"].chain_of
