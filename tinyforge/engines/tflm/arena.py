"""How large the interpreter's arena must be on a 32-bit microcontroller."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from tinyforge.engines.tflm.measure import ALIGNMENT
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator

_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class ArenaSize:
    """nbytes: a multiple of 16. source: how it was found, as sentences for a reader."""

    nbytes: int
    source: tuple[str, ...]


def arena_size(graph: Graph, model: bytes) -> ArenaSize:
    """An arena that suffices: measured where the tflite-micro package is, estimated elsewhere.

    Neither is exact. forge_init checks it on the device and reports FORGE_ERROR_ARENA.
    ForgeError when TensorFlow Lite Micro cannot prepare the model at all.
    """
    if find_spec("tflite_micro") is None:
        return ArenaSize(
            _round_up(_estimate(graph)),
            (
                "Estimated from the model's tensors; install tflite-micro to have it measured.",
                "forge_init reports FORGE_ERROR_ARENA should it be too small.",
            ),
        )
    margin = _round_up(_cmsis_nn_margin(graph))
    measured = arena_bytes(model)
    return ArenaSize(
        measured + margin,
        (
            f"{measured} bytes run the model in a 64-bit build, whose structures are larger than",
            f"a microcontroller's; {margin} more are for what CMSIS-NN adds.",
        ),
    )


def arena_bytes(model: bytes) -> int:
    """The smallest arena, a multiple of 16, in which the tflite-micro package runs the model.

    Its pointers have 64 bits and its kernels are the reference ones: an upper bound for a 32-bit
    build with reference kernels. ForgeError when it cannot prepare the model.
    """
    command = [sys.executable, "-P", "-m", "tinyforge.engines.tflm.measure"]
    try:
        child = subprocess.run(
            command, input=model, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ForgeError(
            f"TensorFlow Lite Micro did not prepare the model in {_TIMEOUT_SECONDS} s",
            fix="try --engine aot",
        ) from error
    if child.returncode:
        lines = child.stderr.decode(errors="replace").strip().splitlines()
        raise ForgeError(
            "TensorFlow Lite Micro cannot prepare the model",
            where=lines[-1] if lines else f"exit status {child.returncode}",
            fix="try --engine aot",
        )
    return int(child.stdout)


def _round_up(nbytes: int) -> int:
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def _cmsis_nn_margin(graph: Graph) -> int:
    """What CMSIS-NN takes beyond the reference kernels on Cortex-M4 and M7: the largest scratch
    buffer of any layer, and 32 bytes of operator data a layer (measured: 32 on FULLY_CONNECTED)."""
    return max(_scratch(graph, op) for op in graph.operators) + 32 * len(graph.operators)


def _scratch(graph: Graph, op: Operator) -> int:
    """Bytes of scratch: convolutions unfold their window to int16, two columns at a time (source:
    the arm_*_get_buffer_size functions of CMSIS-NN)."""
    if op.op == "CONV_2D":
        _, height, width, channels = graph.tensors[op.inputs[1]].shape
        return 2 * height * width * channels * 2
    if op.op == "DEPTHWISE_CONV_2D":
        _, height, width, channels = graph.tensors[op.inputs[1]].shape
        return height * width * channels * 2
    if op.op == "AVERAGE_POOL_2D":
        return 4 * graph.tensors[op.inputs[0]].shape[-1]
    return 0


def _estimate(graph: Graph) -> int:
    """Bytes on a 32-bit microcontroller, above every figure measured on Cortex-M4 and M7.

    Activations: the most that is alive at once, with nothing aliased as TFLM does not, and a
    quarter more for gaps in its greedy plan. Structures: 512 for the interpreter, 24 a tensor,
    160 an operator, 12 a weight channel (its multiplier and shift take 8).
    """
    channels = sum(
        len(tensor.quant.scale)
        for tensor in graph.tensors
        if tensor.quant and tensor.data is not None and tensor.dtype is DType.INT8
    )
    structures = 512 + 24 * len(graph.tensors) + 160 * len(graph.operators) + 12 * channels
    return _peak(graph) * 5 // 4 + structures + _cmsis_nn_margin(graph)


def _peak(graph: Graph) -> int:
    """The most bytes of computed tensors alive during one operator, each rounded up to 16."""
    step = {op.index: i for i, op in enumerate(graph.operators)}
    end = len(graph.operators)
    live = [0] * end
    for tensor in graph.tensors:
        producer = graph.producers.get(tensor.index)
        if producer is None and tensor.index not in graph.inputs:
            continue
        first = step[producer.index] if producer else 0
        reads = [step[op.index] for op in graph.consumers[tensor.index]]
        last = end - 1 if tensor.index in graph.outputs else max(reads, default=first)
        for i in range(first, last + 1):
            live[i] += _round_up(tensor.nbytes)
    return max(live)
