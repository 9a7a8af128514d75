"""Models that remember: every machine and both engines see the sequence that the oracle sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.corpus import models
from tests.device.emulated import Quiet
from tests.engines.aot_firmware import project_files
from tests.ops import sequences
from tests.proof.test_prove import MODEL, changed, prove_files
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import Proof
from tinyforge.source import Source
from tinyforge.spec import EngineChoice, Spec
from tinyforge.tflite import require_quantized, write
from tinyforge.tflite.about import About, with_about
from tinyforge.verification import verify

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")

GRAPH = models.keywords(1)
FIRST_STATE, DENSE = 0, 3  # layers
COUNT = 8


def proved(
    machine: str, graph: Graph = GRAPH, *, core: str = "cortex-m4", engine: EngineChoice = "aot"
) -> Proof:
    """As `tinyforge build` does it: the inputs are the golden vectors too."""
    require_quantized(graph)
    size = graph.tensors[graph.inputs[0]].nbytes
    values = np.random.default_rng(4).integers(-128, 128, (COUNT, size))
    examples = Examples(values.astype(np.int8))
    compiler = "host" if machine == "native" else "gcc"
    settings = Spec(board="nrf52840_dk", engine=engine, machine=machine, toolchain=compiler)
    made = generate(Source(write(graph), graph), examples, settings, Quiet())
    made = made.on(msgspec.structs.replace(made.board, core=core))
    return verify(made, examples, settings, Quiet())


@pytest.mark.parametrize(
    ("machine", "core"),
    [
        ("unicorn", "cortex-m4"),
        ("unicorn", "cortex-m0plus"),
        ("qemu", "cortex-m4"),
        ("qemu", "cortex-m55"),
        ("native", "cortex-m4"),
    ],
)
def test_a_sequence_is_bit_exact(machine: str, core: str) -> None:
    """The self-test has run the same inputs before; the second boot and the estimate of cycles see
    its beginning."""
    found = proved(machine, core=core)
    assert found.first_difference is None
    assert found.bit_exact
    assert found.inputs == COUNT


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "make", [lambda seed: sequences.case("SVDF", seed)[0], models.gestures], ids=["SVDF", "LSTM"]
)
@pytest.mark.parametrize(
    ("machine", "core"), [("unicorn", "cortex-m0plus"), ("qemu", "cortex-m55")]
)
def test_random_layers_are_bit_exact(
    machine: str, core: str, make: Callable[[int], Graph], seed: int
) -> None:
    """SVDF as it is drawn for the comparison with TFLM on this computer, LSTM in a network."""
    assert proved(machine, make(seed), core=core).bit_exact


def test_both_engines_agree() -> None:
    """The interpreter's half runs in TFLM itself, against the NumPy models."""
    found = proved("unicorn", engine="tflm")
    assert found.engine == "tflm"
    assert found.bit_exact


def test_the_state_is_in_the_memory_map_and_no_layer_makes_it() -> None:
    planned = plan(GRAPH)
    text = compiled(planned).files[MODEL]
    for t in GRAPH.states:
        place = planned.places[t]
        name = GRAPH.tensors[t].name
        assert f"{place.offset:>9}{place.nbytes:>10}  {name} (state)\n" in text
    slots = [slot for slot in proved("unicorn").arena.slots if slot.name.endswith(" (state)")]
    assert len(slots) == len(GRAPH.states)


def difference(
    files: Mapping[str, str], workspace: Path, planned: Plan | None = None
) -> tuple[int, int]:
    """The layer and the input of the first difference in a proof of these sources."""
    found = prove_files(files, workspace, planned or plan(GRAPH), GRAPH)
    assert not found.bit_exact
    assert found.first_difference is not None
    return found.first_difference.layer, found.first_difference.input


def sources() -> dict[str, str]:
    return dict(project_files(GRAPH, compiled(plan(GRAPH))))


def test_sound_sources_are_exact(tmp_path: Path) -> None:
    assert prove_files(sources(), tmp_path, plan(GRAPH), GRAPH).bit_exact


def test_a_state_that_is_written_over_is_found(tmp_path: Path) -> None:
    """By a layer behind: that inference is still right, the next one is not."""
    planned = plan(GRAPH)
    dense = GRAPH.operators[DENSE].outputs[0]
    moved = replace(planned.places[dense], offset=planned.places[GRAPH.states[0]].offset)
    wrong = replace(planned, places={**planned.places, dense: moved})
    files = project_files(GRAPH, compiled(wrong))
    assert difference(files, tmp_path, wrong) == (FIRST_STATE, 1)


def test_a_state_that_begins_with_other_values_is_found(tmp_path: Path) -> None:
    files = changed(sources(), MODEL, r"(memset\(forge_arena \+ \d+, )-7,", r"\g<1>0,")
    assert difference(files, tmp_path) == (2, 0)


def test_a_state_that_is_never_filled_is_found(tmp_path: Path) -> None:
    files = changed(sources(), MODEL, r"memset\(forge_arena \+ \d+, -7, 30\);", "")
    with pytest.raises(ForgeError, match="depend on what was in RAM before boot"):
        prove_files(files, tmp_path, plan(GRAPH), GRAPH)


def test_a_state_that_the_self_test_leaves_behind_is_found(tmp_path: Path) -> None:
    """forge_reset that works once: the golden vectors would be part of the sequence."""
    begin = r"(forge_status forge_reset\(void\) \{)"
    once = r"\g<1> static int done; if (done++) return FORGE_OK;"
    files = changed(sources(), MODEL, begin, once)
    assert difference(files, tmp_path) == (FIRST_STATE, 0)


ANEW = with_about(models.gestures(1), About(anew=True))


@pytest.mark.parametrize(
    ("machine", "core", "engine"),
    [
        ("unicorn", "cortex-m4", "aot"),
        ("qemu", "cortex-m55", "aot"),
        ("native", "cortex-m4", "aot"),
        ("unicorn", "cortex-m4", "tflm"),
    ],
)
def test_every_inference_may_begin_anew(machine: str, core: str, engine: EngineChoice) -> None:
    """Inputs run once more, backwards, and each answers as it does alone."""
    found = proved(machine, ANEW, core=core, engine=engine)
    assert found.bit_exact
    values = np.random.default_rng(4).integers(-128, 128, (3, ANEW.input_bytes)).astype(np.int8)
    together, sequence = (oracle.outputs(write(g), g, values) for g in (ANEW, models.gestures(1)))
    assert not np.array_equal(together, sequence)
    for i, row in enumerate(values):
        assert np.array_equal(together[i : i + 1], oracle.outputs(write(ANEW), ANEW, row[None]))


def test_a_state_that_lasts_where_it_should_not_is_found(tmp_path: Path) -> None:
    planned = plan(ANEW)
    right, wrong = (project_files(g, compiled(plan(g))) for g in (ANEW, models.gestures(1)))
    assert prove_files(right, tmp_path / "right", planned, ANEW).bit_exact
    found = prove_files(wrong, tmp_path / "wrong", planned, ANEW)
    assert not found.bit_exact
    assert found.first_difference is not None
    assert found.first_difference.input > 0
