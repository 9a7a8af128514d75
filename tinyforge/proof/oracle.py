"""What every layer must compute, from TensorFlow Lite Micro itself.

The oracle runs in a child process: TFLM aborts on what it does not like, and prints to C's
stderr. Where its wheel does not exist (it is made for Linux on x86-64), the operators' NumPy
models, which the tests prove against TFLM, stand in.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.graph.packed import packed, raw, unpacked
from tinyforge.memory.network import next_values
from tinyforge.ops import OPS
from tinyforge.tflite.about import remembers

# Tensor index to its values over all inputs: raw bytes (graph/packed.py), int8 (inputs, bytes).
Trace = Mapping[int, npt.NDArray[np.int8]]

Array = npt.NDArray[Any]
# (graph, one of its operators, its operands) to its outputs.
Layer = Callable[[Graph, Operator, Sequence[Array]], tuple[Array, ...]]

NUMPY_MODELS = "the NumPy models of TensorFlow Lite Micro's arithmetic"
_WHEEL = "tflite_micro"
_SECONDS_AN_INPUT = 10


def available() -> bool:
    """Whether TensorFlow Lite Micro's wheel is installed."""
    return importlib.util.find_spec(_WHEEL) is not None


def version() -> str:
    """Which oracle trace() asks, as a report names it."""
    if available():
        return f"TensorFlow Lite Micro, wheel {importlib.metadata.version('tflite-micro')}"
    return NUMPY_MODELS


def trace(model: bytes, graph: Graph, inputs: npt.NDArray[np.int8]) -> Trace:
    """Every operator's outputs for each input, of a sequence from the states' initial values, or
    each of a sequence of its own where the model says so; and the model's outputs, also where no
    operator makes them.

    model: the .tflite bytes that graph was read from. inputs: (n, bytes of all inputs). ForgeError
    when TFLM rejects the model.
    """
    return tflm_trace(model, graph, inputs) if available() else reference_trace(graph, inputs)


def outputs(model: bytes, graph: Graph, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The model's outputs for each input, (n, bytes of all outputs)."""
    if available():
        return answer(graph, tflm_trace(model, graph, inputs, list(dict.fromkeys(graph.outputs))))
    return answer(graph, reference_trace(graph, inputs))


def answer(graph: Graph, found: Trace) -> npt.NDArray[np.int8]:
    """A trace's outputs of the model, side by side: (n, bytes of all outputs)."""
    return packed([found[t] for t in graph.outputs])


def require_agreement(claimed: npt.NDArray[np.int8] | None, computed: npt.NDArray[np.int8]) -> None:
    """ForgeError where outputs that came with the inputs are not the oracle's: (n, bytes) both."""
    if claimed is None or np.array_equal(claimed, computed):
        return
    row = int(np.flatnonzero((claimed != computed).any(axis=1))[0])
    raise ForgeError(
        f"the outputs that came with the inputs are not {version()}'s",
        where=f"input {row}: {claimed[row].tolist()[:8]} given, {computed[row].tolist()[:8]} found",
        fix="record them again from this model, or leave them out",
    )


def tflm_trace(
    model: bytes,
    graph: Graph,
    inputs: npt.NDArray[np.int8],
    tensors: Sequence[int] | None = None,
) -> Trace:
    """trace() by TensorFlow Lite Micro, whose wheel must be installed. tensors: None for all."""
    if tensors is None:
        tensors = _traced(graph)
    tensors = _with_siblings(graph, tensors)
    with tempfile.TemporaryDirectory(prefix="tinyforge-oracle-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(model)
        for position, values in enumerate(unpacked(inputs, graph.input_tensors)):
            np.save(folder / f"input_{position}.npy", values)
        # What a variable becomes is no tensor of the interpreter's: it is what was assigned.
        assigned = {a: graph.producers[a].inputs[-1] for a in next_values(graph).values()}
        asked = {t: assigned.get(t, t) for t in tensors}
        np.save(folder / "tensors.npy", np.array([*dict.fromkeys(asked.values())], np.int64))
        np.save(folder / "anew.npy", not remembers(graph))
        _run_child(folder, len(inputs))
        found = {t: np.load(folder / f"{source}.npy") for t, source in asked.items()}
    _settle(graph, found)
    return found


def _settle(graph: Graph, found: Trace) -> None:
    """What TFLM leaves to chance, as the operators' models make it."""
    for op in graph.operators:
        settled = OPS[op.op].settled if op.op in OPS else None
        if settled and all(t in found for t in op.outputs):
            tensors = [graph.tensors[t] for t in op.outputs]
            for row in range(len(found[op.outputs[0]])):
                settled([found[t.index][row].view(t.dtype.numpy).reshape(t.shape) for t in tensors])


def _with_siblings(graph: Graph, tensors: Sequence[int]) -> Sequence[int]:
    """With all outputs of operators that leave some to chance: their count says which."""
    makers = {graph.producers[t].index for t in tensors if t in graph.producers}
    some = [graph.operators[i] for i in makers if graph.operators[i].op in OPS]
    more = [t for op in some if OPS[op.op].settled for t in op.outputs]
    return list(dict.fromkeys((*tensors, *more)))


def _run_child(folder: Path, count: int) -> None:
    command = [sys.executable, "-m", "tinyforge.proof.oracle_child", str(folder)]
    try:
        child = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60 + count * _SECONDS_AN_INPUT,
        )
    except subprocess.TimeoutExpired as error:
        raise ForgeError("TensorFlow Lite Micro did not finish", fix="give fewer inputs") from error
    if child.returncode != 0:
        raise ForgeError(
            f"TensorFlow Lite Micro cannot run the model: {_words(child.stderr)}",
            fix="change the layer that it names; on the device it would fail the same way",
        )


def _words(stderr: str) -> str:
    """What TFLM said last, before Python's traceback; else the exception."""
    said, _, traceback = stderr.partition("Traceback (most recent call last):")
    lines = said.split("\n") if said.strip() else traceback.strip().splitlines()[-1:]
    return "; ".join([line.strip() for line in lines if line.strip()][-2:]) or "it crashed"


def reference(graph: Graph, op: Operator, operands: Sequence[Array]) -> tuple[Array, ...]:
    """What a layer makes of its operands, constants included, by the operator's NumPy model."""
    return OPS[op.op].outputs(graph, op, operands)


def reference_trace(graph: Graph, inputs: npt.NDArray[np.int8], layer: Layer = reference) -> Trace:
    """trace() by the operators' NumPy models. Every operator must be in OPS.

    layer: what one makes, where it is to be another.
    """
    constants = {t.index: t.data for t in graph.tensors if t.data is not None}
    kept = states(graph)
    anew = not remembers(graph)
    traced = _traced(graph)
    rows: dict[int, list[npt.NDArray[np.int8]]] = {t: [] for t in traced}
    for example in zip(*unpacked(inputs, graph.input_tensors), strict=True):
        if anew:
            kept = states(graph)
        values = constants | kept | dict(zip(graph.inputs, example, strict=True))
        for op in graph.operators:
            operands = [values[t] for t in op.inputs if t >= 0]
            values |= dict(zip(op.outputs, layer(graph, op, operands), strict=True))
        for t in traced:
            stated = values[t].astype(graph.tensors[t].dtype.numpy, copy=False)
            rows[t].append(raw(stated.reshape(1, -1))[0].copy())
    return {t: np.stack(found) for t, found in rows.items()}


def states(graph: Graph) -> dict[int, Array]:
    """The states before the first inference, which their operators change in place."""
    return {t: graph.tensors[t].at_start() for t in graph.states}


def _traced(graph: Graph) -> list[int]:
    computed = [t for op in graph.operators for t in op.outputs]
    return list(dict.fromkeys([*computed, *graph.outputs]))
