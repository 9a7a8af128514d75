"""SVDF over sequences of inferences: its state goes on from one to the next."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops import harness
from tests.ops.refusals import accepted, refused
from tests.ops.sequences import case, new_state, reference, tflm
from tinyforge.graph import DType, Graph, Quant
from tinyforge.ops import OPS, Table
from tinyforge.resources import folder
from tinyforge.tflite import read, write

CASES = 60


def compiled(graphs: Sequence[Graph], workspace: Path) -> ctypes.CDLL:
    """One exported function a graph, void case_<i>(input, state, output), under UBSan."""
    text = '#include "kernels/svdf.h"\n'
    for i, graph in enumerate(graphs):
        lower = OPS["SVDF"].lower
        assert lower is not None
        fields = []
        for k, (name, value) in enumerate(lower(graph, graph.operators[0]).fields.items()):
            if isinstance(value, Table):
                values = ", ".join(map(str, value.values.reshape(-1).tolist()))
                text += f"static const {value.ctype} t_{i}_{k}[] = {{{values}}};\n"
            fields.append(f".{name} = {f't_{i}_{k}' if isinstance(value, Table) else value}")
        text += (
            f"static const forge_svdf c_{i} = {{{', '.join(fields)}}};\n"
            f"void case_{i}(const int8_t *input, int8_t *state, int8_t *output) {{\n"
            f"  forge_svdf_run(&c_{i}, input, state, output);\n}}\n"
        )
    source, library = workspace / "cases.c", workspace / "cases.so"
    source.write_text(text)
    include = f"-I{folder('firmware')}"
    subprocess.run(["cc", *harness.FLAGS, include, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def test_sequences_equal_tflm(tmp_path: Path) -> None:
    """Outputs of NumPy and C are TFLM's, and their states each other's, after every inference."""
    cases = [case(seed) for seed in range(CASES)]
    library = compiled([graph for graph, _ in cases], tmp_path)
    for i, (graph, inputs) in enumerate(cases):
        accepted(graph)
        ours, theirs = new_state(graph), new_state(graph)
        expected = tflm(graph, inputs)
        for k, x in enumerate(inputs):
            label = f"seed {i}, inference {k}"
            np.testing.assert_array_equal(reference(graph, ours, x), expected[k], label)
            found = np.zeros_like(expected[k])
            pointers = (a.ctypes.data_as(ctypes.c_void_p) for a in (x, theirs, found))
            library[f"case_{i}"](*pointers)
            np.testing.assert_array_equal(found, expected[k], label)
            np.testing.assert_array_equal(theirs, ours, label)


def test_the_order_of_inferences_matters() -> None:
    """So a test of one inference at a time would not see the state."""
    graph, inputs = case(3)
    forward, backward = tflm(graph, inputs), tflm(graph, inputs[::-1])
    assert not np.array_equal(np.stack(forward), np.stack(backward[::-1]))


def test_a_state_is_read_as_it_was_written() -> None:
    graph, _ = case(0)
    (state,) = (t for t in read(write(graph)).tensors if t.variable)
    assert state.data is None
    assert state.index == graph.operators[0].inputs[4]


@pytest.mark.parametrize(
    ("dtype", "zero_point", "initial"),
    [(DType.INT8, -5, -5), (DType.INT8, 0, 0), (DType.INT16, -5, 0)],
)
def test_what_a_state_is_before_the_first_inference(
    dtype: DType, zero_point: int, initial: int
) -> None:
    (state,) = (t for t in case(0)[0].tensors if t.variable)
    assert replace(state, dtype=dtype, quant=Quant((1.0,), (zero_point,))).initial == initial


def changed(graph: Graph, position: int, **fields: Any) -> Graph:
    """The graph with something else about an operand."""
    tensors = list(graph.tensors)
    index = graph.operators[0].inputs[position]
    tensors[index] = replace(tensors[index], **fields)
    return replace(graph, tensors=tuple(tensors))


def test_what_tflm_would_not_run_is_refused() -> None:
    graph, _ = case(1)
    accepted(graph)
    op = graph.operators[0]
    state, time = graph.tensors[op.inputs[4]], graph.tensors[op.inputs[2]]
    other = DType.INT16 if state.dtype is DType.INT8 else DType.INT8
    refused(changed(graph, 4, variable=False), "is not a variable tensor")
    refused(changed(graph, 4, dtype=other), "expected int8 or int16 for both")
    refused(changed(graph, 4, shape=(1, state.size + 1)), "do not fit")
    refused(changed(graph, 4, shape=(state.size,)), "needs 2 dimensions")
    refused(changed(graph, 2, data=None), "constant weights")
    refused(changed(graph, 2, quant=Quant((time.scale,), (1,))), "have a zero point")
    refused(changed(graph, 3, quant=Quant((time.scale * state.scale + 1e-3,), (0,))), "the bias")
    refused(changed(graph, 4, quant=None), "one scale a tensor")
    for rank in (0, -1, graph.tensors[op.inputs[1]].shape[0] + 1):
        wrong = replace(op, options={**op.options, "rank": rank})
        refused(replace(graph, operators=(wrong,)), "do not fit")
