"""The interpreter's arena, against what TensorFlow Lite Micro itself says of it."""

from __future__ import annotations

import csv
import ctypes
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import several
from tests.corpus.models import NETWORKS, SINGLE, keywords, single
from tests.memory.interpreter_operators import GRAPHS, odd
from tests.ops import sequences
from tests.ops.cases import NAMES, random_case
from tests.ops.sequences import NAMES as SEQUENCE_NAMES
from tinyforge.bench import baselines
from tinyforge.engines.tflm.resolver import METHODS
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.interpreter import HOST, Kernels, predict, target_for
from tinyforge.memory.interpreter.abi import ARM, ARM_NOT_STATIC, Abi
from tinyforge.memory.interpreter.kernels import kernel_for
from tinyforge.memory.interpreter.structures import NODE, TENSOR
from tinyforge.tflite import read_file
from tinyforge.tflite import write as tflite

MODELS = ("resnet8", "kws", "vww", "ad", "quickdraw")

MEASURED = Path(__file__).with_name("interpreter_measured.csv")


def model(name: str) -> Graph:
    """A graph by its name in MEASURED: "residual/1", "CONV_2D/3", "odd/7" or "PRELU"."""
    kind, _, seed = name.partition("/")
    if not seed:
        return GRAPHS[kind]
    if kind == "odd":
        return odd(int(seed))
    return NETWORKS[kind](int(seed)) if kind in NETWORKS else single(kind, int(seed))


def twice(graph: Graph) -> Graph:
    """The first operator once more: the size of what it allocates, not only its rounding, shows."""
    again = replace(graph.operators[0], index=len(graph.operators))
    return replace(graph, operators=(*graph.operators, again))


def test_every_baseline_to_the_byte(corpus):
    rows = list(baselines.load(corpus / "baselines"))
    assert len(rows) == 20
    for row in rows:
        _, graph = read_file(corpus / "models" / f"{row.model}.tflite")
        found = predict(graph, target_for(row.core, row.kernels))
        assert (found.used, found.head, found.unknown) == (row.arena, row.head, ()), row
        if row.model != "ad":
            assert found.smallest_working == -(-row.arena // 16) * 16, row


@pytest.mark.parametrize(("core", "smallest"), [("cortex-m4", 3024), ("cortex-m55", 9712)])
def test_planning_can_need_more_than_the_plan(corpus, core, smallest):
    """Found by trying: shared/baselines/README.md."""
    _, graph = read_file(corpus / "models" / "ad.tflite")
    assert predict(graph, target_for(core)).smallest_working == smallest


def test_what_was_measured_on_emulated_cores():
    """Models that the description was not made from. MEASURED: TensorFlow Lite Micro 90b983c2 and
    CMSIS-NN 4ab83cc3, GCC 12.2, in QEMU; the smallest arena by bisection."""
    with MEASURED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 214
    for row in rows:
        found = predict(model(row["model"]), target_for(row["core"], Kernels(row["kernels"])))
        assert not found.unknown
        assert [found.used, found.head] == [int(row["used"]), int(row["head"])], row
        # 16 bytes more where TFLM lets an operator overwrite its own temporaries.
        assert 0 <= found.smallest_working - int(row["smallest"]) <= 16, row


@pytest.fixture
def recorded(capfd):
    """Model bytes to (head, tail) of the tflite-micro package, which only prints them."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime

    def record(data: bytes) -> tuple[int, int]:
        interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
        capfd.readouterr()
        interpreter.print_allocations()
        report = capfd.readouterr().err
        head, tail = (
            re.search(rf"Arena allocation {part} (\d+) bytes", report) for part in ("head", "tail")
        )
        assert head and tail, report
        return int(head[1]), int(tail[1])

    return record


@pytest.mark.parametrize("name", [*NETWORKS, *SINGLE, *GRAPHS, "odd"])
def test_the_recording_allocator_agrees(recorded, name):
    """The same description with 64-bit structures gives what the package records."""
    names = [f"{name}/{seed}" for seed in range(6)] if name not in GRAPHS else [name]
    for once in map(model, names):
        for graph in (once, twice(once), twice(twice(once))):
            found = predict(graph, HOST)
            assert not found.unknown
            assert (found.head, found.tail) == recorded(tflite(graph)), graph.name


# BATCH_MATMUL is not described.
OTHER_TYPES = [n for n in [*NAMES, *SEQUENCE_NAMES] if "/" in n and "BATCH_MATMUL" not in n]


def test_the_recording_allocator_agrees_on_int16_and_int4(recorded):
    for name in OTHER_TYPES:
        draw = sequences.case if name in SEQUENCE_NAMES else random_case
        for seed in range(3):
            graph, _ = draw(name, seed)
            found = predict(graph, HOST)
            assert not found.unknown
            assert (found.head, found.tail) == recorded(tflite(graph)), name


def test_the_recording_allocator_agrees_on_states_in_a_model(recorded):
    graph = keywords(1)
    found = predict(graph, HOST)
    assert (found.head, found.tail) == recorded(tflite(graph))
    states = {graph.tensors[t].name for t in graph.states}
    assert states.isdisjoint(buffer.what for buffer, _ in found.buffers)


@pytest.mark.parametrize("make", [several.tangled, several.two_heads])
def test_the_recording_allocator_agrees_on_several_inputs_and_outputs(recorded, make):
    graph = make()
    found = predict(graph, HOST)
    assert (found.head, found.tail) == recorded(tflite(graph))


@pytest.mark.parametrize("name", MODELS)
def test_the_recording_allocator_agrees_on_shared_models(recorded, corpus, name):
    data, graph = read_file(corpus / "models" / f"{name}.tflite")
    found = predict(graph, HOST)
    assert (found.head, found.tail) == recorded(data)


TRIES = """
import os, pathlib, sys
from tflite_micro.python.tflite_micro import runtime
for path, nbytes in zip(sys.argv[1::2], sys.argv[2::2]):
    child = os.fork()
    if not child:
        try:
            runtime.Interpreter.from_bytes(pathlib.Path(path).read_bytes(), arena_size=int(nbytes))
        except RuntimeError:
            os._exit(1)
        os._exit(0)
    print(int(os.waitpid(child, 0)[1] == 0))
"""


def test_the_smallest_arena_is_the_smallest(tmp_path):
    """In children of a child: too small an arena can crash TensorFlow Lite Micro."""
    pytest.importorskip("tflite_micro")
    names = [*(f"{n}/1" for n in (*NETWORKS, *SINGLE)), *GRAPHS]
    for name in ("FULLY_CONNECTED/1", "LOG_SOFTMAX", "EMBEDDING_LOOKUP"):  # see below
        names.remove(name)
    arguments = []
    for i, graph in enumerate(map(model, names)):
        (tmp_path / str(i)).write_bytes(tflite(graph))
        smallest = predict(graph, HOST).smallest_working
        for nbytes in (smallest, smallest - 16):
            arguments += [str(tmp_path / str(i)), str(nbytes)]
    child = subprocess.run(
        [sys.executable, "-c", TRIES, *arguments], capture_output=True, text=True, check=True
    )
    answers = child.stdout.split()
    worked = dict(zip(names, zip(answers[::2], answers[1::2], strict=True), strict=True))
    assert {name for name, answer in worked.items() if answer != ("1", "0")} == set()


def test_temporaries_are_not_overwritten(tmp_path):
    """Multipliers of channels, taken while an operator looks at its tensors, may lie on those in
    an arena of what all checks ask for: 32 bytes below ours TFLM crashes or happens to work."""
    pytest.importorskip("tflite_micro")
    graph = model("FULLY_CONNECTED/1")
    path = tmp_path / "model"
    path.write_bytes(tflite(graph))
    smallest = predict(graph, HOST).smallest_working
    command = [sys.executable, "-c", TRIES, str(path), str(smallest), str(path), str(smallest - 32)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["1", "0"]


def test_layouts_are_the_compilers():
    """Against ctypes, which lays structures out as this machine's compiler does."""
    here = Abi(pointer=ctypes.sizeof(ctypes.c_void_p), enum=4)
    types = {"P": ctypes.c_void_p, "E": ctypes.c_int, "i": ctypes.c_int32, "h": ctypes.c_int16,
             "b": ctypes.c_bool, "d": ctypes.c_double}  # fmt: skip
    rng = np.random.default_rng(1)

    def structure(depth: int) -> tuple[str, type[ctypes.Structure]]:
        layout, fields = [], []
        for i in range(rng.integers(1, 6)):
            count = int(rng.integers(1, 4))
            if depth and rng.integers(4) == 0:
                inner, kind = structure(depth - 1)
                code = f"{{{inner}}}"
                count = 1
            else:
                code = str(rng.choice(list(types)))
                kind = types[code]
            layout.append(code if count == 1 else f"{count}{code}")
            fields.append((f"f{i}", kind * count))
        return " ".join(layout), type("Random", (ctypes.Structure,), {"_fields_": fields})

    for _ in range(300):
        layout, made = structure(2)
        assert here.size(layout) == ctypes.sizeof(made), layout
        assert here.alignment(layout) == ctypes.alignment(made), layout


def test_enums_are_short_on_arm():
    assert ARM.size("2P E") == 12
    assert ARM.size("2E 2b E") == 5
    assert ARM.size("i 2Z z") == 4  # nothing that only the package has


def test_what_is_there_without_static_memory():
    """As arm-none-eabi-g++ lays out the headers of Chirale_TensorFLowLite 2.0.0."""
    sizes = [(abi.size(TENSOR), abi.size(NODE)) for abi in (ARM, ARM_NOT_STATIC)]
    assert sizes == [(32, 32), (64, 44)]


@pytest.mark.parametrize("name", NETWORKS)
def test_buffers_that_are_alive_at_once_do_not_meet(name):
    for core in ("cortex-m4", "cortex-m55"):
        found = predict(model(f"{name}/0"), target_for(core))
        assert found.buffers
        for (a, at), (b, bt) in combinations(found.buffers, 2):
            if a.first <= b.last and b.first <= a.last:
                assert at + a.nbytes <= bt or bt + b.nbytes <= at, (a, b)


def test_the_tail_is_the_sum_of_its_parts():
    found = predict(model("residual/0"), target_for("cortex-m4"))
    assert sum(found.structures.values()) == found.tail
    assert found.used <= found.smallest_working


def test_an_operator_that_is_not_described_is_named():
    graph = model("classifier/0")
    first, *rest = graph.operators
    odd = replace(graph, operators=(replace(first, op="WHILE"), *rest))
    found = predict(odd, target_for("cortex-m4"))
    assert found.unknown == (odd.where(odd.operators[0]),)


def test_kernels_are_described_for_operators_that_tflm_has():
    described = {op for op in METHODS if kernel_for(op, HOST)}
    assert described == {*SINGLE, *GRAPHS}


def test_unknown_cores_are_refused():
    with pytest.raises(ForgeError, match="unknown core"):
        target_for("cortex-m99")
