"""A network of few different weights by kernels that keep four bits of each: proved, its tables
read back, and what golden vectors see of its constants."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.engines.aot_firmware import build_firmware, project_files
from tests.ops.test_clustered import of_few_values
from tests.proof.test_prove import WEIGHTS, prove_files
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.choices import choices
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.planner import plan_of
from tinyforge.memory.progress import ignored
from tinyforge.memory.search import Aim, plan
from tinyforge.ops import OPS
from tinyforge.ops.base import CLUSTERED
from tinyforge.ops.kernels import portable
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import synthetic
from tinyforge.proof.oracle import reference_trace
from tinyforge.proof.readback import require_tables
from tinyforge.proof.visible import coverage
from tinyforge.report.choices import Choices

pytest.importorskip("unicorn")


def clustered() -> Graph:
    """Convolutions of 3x3 and of 1x1, and a dense layer whose channels are odd in number."""
    rng = np.random.default_rng(7)
    b = GraphBuilder("clustered")
    x = b.input((1, 9, 9, 8), 0.02, 3)
    x = layers.conv_2d(b, rng, x, filters=17, stride=(2, 2), activation=layers.RELU)
    x = layers.conv_2d(b, rng, x, filters=64, kernel=(1, 1), activation=layers.RELU6)
    x = layers.pool_2d(b, x, "AVERAGE_POOL_2D", kernel=(5, 5), stride=(5, 5))
    x = layers.reshape(b, x, (1, 64))
    return of_few_values(b.build([layers.fully_connected(b, rng, x, units=45)]))


GRAPH = clustered()
AIMS = {core: Aim("size", target_of(core)) for core in ("cortex-m4", "cortex-m0plus")}
PLAN = plan(GRAPH, AIMS["cortex-m4"])
LAYERS = [op.index for op in GRAPH.operators if OPS[op.op].weighted is not None]
LOWERED = compiled(PLAN)
FILES = dict(project_files(GRAPH, LOWERED))


@pytest.mark.parametrize("core", AIMS)
def test_it_is_bit_exact_within_its_memory(core: str, tmp_path: Path) -> None:
    found = plan(GRAPH, AIMS[core])
    assert [found.kernels[index].way for index in LAYERS] == [CLUSTERED] * 3
    files = dict(project_files(GRAPH, compiled(found)))
    proof = prove_files(files, tmp_path, found, GRAPH)
    assert proof.bit_exact
    assert proof.arena.touched == proof.arena.planned


@pytest.mark.parametrize("core", AIMS)
def test_a_dense_layer_that_takes_rows_as_they_come_is_too(core: str, tmp_path: Path) -> None:
    """Behind a picture whose rows are never there together."""
    rng = np.random.default_rng(2)
    b = GraphBuilder("picture")
    x = layers.conv_2d(b, rng, b.input((1, 12, 12, 1), 0.02, 3), filters=24)
    x = layers.reshape(b, x, (1, 12 * 12 * 24))
    graph = of_few_values(b.build([layers.fully_connected(b, rng, x, units=3)]))
    found = plan(graph, AIMS[core])
    kernel = found.kernels[found.order[-1]]
    assert (kernel.struct, kernel.way) == ("forge_fully_connected_pieces_clustered", CLUSTERED)
    assert prove_files(
        dict(project_files(graph, compiled(found))), tmp_path, found, graph
    ).bit_exact


def test_the_kernel_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=200).print(Choices("size", choices(PLAN, AIMS["cortex-m4"])))
    assert capsys.readouterr().out.count(CLUSTERED) == len(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("at", [0, 15, 16, -1])
def test_a_changed_value_or_index_is_named(layer: int, at: int, tmp_path: Path) -> None:
    """The table's first and last value, then the first two weights and the last."""
    table = f"forge_layer_{layer}_stream"
    found = re.search(rf"{table}\[\d+\] = {{\n(.*?)\n}};", FILES[WEIGHTS], re.DOTALL)
    assert found is not None
    numbers = list(re.finditer(r"\d+", found[1]))
    begin, end = (found.start(1) + place for place in numbers[at].span())
    text = FILES[WEIGHTS][:begin] + str(int(numbers[at][0]) ^ 1) + FILES[WEIGHTS][end:]
    firmware = build_firmware({**FILES, WEIGHTS: text}, tmp_path)
    with pytest.raises(ForgeError, match=rf"{table}\[{at % len(numbers)}\] is "):
        require_tables(firmware, LOWERED, GRAPH)


def test_golden_vectors_see_what_they_see_of_int8_weights() -> None:
    """Whichever kernels read them: the same weights and biases, bounds and zero points."""
    inputs = synthetic(GRAPH, 8, 0).inputs
    trace = reference_trace(GRAPH, inputs)
    plain = plan_of(LoweredGraph(GRAPH, portable(GRAPH)), by_rows=False, progress=ignored)
    found = [
        {
            (one.layer, re.sub(r".*[_(](\w+)\)?", r"\1", one.constant), one.pairs): one.seen
            for one in coverage(GRAPH, made, compiled(made), trace, inputs)
        }
        for made in (PLAN, plain)
    ]
    assert found[0] == found[1]
    assert all(found[0][layer, "weights", False] for layer in LAYERS)
