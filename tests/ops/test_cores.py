"""Every operator's kernel on every core, against TensorFlow Lite Micro, bit for bit.

TINYFORGE_CASES is how many random cases of an operator are run on each core; of int16, and of
operators that share their kernels with others, a quarter.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.ops import harness, on_core, sequences
from tests.ops.cases import NAMES, random_case
from tests.ops.on_core import Case, Program
from tests.ops.sequences import NAMES as SEQUENCE_NAMES
from tinyforge.boards.cores import CORES
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

COUNT = int(os.environ.get("TINYFORGE_CASES", "200"))
# Of int16, whose geometry is drawn as that of int8 is, and of kernels that are there once more.
_FEWER = -(-COUNT // 4)
_SHARED = frozenset(
    (
        *("ARG_MIN", "BATCH_TO_SPACE_ND", "CAST", "DEQUANTIZE", "EMBEDDING_LOOKUP", "FILL"),
        "GATHER_ND",
        *("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_NOT"),
        *("LOGICAL_OR", "MIRROR_PAD", "NEG", "NOT_EQUAL", "REVERSE_V2", "RSQRT"),
        *("SPACE_TO_BATCH_ND", "SQUARE", "ZEROS_LIKE"),
    )
)

# A firmware holds so many cases of so many operators: all of them fit the smallest flash.
_AT_ONCE = 200
_TOGETHER = 6

_MOST_ROWS = 40

MACHINES = {
    "cortex-m0plus": "unicorn",
    "cortex-m4": "unicorn",
    "cortex-m7": "unicorn",
    "cortex-m33": "unicorn",
    "cortex-m55": "qemu",
}


def _groups() -> list[tuple[str, ...]]:
    with_code = (n for n in NAMES if OPS[n.partition("/")[0]].lower is not None)
    names = iter(sorted([*SEQUENCE_NAMES, *with_code]))
    return list(iter(lambda: tuple(islice(names, _TOGETHER)), ()))


def _cases(op: str, seed: int) -> list[Case]:
    """The operator's kernel, and the one for an input that comes in rows where it has any."""
    if op in SEQUENCE_NAMES:
        return [_in_a_sequence(op, seed)]
    graph, inputs = random_case(op, seed)
    outputs = harness.tflm(graph, inputs)
    return [
        Case(f"{op}, seed {seed}, {kernel.way}: {kernel.function}", graph, kernel, inputs, outputs)
        for kernel in _kernels(graph)
    ]


def _in_a_sequence(op: str, seed: int) -> Case:
    """One of the first inferences: the states before it are the kernel's other inputs."""
    graph, inputs = sequences.case(op, seed)
    number = seed % len(inputs)
    states = sequences.new_states(graph)
    for x in inputs[:number]:
        sequences.reference(graph, states, x)
    outputs = sequences.Tflm(graph).run(inputs[: number + 1])
    full, kernel = sequences.with_states(graph)
    return Case(
        f"{op}, seed {seed}, inference {number}",
        full,
        kernel,
        [inputs[number], *states],
        outputs[-1:],
    )


def _kernels(graph: Graph) -> Iterator[Kernel]:
    yield from harness.kernels(graph)
    (op,) = graph.operators
    known = OPS[op.op]
    if known.streaming is not None:
        kernels = (known.streaming(graph, op, rows) for rows in range(2, _MOST_ROWS + 1))
        yield from islice((kernel for kernel in kernels if kernel is not None), 1)


def _program(ops: Sequence[str], begin: int, shared: Path) -> Program:
    """The cases from seed begin on; the oracle is asked once for all cores and all processes."""
    path = shared / f"{ops[0].replace('/', '-')}-{begin}.pickle"
    if not path.exists():
        made = on_core.program(
            [c for op in ops for seed in _seeds(op, begin) for c in _cases(op, seed)]
        )
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(pickle.dumps(made))
        unfinished.replace(path)
    found = pickle.loads(path.read_bytes())
    assert isinstance(found, Program)
    return found


def _seeds(op: str, begin: int) -> range:
    few = "/" in op or op in _SHARED
    return range(begin, min(begin + _AT_ONCE, _FEWER if few else COUNT))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run of the tests have in common."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "programs"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("core", MACHINES)
@pytest.mark.parametrize("ops", _groups(), ids=lambda ops: f"{ops[0]}..{ops[-1]}")
def test_kernels_equal_tflm(core: str, ops: Sequence[str], shared: Path, tmp_path: Path) -> None:
    if MACHINES[core] == "qemu" and shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    runner, compiler = machine(MACHINES[core]), toolchain("zig")
    for begin in range(0, COUNT, _AT_ONCE):
        if not any(_seeds(op, begin) for op in ops):
            break
        made = _program(ops, begin, shared)
        found = on_core.run(made, CORES[core], tmp_path, compiler=compiler, machine=runner)
        for label, actual, expected in zip(made.labels, found, made.expected, strict=True):
            np.testing.assert_array_equal(actual, expected, label)
