"""Runs single-operator graphs in TFLM, in NumPy and as the kernels' C on the host."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime

from tinyforge.engines.aot.call import Operand, body, constant, literal
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.target import TARGETS
from tinyforge.resources import folder
from tinyforge.tflite.writer import write

Values = npt.NDArray[Any]

FLAGS = [
    "-std=c11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=all",
    "-shared",
    "-fPIC",
]


def tflm(graph: Graph, inputs: Sequence[Values]) -> list[Values]:
    """The outputs of TensorFlow Lite Micro."""
    # The default arena follows the model's size: for tiny models it is too small, and TFLM crashes.
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    for i, values in enumerate(inputs):
        interpreter.set_input(values, i)
    interpreter.invoke()
    found = [
        np.array(interpreter.get_output(i)).reshape(graph.tensors[t].shape)
        for i, t in enumerate(graph.outputs)
    ]
    settled = OPS[graph.operators[-1].op].settled
    if settled:
        settled(found)
    return found


def reference(graph: Graph, inputs: Sequence[Values]) -> tuple[Values, ...]:
    """The outputs of the operator's NumPy model."""
    (op,) = graph.operators
    given = dict(zip(graph.inputs, inputs, strict=True))
    operands = [given[t] if t in given else graph.tensors[t].data for t in op.inputs if t >= 0]
    return OPS[op.op].outputs(graph, op, [x for x in operands if x is not None])


def _table(symbol: str, table: Table) -> str:
    values = ", ".join(map(str, table.values.reshape(-1).tolist()))
    return f"static const {table.ctype} {symbol}[] = {{{values}}};\n"


def kernels(graph: Graph) -> list[Kernel]:
    """The operator's kernel, and those that it has for targets."""
    (op,) = graph.operators
    known = OPS[op.op]
    assert known.lower is not None
    others = (known.variants(graph, op, target) for target in dict.fromkeys(TARGETS.values()))
    return [known.lower(graph, op), *(kernel for found in others for kernel in found)]


def case_source(i: int, graph: Graph) -> str:
    """One exported function, void case_<i>(inputs..., outputs...): all steps of the operator."""
    return kernel_source(i, graph, kernels(graph)[0])


def kernel_source(i: int, graph: Graph, kernel: Kernel, linkage: str = "") -> str:
    """The same for any of an operator's kernels."""
    form = kernel.form
    text, fields, inputs = "", [], []
    for k, (name, value) in enumerate(kernel.fields.items()):
        if isinstance(value, Table):
            text += _table(f"field_{i}_{k}", value)
        shown = f"field_{i}_{k}" if isinstance(value, Table) else literal(value)
        fields.append(f".{name} = {shown}")
    for k, operand in enumerate(kernel.inputs):
        rows = 1 if k in kernel.repeated else form.input_rows
        if isinstance(operand, Table):
            text += _table(f"operand_{i}_{k}", operand)
            inputs.append(constant(f"operand_{i}_{k}", operand, rows))
        else:
            size = graph.tensors[operand].nbytes
            inputs.append(_operand(f"in_{graph.inputs.index(operand)}", size, rows))
    outputs = [
        _operand(f"out_{k}", graph.tensors[t].nbytes, form.output_rows)
        for k, t in enumerate(graph.outputs)
    ]
    parameters = [f"int8_t *in_{k}" for k in range(len(graph.inputs))]
    parameters += [f"int8_t *out_{k}" for k in range(len(graph.outputs))]
    lines = body(kernel, f"c_{i}", inputs, outputs, "scratch")
    if memory := max(form.scratch_bytes, form.tile_bytes):
        lines.insert(0, f"static int32_t scratch[{-(-memory // 4)}];")
    return (
        f'#include <stddef.h>\n#include "kernels/{kernel.header}"\n{text}'
        f"static const {kernel.struct} c_{i} = {{{', '.join(fields)}}};\n"
        f"{linkage}void case_{i}({', '.join(parameters)}) {{\n"
        f"  for (int row = 0; row < {form.steps}; ++row) {{\n    "
        + "\n    ".join(lines)
        + "\n  }\n}\n"
    )


def _operand(base: str, nbytes: int, rows: int) -> Operand:
    return Operand(base, nbytes // rows, rows, rows)


def compiled(graphs: Sequence[Graph], workspace: Path) -> ctypes.CDLL:
    """All cases in one shared library, built under the undefined behaviour sanitizer."""
    return built([case_source(i, graph) for i, graph in enumerate(graphs)], workspace)


def built(sources: Sequence[str], workspace: Path) -> ctypes.CDLL:
    """The same for sources of cases, as kernel_source makes them."""
    source, library = workspace / "cases.c", workspace / "cases.so"
    source.write_text("".join(sources))
    include = f"-I{folder('firmware')}"
    subprocess.run(["cc", *FLAGS, include, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def run_compiled(
    library: ctypes.CDLL, i: int, graph: Graph, inputs: Sequence[Values]
) -> list[Values]:
    """One case's outputs. Inputs are copied to memory that ends where they end."""
    outputs = [
        np.zeros(graph.tensors[t].shape, graph.tensors[t].dtype.numpy) for t in graph.outputs
    ]
    arrays = [*map(np.ascontiguousarray, inputs), *outputs]
    library[f"case_{i}"](*(x.ctypes.data_as(ctypes.c_void_p) for x in arrays))
    return outputs


def assert_equal_tflm(
    cases: Sequence[tuple[Graph, Sequence[Values]]], workspace: Path
) -> list[list[Values]]:
    """NumPy models and kernels give TFLM's bytes, on graphs that pass their operator's check.

    cases: each a graph with values for its inputs. Returns TFLM's outputs of each.
    """
    runs = [(i, kernel) for i, (graph, _) in enumerate(cases) for kernel in kernels(graph)]
    sources = [kernel_source(run, cases[i][0], kernel) for run, (i, kernel) in enumerate(runs)]
    library = built(sources, workspace)
    outputs = []
    for i, (graph, inputs) in enumerate(cases):
        (op,) = graph.operators
        OPS[op.op].check(graph, op)
        outputs.append(tflm(graph, inputs))
        _assert_equal(reference(graph, inputs), outputs[i], _label(i, graph))
    for run, (i, kernel) in enumerate(runs):
        graph, inputs = cases[i]
        found = run_compiled(library, run, graph, inputs)
        _assert_equal(found, outputs[i], f"{kernel.way}: {_label(i, graph)}")
    return outputs


def _label(i: int, graph: Graph) -> str:
    (op,) = graph.operators
    return f"case {i}, {op.op}: {[(t.shape, t.quant) for t in graph.tensors]}"


def _assert_equal(found: Sequence[Values], expected: Sequence[Values], label: str) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, label)


def by_rows(graph: Graph, rows: int) -> Kernel | None:
    """The operator's kernel for an input that comes in so many rows, where it has one."""
    (op,) = graph.operators
    streaming = OPS[op.op].streaming
    assert streaming is not None
    return streaming(graph, op, rows)


def assert_rows_equal_tflm(
    cases: Sequence[tuple[Graph, int, Values]],
    workspace: Path,
    by_rows: Callable[[Graph, int], Kernel | None] = by_rows,
) -> None:
    """Kernels that take their one input in so many rows give TFLM's bytes."""
    sources = []
    for i, (graph, rows, _) in enumerate(cases):
        kernel = by_rows(graph, rows)
        assert kernel is not None
        sources.append(kernel_source(i, graph, kernel))
    library = built(sources, workspace)
    for i, (graph, _, x) in enumerate(cases):
        (expected,), (found,) = tflm(graph, [x]), run_compiled(library, i, graph, [x])
        np.testing.assert_array_equal(found, expected, f"case {i}")
