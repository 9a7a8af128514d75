"""The proof finds what is wrong: faults planted in generated sources, on the emulated core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus import models
from tests.engines.aot_firmware import APPLICATION, MEMORY, build_firmware, project_files
from tinyforge.boards import load
from tinyforge.boards.timing import BoardCycles, timing
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.proof.oracle import reference_trace
from tinyforge.proof.prove import prove
from tinyforge.proof.record import Proof
from tinyforge.proof.subject import Subject
from tinyforge.sim.base import Machine
from tinyforge.sim.machines import machine
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.profile import Profile

pytest.importorskip("unicorn")

GRAPH = models.residual(1)
COUNT = 4
# Convolutions that run within the additions that follow them.
WITHIN = {2: 3, 5: 7}
WEIGHTS, MODEL = "src/aot/weights.c", "src/aot/model.c"


def prove_files(
    files: Mapping[str, str],
    workspace: Path,
    planned: Plan,
    graph: Graph = GRAPH,
    count: int = COUNT,
    runner: Machine | None = None,
) -> Proof:
    """A proof of these sources against the NumPy models, on unicorn unless another is given.

    The application goes on after a failed self-test; not one that is fed by rows.
    """
    size = graph.tensors[graph.inputs[0]].nbytes
    x = np.random.default_rng(9).integers(-128, 128, (count, size)).astype(np.int8)
    keep_going = Path(__file__).parent / "keep_going.c"
    application = APPLICATION if planned.by_rows else keep_going
    subject = Subject(
        graph=graph,
        plan=planned,
        lowered=compiled(planned),
        firmware=build_firmware(files, workspace, application=application),
        board=load("nrf52840_dk"),
        toolchain="gcc",
        timed_on=(load("nucleo_l4r5zi"), load("nucleo_f446re"), load("nrf52840_dk")),
        inputs=x,
        labels=reference_trace(graph, x)[graph.outputs[0]].argmax(axis=1),
    )
    expected = reference_trace(graph, x)
    return prove(subject, expected, oracle="NumPy", machine=runner or machine("unicorn"))


class Unwatched(Unicorn):
    """The emulator where nobody looks whether layers keep to their plan: values alone show it."""

    def profile(self, *args: Any, **kwargs: Any) -> Profile:
        return super().profile(*args, **{**kwargs, "grants": None})


def sources(planned: Plan) -> dict[str, str]:
    return dict(project_files(GRAPH, compiled(planned)))


def changed(files: Mapping[str, str], name: str, pattern: str, new: str) -> dict[str, str]:
    """The files with one replacement in one of them."""
    text, count = re.subn(pattern, new, files[name])
    assert count == 1, pattern
    assert text != files[name]
    return {**files, name: text}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    planned = plan(GRAPH)
    return prove_files(sources(planned), tmp_path_factory.mktemp("sound"), planned)


def test_sound_firmware_is_bit_exact(sound: Proof) -> None:
    assert sound.bit_exact
    assert sound.first_difference is None
    exact = {layer.index: layer.bit_exact for layer in sound.instructions_by_layer}
    within = {layer.index: layer.within for layer in sound.instructions_by_layer}
    assert exact == {op.index: None if op.index in WITHIN else True for op in GRAPH.operators}
    assert within == {op.index: WITHIN.get(op.index) for op in GRAPH.operators}
    assert (sound.inputs, sound.layers) == (COUNT, len(GRAPH.operators))
    assert sound.accuracy == 1.0
    assert (sound.engine, sound.board, sound.core) == ("aot", "nrf52840_dk", "cortex-m4")
    assert sound.oracle == "NumPy"
    assert sound.machine.startswith("unicorn ")


def test_memory_is_what_was_planned_and_adds_up(sound: Proof) -> None:
    planned = plan(GRAPH)
    # The arena may end in padding that nothing writes, but in no byte that no tensor has.
    assert sound.arena.planned == sound.arena.touched == planned.arena_bytes
    assert sound.arena.lower_bound == planned.lower_bound
    assert max(s.offset + s.nbytes for s in sound.arena.slots) == planned.arena_bytes
    ram, flash = sound.ram, sound.flash
    assert ram is not None
    assert flash is not None
    assert ram.arena == planned.arena_bytes
    assert ram.stack is not None
    assert 0 < ram.stack < 2048
    assert ram.total == ram.arena + ram.data_bss + ram.stack
    weights = sum(
        t.nbytes for op in GRAPH.operators for t in (GRAPH.tensors[i] for i in op.inputs)
        if t.data is not None and op.op != "RESHAPE"
    )  # fmt: skip
    channels = sum(
        GRAPH.tensors[op.outputs[0]].shape[-1] for op in GRAPH.operators if op.op == "CONV_2D"
    )
    # Beside weights and biases: multiplier and shift of each channel and of the dense layer, and
    # LOGISTIC's table.
    assert flash.weights == weights + 5 * (channels + 1) + 256
    assert flash.test_vectors == 8 * 8 * 3 + 4
    assert flash.total == flash.code + flash.weights + flash.test_vectors
    assert flash.total < MEMORY.flash.size


def test_instructions_add_up(sound: Proof) -> None:
    assert sound.instructions is not None
    assert sound.instructions_min is not None
    assert sound.instructions_max is not None
    assert sound.instructions_min <= sound.instructions <= sound.instructions_max
    layers = {layer.index: layer for layer in sound.instructions_by_layer}
    assert [layer.index for layer in sound.instructions_by_layer] == list(plan(GRAPH).order)
    costs = [layer.instructions or 0 for layer in layers.values()]
    assert abs(sum(costs) - sound.instructions) < 50  # forge_invoke itself, and rounding
    for op in GRAPH.operators:
        layer = layers[op.index]
        if op.index in WITHIN:
            assert layer.instructions is None
            layer = replace(layers[WITHIN[op.index]], macs=layer.macs)
        assert layer.macs == 0 or (layer.instructions or 0) > layer.macs
        assert (layer.instructions == 0) == (op.op == "RESHAPE")
        layer = layers[op.index]
        assert layer.output_shape == GRAPH.tensors[op.outputs[0]].shape
        assert layer.output_bytes == GRAPH.tensors[op.outputs[0]].nbytes
    assert layers[0].macs == 8 * 8 * 6 * 27


def test_cycles_are_those_of_the_layers(sound: Proof) -> None:
    found = sound.cycles
    assert found is not None
    assert found.low < found.mid < found.high
    assert sound.instructions is not None
    assert sound.instructions < found.low < 2 * sound.instructions
    rows = [row for row in sound.instructions_by_layer if row.index not in WITHIN]
    layers = [row.cycles for row in rows]
    assert all(layer is not None for layer in layers)
    # forge_invoke itself belongs to no layer.
    assert 0 <= found.mid - sum(layer.mid for layer in layers if layer) < 50
    assert all(
        (layer is not None and layer.mid == 0) == (row.op == "RESHAPE")
        for layer, row in zip(layers, rows, strict=True)
    )


def test_time_is_that_of_the_first_board_by_layers_too(sound: Proof) -> None:
    """The boards' wait states are 5 both; a read brings 8 bytes on one, 16 on the other."""
    assert list(sound.on_boards) == ["nucleo_l4r5zi", "nucleo_f446re", "nrf52840_dk"]
    there, other, unknown = sound.on_boards.values()
    assert sound.time == timing(load("nucleo_l4r5zi"), sound.instructions, there)
    assert sound.cycles is not None
    assert sound.cycles.mid < other.mid < there.mid < 2 * sound.cycles.mid
    assert unknown == BoardCycles(sound.cycles.low, None, sound.cycles.high)
    layers = [row.simulated for row in sound.instructions_by_layer if row.index not in WITHIN]
    assert 0 <= there.mid - sum(layer for layer in layers if layer is not None) < 400
    assert all(row.simulated is None for row in sound.instructions_by_layer if row.index in WITHIN)


def assert_found(proof: Proof, layer: int) -> None:
    """The layer in which this one runs is the first one named, and each one before it is exact."""
    layer = WITHIN.get(layer, layer)
    assert not proof.bit_exact
    found = proof.first_difference
    assert found is not None
    op = GRAPH.operators[layer]
    out = GRAPH.tensors[op.outputs[0]]
    assert (found.layer, found.op, found.name) == (layer, op.op, out.name)
    assert found.expected != found.actual
    assert len(found.index) == len(out.shape)
    assert all(0 <= i < n for i, n in zip(found.index, out.shape, strict=True))
    exact = {row.index: row.bit_exact for row in proof.instructions_by_layer}
    assert all(exact[i] for i in range(layer) if i not in WITHIN)
    assert not exact[layer]


@pytest.mark.parametrize("layer", [0, 1, 6, 10])
def test_one_wrong_weight_is_found(layer: int, tmp_path: Path) -> None:
    planned = plan(GRAPH)
    table = rf"(forge_layer_{layer}_weights\[\d+\] = {{\s*)(-?\d+)"
    files = sources(planned)
    value = re.search(table, files[WEIGHTS])
    assert value is not None
    wrong = -128 if int(value[2]) > 0 else 127
    assert_found(
        prove_files(changed(files, WEIGHTS, table, rf"\g<1>{wrong}"), tmp_path, planned), layer
    )


def test_a_wrong_multiplier_within_another_layer_is_found(tmp_path: Path) -> None:
    planned = plan(GRAPH)
    table = r"(forge_layer_5_multiplier\[\d+\] = {\s*)\d+"
    files = changed(sources(planned), WEIGHTS, table, rf"\g<1>{2**30}")
    assert_found(prove_files(files, tmp_path, planned), 5)


def test_one_wrong_zero_point_is_found(tmp_path: Path) -> None:
    planned = plan(GRAPH)
    field = r"(layer_3 = {[^}]*\.scaling\.output_zero_point = )(-?\d+)"
    files = sources(planned)
    value = re.search(field, files[MODEL])
    assert value is not None
    wrong = int(value[2]) - 1
    assert_found(prove_files(changed(files, MODEL, field, rf"\g<1>{wrong}"), tmp_path, planned), 3)


def test_a_layer_that_is_wrong_from_its_third_call_on_is_found(tmp_path: Path) -> None:
    """By a single input, which runs again and again; the call before is the self-test's."""
    planned = plan(GRAPH)
    call = r"(  forge_fully_connected_\w+\(&layer_10)"
    files = changed(
        sources(planned), MODEL, call, r"  static int calls;\n  if (++calls > 2) return;\n\1"
    )
    proof = prove_files(files, tmp_path, planned, count=1, runner=Unwatched())
    assert_found(proof, 10)
    assert proof.first_difference is not None
    assert proof.first_difference.input == 0
    assert proof.inputs == 1


def test_an_arena_that_is_larger_than_planned_is_found(tmp_path: Path) -> None:
    planned = plan(GRAPH)
    size = rf"(forge_arena\[){planned.arena_bytes}\]"
    files = changed(sources(planned), MODEL, size, rf"\g<1>{planned.arena_bytes + 64}]")
    with pytest.raises(ForgeError, match=f"arena has {planned.arena_bytes + 64:,} bytes"):
        prove_files(files, tmp_path, planned)


def test_a_tensor_laid_over_a_living_one_is_found(tmp_path: Path) -> None:
    """Layer 1's output over layer 0's, which the addition of layer 3 still needs."""
    planned = plan(GRAPH)
    first, branch = (GRAPH.operators[i].outputs[0] for i in range(2))
    assert first in GRAPH.operators[3].inputs
    place = replace(planned.places[branch], offset=planned.places[first].offset + 4)
    assert place.offset + place.room * place.row_bytes <= planned.arena_bytes
    wrong = replace(planned, places={**planned.places, branch: place})
    proof = prove_files(sources(wrong), tmp_path, wrong)
    assert proof.first_difference is not None
    # Layer 1 may still be reading rows of it too.
    assert_found(proof, proof.first_difference.layer)
    assert proof.first_difference.layer in (1, 3)


def test_a_layer_that_writes_elsewhere_is_found(tmp_path: Path) -> None:
    """One offset in the text is wrong: where its output should be lie other bytes."""
    planned = plan(GRAPH)
    call = rf"(forge_conv_2d_columns\(&layer_6, .*), forge_arena \+ {_offset(planned, 6)}\b"
    files = changed(sources(planned), MODEL, call, rf"\g<1>, forge_arena + {_offset(planned, 4)}")
    assert_found(prove_files(files, tmp_path, planned, runner=Unwatched()), 6)
    with pytest.raises(ForgeError, match=rf"layer 6, .* forge_arena \+ {_offset(planned, 4)};"):
        prove_files(files, tmp_path, planned)


def test_an_answer_read_from_elsewhere_is_found(tmp_path: Path) -> None:
    """Every layer is right, but the application gets other bytes than the last one wrote."""
    planned = plan(GRAPH)
    last = len(GRAPH.operators) - 1
    function = r"forge_output_at\(int index\) {\n  return index == 0 \? forge_arena \+ "
    pattern = rf"({function}){_offset(planned, last)} "
    wrong = _offset(planned, last) + 8
    files = changed(sources(planned), MODEL, pattern, rf"\g<1>{wrong} ")
    proof = prove_files(files, tmp_path, planned)
    assert all(row.bit_exact for row in proof.instructions_by_layer if row.index not in WITHIN)
    assert not proof.bit_exact
    assert proof.first_difference is not None
    assert proof.first_difference.layer == last


def _offset(planned: Plan, layer: int) -> int:
    return planned.places[GRAPH.operators[layer].outputs[0]].offset
