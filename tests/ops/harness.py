"""Runs single-operator graphs in TFLM, in NumPy and as the kernels' C on the host."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime

from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.resources import folder
from tinyforge.tflite.writer import write

Int8 = npt.NDArray[np.int8]

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


def tflm(graph: Graph, inputs: Sequence[Int8]) -> Int8:
    """The output of TensorFlow Lite Micro."""
    # The default arena follows the model's size: for tiny models it is too small, and TFLM crashes.
    interpreter = runtime.Interpreter.from_bytes(write(graph), arena_size=1 << 20)
    for i, values in enumerate(inputs):
        interpreter.set_input(values, i)
    interpreter.invoke()
    return np.asarray(interpreter.get_output(0))


def reference(graph: Graph, inputs: Sequence[Int8]) -> Int8:
    """The output of the operator's NumPy model."""
    (op,) = graph.operators
    given = dict(zip(graph.inputs, inputs, strict=True))
    operands = [given[t] if t in given else graph.tensors[t].data for t in op.inputs if t >= 0]
    return OPS[op.op].reference(graph, op, [x for x in operands if x is not None])


def _table(symbol: str, table: Table) -> str:
    values = ", ".join(map(str, table.values.reshape(-1).tolist()))
    return f"static const {table.ctype} {symbol}[] = {{{values}}};\n"


def case_source(i: int, graph: Graph) -> str:
    """One exported function, void case_<i>(inputs..., output)."""
    (op,) = graph.operators
    lower = OPS[op.op].lower
    assert lower is not None
    kernel: Kernel = lower(graph, op)
    text, fields, arguments = "", [], []
    for k, (name, value) in enumerate(kernel.fields.items()):
        if isinstance(value, Table):
            text += _table(f"field_{i}_{k}", value)
        fields.append(f".{name} = {f'field_{i}_{k}' if isinstance(value, Table) else value}")
    for k, operand in enumerate(kernel.inputs):
        if isinstance(operand, Table):
            text += _table(f"operand_{i}_{k}", operand)
            arguments.append(f"operand_{i}_{k}")
        else:
            arguments.append(f"in_{graph.inputs.index(operand)}")
    parameters = ", ".join(f"const int8_t *in_{k}" for k in range(len(graph.inputs)))
    rows = f"const int8_t *rows[{kernel.window_rows}];" if kernel.window_rows else ""
    call = ", ".join([f"&c_{i}", *(["rows"] if rows else []), *arguments, "out"])
    return (
        f'#include "kernels/{kernel.header}"\n{text}'
        f"static const {kernel.struct} c_{i} = {{{', '.join(fields)}}};\n"
        f"void case_{i}({parameters}, int8_t *out) {{ {rows} {kernel.function}({call}); }}\n"
    )


def compiled(graphs: Sequence[Graph], workspace: Path) -> ctypes.CDLL:
    """All cases in one shared library, built under the undefined behaviour sanitizer."""
    source, library = workspace / "cases.c", workspace / "cases.so"
    source.write_text("".join(case_source(i, g) for i, g in enumerate(graphs)))
    include = f"-I{folder('firmware')}"
    subprocess.run(["cc", *FLAGS, include, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def run_compiled(library: ctypes.CDLL, i: int, graph: Graph, inputs: Sequence[Int8]) -> Int8:
    """One case's output. Inputs are copied to memory that ends where they end."""
    output = np.zeros(graph.tensors[graph.outputs[0]].shape, np.int8)
    pointers = [np.ascontiguousarray(x).ctypes.data_as(ctypes.c_void_p) for x in inputs]
    library[f"case_{i}"](*pointers, output.ctypes.data_as(ctypes.c_void_p))
    return output
