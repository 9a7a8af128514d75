"""Layers whose activation bounds coincide: compilers leave their tables out, and all is proved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.device.emulated import Quiet
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated, generate
from tinyforge.graph import Graph, Quant
from tinyforge.project import writer
from tinyforge.proof.examples import Examples, synthetic
from tinyforge.proof.readback import require_constants
from tinyforge.proof.record import Proof
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.tflite import write
from tinyforge.verification import verify_folder

pytest.importorskip("unicorn")

RELU = 1


def settled(b: GraphBuilder, t: int) -> int:
    """A layer with RELU whose real 0 is its greatest value."""
    tensor = b.tensors[t]
    b.tensors[t] = replace(tensor, quant=Quant((tensor.scale,), (127,)))
    return t


def graph_of(kind: str) -> Graph:
    """One layer, whose function compilers therefore make for it alone."""
    b, rng = GraphBuilder(kind), np.random.default_rng(0)
    x = b.input((1, 8, 8, 4), 0.02, 3)
    if kind == "sum":
        addend = b.constant(
            rng.integers(-99, 99, (1, 8, 8, 4)).astype(np.int8), Quant((0.03,), (2,))
        )
        y = layers.binary(b, rng, "ADD", x, addend, activation=RELU)
    elif kind == "dense":
        y = layers.fully_connected(b, rng, x, units=5, activation=RELU)
    else:
        y = layers.conv_2d(b, rng, x, filters=6, activation=RELU)
    return b.build([settled(b, y)])


class Written:
    """A project, and the proof of what lies in its folder."""

    def __init__(self, folder: Path, kind: str, compiler: str = "gcc") -> None:
        model = folder / "model.tflite"
        model.write_bytes(write(graph_of(kind)))
        source = open_tflite(model, Quiet())
        self.settings = Spec(engine="aot", optimize="size", toolchain=compiler)
        self.examples: Examples = synthetic(source.graph, 4, seed=0)
        self.made: Generated = generate(source, self.examples, self.settings, Quiet())
        self.project = writer.write(self.made.files, folder / "project")

    def proof(self) -> Proof:
        return verify_folder(self.made, self.project, self.examples, self.settings, Quiet())


@pytest.mark.parametrize(
    ("kind", "compiler"),
    [("sum", "gcc"), ("dense", "gcc"), ("convolution", "gcc"), ("convolution", "zig")],
)
def test_layers_without_influence_are_proved_and_named(
    kind: str, compiler: str, tmp_path: Path
) -> None:
    written = Written(tmp_path, kind, compiler)
    lowered, proof = written.made.lowered["aot"], written.proof()
    assert proof.bit_exact
    members = sum(map(len, lowered.parameters.values()))
    assert proof.constants == sum(t.values.size for t in lowered.tables.values()) + members
    assert proof.without_influence == (0,)


def test_one_that_was_changed_is_named_nevertheless(tmp_path: Path) -> None:
    written = Written(tmp_path, "convolution")
    weights = written.project / "src/aot/weights.c"
    text = weights.read_text()
    at = text.index("{", text.index("forge_layer_0_weights[")) + 1
    weights.write_text(f"{text[:at]} 1 +{text[at:]}")
    with pytest.raises(ForgeError, match=r"forge_layer_0_weights\[0\] is") as caught:
        written.proof()
    assert "layer 0 " in caught.value.where


def test_a_table_that_matters_may_not_be_missing(tmp_path: Path) -> None:
    written = Written(tmp_path, "convolution")
    compiler, output = toolchain("gcc"), tmp_path / "out.elf"
    board, runner = written.made.board, machine("unicorn")
    firmware = build_firmware(written.project, "aot", board, compiler=compiler, machine=runner)
    lowered, graph = written.made.lowered["aot"], written.made.source.graph_of("aot")
    members = {**lowered.parameters["layer_0"], "requantization.activation_min": 126}
    with pytest.raises(ForgeError, match="lacks the constant forge_layer_0_weights") as caught:
        require_constants(
            firmware, written.project, replace(lowered, parameters={"layer_0": members}), graph,
            compiler=compiler, output=output,
        )  # fmt: skip
    assert "layer 0 CONV_2D" in caught.value.where
