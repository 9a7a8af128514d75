"""Cycles that portable C is said to take where it is compiled for size are near what is counted, of
layers in one model: only there do they share functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.corpus.layers import VALID
from tests.corpus.wide import wide
from tests.ops.test_clustered import of_few_values
from tinyforge import tflite
from tinyforge.bench.measure import measure
from tinyforge.cli.ui import Ui
from tinyforge.graph import DType, Graph
from tinyforge.memory import search
from tinyforge.memory.search import Aim, layer_cycles, plan
from tinyforge.ops import clustered
from tinyforge.ops.base import CLUSTERED
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import synthetic
from tinyforge.sim.toolchains import gcc
from tinyforge.source import Source
from tinyforge.spec import Spec, ToolchainChoice

pytest.importorskip("unicorn")
pytest.importorskip("tflite_micro")

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def network() -> Graph:
    """Every layer is an output, so that none runs within another."""
    rng, b = np.random.default_rng(3), GraphBuilder("network")
    x = b.input((1, 12, 10, 3), 1 / 64, -3)
    found: list[int] = []
    for filters, kernel, stride in ((10, 3, 1), (16, 1, 1), (21, 3, 2), (32, 1, 1), (7, 3, 1)):
        x = layers.conv_2d(
            b, rng, x, filters=filters, kernel=(kernel, kernel), stride=(stride, stride)
        )
        found.append(x)
    found.append(layers.conv_2d(b, rng, found[0], filters=8, dilation=(2, 2), padding=VALID))
    for size, multiplier in ((3, 1), (5, 1), (3, 2)):
        found.append(
            layers.depthwise_conv_2d(b, rng, found[1], kernel=(size, size), multiplier=multiplier)
        )
    for op in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        found.append(layers.pool_2d(b, found[3], op))
    found.append(layers.binary(b, rng, "MUL", found[1], found[1]))
    x = layers.reshape(b, x, (1, 6 * 5 * 7))
    for units in (32, 33, 3, 64):
        x = layers.fully_connected(b, rng, x, units=units)
        found.append(x)
    return b.build(found)


def with_int4_weights(graph: Graph) -> Graph:
    """Of convolutions; TensorFlow Lite Micro has it so."""
    tensors = list(graph.tensors)
    for op in graph.operators:
        if op.op in WEIGHTED[:2]:
            t = tensors[op.inputs[1]]
            assert t.data is not None
            tensors[t.index] = replace(t, dtype=DType.INT4, data=t.data >> 4)
    return replace(graph, tensors=tuple(tensors))


KINDS: Mapping[str, Callable[[Graph], Graph | None]] = {
    "int8": lambda graph: graph,
    "int16": wide,
    "int4": with_int4_weights,
    "few values": of_few_values,
}


def ratios(graph: Graph, core: str, compiler: ToolchainChoice) -> Iterator[tuple[str, float]]:
    """By operator: what is estimated over what is counted, instructions where there are no
    cycles."""
    source = Source(tflite.write(graph), graph)
    settings = Spec(optimize="size", toolchain=compiler, machine="unicorn")
    found = measure(source, synthetic(graph, 1, 0), core, settings, Ui(), timed_on=())
    planned = plan(graph, Aim("size", target_of(core)))
    assert not planned.chains
    for layer in found.layers:
        cost = layer.cycles.mid if layer.cycles else layer.instructions
        if layer.index in planned.kernels and cost:
            yield layer.op, layer_cycles(planned, layer.index) / cost


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize("kind", KINDS)
def test_estimates_are_near_what_is_counted(
    kind: str, core: str, compiler: ToolchainChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    monkeypatch.setattr(clustered, "OWN_CODE", -1000)  # few values are worth it in small layers
    monkeypatch.setattr(search, "OWN_CODE", 1)
    graph = KINDS[kind](network())
    assert graph is not None
    ways = {k.way for k in plan(graph, Aim("size", target_of(core))).kernels.values()}
    assert (CLUSTERED in ways) == (kind == "few values")
    found = list(ratios(graph, core, compiler))
    assert {name for name, _ in found} >= {*WEIGHTED, "MAX_POOL_2D", "AVERAGE_POOL_2D", "MUL"}
    for name, ratio in found:
        factor = 1.35 if kind in ("int8", "few values") and name in WEIGHTED else 2
        assert 1 / factor < ratio < factor, (name, ratio)
