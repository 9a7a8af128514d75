"""A pruned network by kernels that skip zeros: proved within its memory, its tables read back, and
what golden vectors see of its constants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.engines.aot_firmware import build_firmware, project_files
from tests.ops.draw import without_blocks
from tests.ops.test_sparse_windows import network
from tests.proof.test_prove import WEIGHTS, prove_files
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.memory.choices import choices
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import Aim, plan
from tinyforge.ops import OPS, Table
from tinyforge.ops.base import LISTED
from tinyforge.ops.costs import table_bytes
from tinyforge.ops.target import target_of
from tinyforge.proof.examples import synthetic
from tinyforge.proof.oracle import reference_trace
from tinyforge.proof.readback import require_tables
from tinyforge.proof.visible import coverage
from tinyforge.report.choices import Choices

pytest.importorskip("unicorn")


def _multiplying(graph: Graph) -> list[Operator]:
    return [op for op in graph.operators if OPS[op.op].weighted is not None]


def pruned() -> Graph:
    """Two convolutions, two dense layers: the first without blocks, the others without single
    weights."""
    rng = np.random.default_rng(7)
    b = GraphBuilder("pruned")
    x = b.input((1, 9, 9, 8), 0.02, 3)
    x = layers.conv_2d(b, rng, x, filters=17, stride=(2, 2), activation=layers.RELU)
    x = layers.conv_2d(b, rng, x, filters=64, activation=layers.RELU6)
    x = layers.pool_2d(b, x, "AVERAGE_POOL_2D", kernel=(5, 5), stride=(5, 5))
    x = layers.reshape(b, x, (1, 64))
    x = layers.fully_connected(b, rng, x, units=90)
    graph = b.build([layers.fully_connected(b, rng, x, units=30)])
    tensors = list(graph.tensors)
    for op, single in zip(_multiplying(graph), (False, True, True, True), strict=True):
        weights = tensors[op.inputs[1]]
        assert weights.data is not None
        kept = weights.data * (rng.random(weights.shape) >= 0.9)
        data = kept if single else without_blocks(weights.data, 0.8, rng)
        tensors[weights.index] = replace(weights, data=data.astype(np.int8))
    return replace(graph, tensors=tuple(tensors))


GRAPH = pruned()
AIM = Aim("speed", target_of("cortex-m4"))
PLAN = plan(GRAPH, AIM)
LAYERS = _multiplying(GRAPH)
LOWERED = compiled(PLAN)
FILES = dict(project_files(GRAPH, LOWERED))


def test_each_layer_has_another_kernel_that_skips_zeros() -> None:
    ways = [PLAN.kernels[op.index].way for op in LAYERS]
    assert ways[0].startswith("sparse, 2x4 blocks")
    assert ways[1].startswith("sparse, listed weights, by")
    assert ways[2:] == ["sparse, listed weights"] * 2


def test_what_skipping_zeros_saves_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Over the dense block here, whose windows are too small for others to be quicker."""
    rows = choices(PLAN, AIM)
    saving = {row.layer: row for row in rows if row.with_zeros is not None}
    assert list(saving) == [op.index for op in LAYERS]
    for op in LAYERS:
        multiplying = [
            (k.cycles, table_bytes(k))
            for k in OPS[op.op].variants(GRAPH, op, AIM.target)
            if not k.way.startswith("sparse")
        ]
        other = saving[op.index].with_zeros
        assert other is not None
        assert (other.cycles, other.tables) == min(multiplying)
    tables, cycles = (
        sum(getattr(r.with_zeros, name) - getattr(r.taken, name) for r in saving.values())
        for name in ("tables", "cycles")
    )
    Console(width=200).print(Choices("speed", rows))
    said = f"Zeros are skipped in layers 0, 1, 4, 5: {tables:,} B of tables and {cycles:,} cycles"
    assert said in capsys.readouterr().out
    assert min(tables, cycles) > 0


def test_it_is_bit_exact_within_its_memory(tmp_path: Path) -> None:
    proof = prove_files(FILES, tmp_path, PLAN, GRAPH)
    assert proof.bit_exact
    assert proof.arena.touched == proof.arena.planned
    assert all(layer.bit_exact for layer in proof.instructions_by_layer)


@pytest.mark.parametrize("table", sorted(LOWERED.tables))
def test_any_element_of_a_table_that_was_changed_is_named(table: str, tmp_path: Path) -> None:
    found = re.search(rf"{table}\[\d+\] = {{\n(.*?)\n}};", FILES[WEIGHTS], re.DOTALL)
    assert found is not None
    numbers = list(re.finditer(r"-?\d+", found[1]))
    for at in (0, len(numbers) // 2, len(numbers) - 1):
        begin, end = (found.start(1) + place for place in numbers[at].span())
        text = FILES[WEIGHTS][:begin] + str(int(numbers[at][0]) ^ 1) + FILES[WEIGHTS][end:]
        firmware = build_firmware({**FILES, WEIGHTS: text}, tmp_path)
        with pytest.raises(ForgeError, match=rf"{table}\[{at}\] is "):
            require_tables(firmware, LOWERED, GRAPH)


def first_places(way: str, stream: npt.NDArray[np.int32]) -> Iterator[int]:
    """Bytes of a stream that say where the first weights of each list stand."""
    in_rows = way == "sparse, listed weights"
    at = 0 if in_rows else 1
    while at < len(stream):
        count = int(stream[at])
        if "blocks" in way:
            yield 4 * at + 12
            at += 3 + -(-count // 4) + 2 * count + 6
        else:
            yield 4 * at + (9 if in_rows else 8)
            at += 2 + (count if in_rows else -(-count // 2)) + 3


def wrong_layer(files: Mapping[str, str], workspace: Path, planned: Plan = PLAN) -> int | None:
    """That a proof names, for its outputs or for what it reads; None if there is none."""
    try:
        found = prove_files(files, workspace, planned, planned.graph).first_difference
    except ForgeError as error:
        named = re.match(r"layer (\d+) ", error.where)
        return int(named[1]) if named else None
    return found.layer if found else None


def test_places_one_further_on_are_found(tmp_path: Path) -> None:
    for index in (op.index for op in LAYERS):
        kernel = PLAN.kernels[index]
        stream = kernel.fields["dense.stream"]
        assert isinstance(stream, Table)
        values = stream.values.copy()
        values.view(np.uint8)[list(first_places(kernel.way, stream.values))] += 1
        assert wrong_layer(with_stream(FILES, index, values), tmp_path) == index


def with_stream(
    files: Mapping[str, str], layer: int, values: npt.NDArray[np.int32]
) -> Mapping[str, str]:
    """The same, with these words in a layer's stream."""
    text, count = re.subn(
        rf"(forge_layer_{layer}_stream\[\d+\] = {{\n).*?(\n}};)",
        rf"\g<1>  {', '.join(map(str, values.tolist()))}\g<2>",
        files[WEIGHTS],
        flags=re.DOTALL,
    )
    assert count == 1
    return {**files, WEIGHTS: text}


def test_least_memory_skips_zeros_as_well(tmp_path: Path) -> None:
    """In no more of it than with every weight, and a weight's place in the list is proved."""
    graph = network()
    small = plan(graph, replace(AIM, objective="size"))
    files = dict(project_files(graph, compiled(small)))
    listed = [index for index, kernel in small.kernels.items() if kernel.way == LISTED]
    assert len(listed) >= 2
    assert small.arena_bytes == plan(graph).arena_bytes
    assert prove_files(files, tmp_path, small, graph).bit_exact
    for index in listed:
        stream = small.kernels[index].fields["dense.stream"]
        assert isinstance(stream, Table)
        values = stream.values.copy()
        values.view(np.uint8)[6] += 1  # behind a bias and how many there are
        assert wrong_layer(with_stream(files, index, values), tmp_path, small) == index


def fed_by_rows() -> Graph:
    rng = np.random.default_rng(8)
    b = GraphBuilder("fed")
    x = layers.reshape(b, b.input((1, 8, 8, 8), 0.02, 3), (1, 512))
    graph = b.build([layers.fully_connected(b, rng, x, units=32)])
    tensors = list(graph.tensors)
    weights = tensors[graph.operators[-1].inputs[1]]
    assert weights.data is not None
    kept = weights.data * (rng.random(weights.shape) >= 0.8)
    tensors[weights.index] = replace(weights, data=kept.astype(np.int8))
    return replace(graph, tensors=tuple(tensors))


def test_zeros_are_skipped_in_rows_as_they_come(tmp_path: Path) -> None:
    """Fed by rows, an input of which no more than one is ever there."""
    graph = fed_by_rows()
    planned = plan(graph, AIM, by_rows=True)
    files = dict(project_files(graph, compiled(planned)))
    layer = graph.operators[-1].index
    kernel = planned.kernels[layer]
    assert kernel.function == "forge_sparse_pieces_accumulate"
    assert prove_files(files, tmp_path, planned, graph).bit_exact
    stream = kernel.fields["dense.stream"]
    assert isinstance(stream, Table)
    values = stream.values.copy()
    values.view(np.uint8)[4 * values[0] + 32 + 1] += 1  # behind a byte of each channel
    with pytest.raises(ForgeError, match="golden vector"):
        prove_files(with_stream(files, layer, values), tmp_path, planned, graph)


def test_what_golden_vectors_see_is_said_of_the_models_constants() -> None:
    inputs = synthetic(GRAPH, 8, 0).inputs
    found = coverage(GRAPH, PLAN, LOWERED, reference_trace(GRAPH, inputs), inputs)
    seen = {one.constant: one.seen for one in found if not one.pairs}
    for index in (op.index for op in LAYERS):
        packed = {name for name in seen if name.startswith(f"forge_layer_{index}_stream")}
        assert packed == {
            f"forge_layer_{index}_stream ({name})"
            for name in ("weights", "bias", "multiplier", "shift")
        }
    assert all(seen[f"forge_layer_{op.index}_stream (weights)"] > 100 for op in LAYERS[:2])
