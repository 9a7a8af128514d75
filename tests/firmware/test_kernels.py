"""Every kernel on memory of exactly its size, under the address sanitizer; and in place.

tests/ops shows that kernels compute the right values; this shows that they touch nothing else, and
that an output may lie over an input wherever the planner is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.firmware import sanitized
from tests.ops import harness
from tests.ops.cases import CASES, NAMES, random_case
from tests.ops.in_place import IN_PLACE
from tinyforge.graph import Graph
from tinyforge.ops import OPS
from tinyforge.resources import folder

COUNT = 12

# Reads each case's inputs, runs it, writes its output; every buffer is a heap block of its own.
MAIN = """
#include <stdio.h>
#include <stdlib.h>
static int8_t *block(size_t size, int fill) {
  int8_t *bytes = malloc(size);
  if (bytes == NULL || (fill && fread(bytes, 1, size, stdin) != size)) exit(2);
  return bytes;
}
int main(void) {
%s
  return 0;
}
"""


def _call(i: int, graph: Graph, over: int | None) -> str:
    """One case. over: the input whose block the output takes, or None for a block of its own."""
    names = [f"in{k}" for k in range(len(graph.inputs))]
    sizes = [graph.tensors[t].nbytes for t in graph.outputs]
    outputs = [f"out{k}" for k in range(len(sizes))] if over is None else [names[over]]
    lines = [
        f"int8_t *{name} = block({graph.tensors[t].nbytes}, 1);"
        for name, t in zip(names, graph.inputs, strict=True)
    ]
    if over is None:
        lines += [
            f"int8_t *{out} = block({size}, 0);" for out, size in zip(outputs, sizes, strict=True)
        ]
    lines += [
        f"case_{i}({', '.join([*names, *outputs])});",
        *(
            f"if (fwrite({out}, 1, {size}, stdout) != {size}) exit(3);"
            for out, size in zip(outputs, sizes, strict=True)
        ),
        *(f"free({name});" for name in dict.fromkeys([*names, *outputs])),
    ]
    return "  {\n    " + "\n    ".join(lines) + "\n  }"


def _ways(graph: Graph) -> list[int | None]:
    """Not in place, and over each input that may be overwritten."""
    (op,) = graph.operators
    size = graph.tensors[graph.outputs[0]].nbytes
    operands = [op.inputs[p] for p in IN_PLACE.get(op.op, ())]
    inputs = [t for t in operands if t in graph.inputs and graph.tensors[t].nbytes == size]
    return [None, *(graph.inputs.index(t) for t in inputs)]


_OTHER_TYPES = [n for n in NAMES if "/" in n and OPS[n.partition("/")[0]].lower]


@pytest.mark.parametrize("op", [op for op in CASES if OPS[op].lower])
def test_a_kernel_stays_inside_its_buffers(op: str, tmp_path: Path) -> None:
    runs = _run_inside([random_case(op, 1000 + seed) for seed in range(COUNT)], tmp_path)
    assert (op in IN_PLACE) == any(way is not None for _, way in runs)


@pytest.mark.parametrize("first", range(0, len(_OTHER_TYPES), 12))
def test_kernels_of_other_types_stay_inside_their_buffers(first: int, tmp_path: Path) -> None:
    names = _OTHER_TYPES[first : first + 12]
    _run_inside([random_case(n, 1000 + seed) for n in names for seed in range(COUNT)], tmp_path)


def _run_inside(
    cases: Sequence[tuple[Graph, list[npt.NDArray[Any]]]], tmp_path: Path
) -> list[tuple[int, int | None]]:
    """Runs all kernels of the cases in all ways, which are returned."""
    kernels = [
        (i, kernel) for i, (graph, _) in enumerate(cases) for kernel in harness.kernels(graph)
    ]
    functions = "".join(
        harness.kernel_source(k, cases[i][0], kernel) for k, (i, kernel) in enumerate(kernels)
    )
    calls, runs = [], []
    for k, (i, _) in enumerate(kernels):
        for way in _ways(cases[i][0]):
            calls.append(_call(k, cases[i][0], way))
            runs.append((i, way))
    source = tmp_path / "cases.c"
    source.write_text(functions + MAIN % "\n".join(calls))
    program = sanitized.build([source], tmp_path / "cases", [folder("firmware")])
    stdin = b"".join(x.tobytes() for i, _ in runs for x in cases[i][1])
    expected = np.concatenate(
        [x.ravel().view(np.int8) for i, _ in runs for x in harness.reference(*cases[i])]
    )
    done = sanitized.run(program, stdin)
    assert (done.returncode, done.stderr) == (0, b"")
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.int8), expected)
    return runs


def test_the_planner_is_told_what_is_tested_here() -> None:
    """A state that is replaced is not one that a kernel writes over."""
    told = {name: op.inplace for name, op in OPS.items() if op.inplace and op.replaces is None}
    assert told == IN_PLACE
