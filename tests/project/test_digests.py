"""The self-test looks at every layer: what no answer shows still fails it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.device.emulated import Quiet
from tests.memory import graphs
from tinyforge import boards
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.graph import Graph
from tinyforge.memory.search import Aim, plan
from tinyforge.ops.forms import Blocks
from tinyforge.ops.target import target_of
from tinyforge.project import writer
from tinyforge.project.digests import FACTOR, digested
from tinyforge.proof.examples import synthetic
from tinyforge.sim.base import INVOKE, PUSH_ROW, Entry, Job, Probe
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import FeedChoice, Spec
from tinyforge.tflite import write

DIGESTS = "src/aot/digests.c"


def test_a_digest_is_its_definition() -> None:
    values = np.random.default_rng(0).integers(-128, 128, 300).astype(np.int8)
    expected = 7
    for byte in values.view(np.uint8).tolist():
        expected = (expected * FACTOR + byte) % 2**32
    assert digested(digested(7, values[:100]), values[100:]) == expected


def test_layers_whose_rows_come_out_of_step_have_none() -> None:
    found = plan(models.residual(1))
    layer = found.steps[0].layer
    assert layer in found.paces
    twisted = (found.finished[1], found.finished[0], *found.finished[2:])
    assert found.steps[1].layer == layer
    assert layer not in replace(found, finished=twisted).paces


def blocks(height: int) -> Graph:
    """Three layers that make several rows at once, where that is quick, one of them in a ring."""
    net = graphs.Net()
    x = net.input(1, height, 16, 16)
    for _ in range(3):
        x = net.conv(x, 16)
    return net.build(net.dense(net.reshape(x, 1, net.size(x)), 2))


@pytest.mark.parametrize("height", [12, 13, 14, 15])
def test_layers_that_make_several_rows_at_once_have_one(height: int) -> None:
    """In the last step those that are left."""
    found = plan(blocks(height), Aim("speed", target_of("cortex-m4")))
    several = [i for i, kernel in found.kernels.items() if isinstance(kernel.form, Blocks)]
    assert len(several) == 3
    for layer in several:
        form = found.kernels[layer].form
        assert isinstance(form, Blocks)
        assert found.paces[layer] == (0, form.rows, height)
    rooms = [found.places[t].room for i in several for t in found.graph.operators[i].outputs]
    assert 9 in rooms


@pytest.mark.parametrize("feed", ["frame", "rows"])
@pytest.mark.parametrize(
    "graph", [models.residual(1), blocks(12), blocks(15)], ids=["residual", "even", "odd"]
)
def test_a_layer_that_leaves_something_else_fails_the_self_test(
    graph: Graph, feed: FeedChoice, tmp_path: Path
) -> None:
    pytest.importorskip("unicorn")
    model = tmp_path / "model.tflite"
    model.write_bytes(write(graph))
    source = open_tflite(model, Quiet())
    examples = synthetic(source.graph, 3, seed=0)
    made = generate(source, examples, Spec(engine="aot", feed=feed, optimize="speed"), Quiet())
    project = writer.write(made.files, tmp_path / "project")
    board, runner = boards.roomy(made.board), machine("unicorn")

    def boot() -> None:
        firmware = build_firmware(project, "aot", board, compiler=toolchain(None), machine=runner)
        rows = source.graph.input_tensors[0].shape[1]
        entry = Entry(PUSH_ROW, rows) if feed == "rows" else INVOKE
        end = Probe("", (), -1)
        runner.run(Job(firmware, examples.inputs[:1], source.graph.output_bytes, [end], entry))

    boot()
    text = (project / DIGESTS).read_text()
    values = re.findall(r"0x[0-9a-f]{8}u", text)
    middle = len(values) // 2
    (project / DIGESTS).write_text(
        text.replace(values[middle], f"0x{int(values[middle][:-1], 16) ^ 1:08x}u")
    )
    with pytest.raises(ForgeError, match=f"golden vector {middle}: a layer's values differ"):
        boot()
