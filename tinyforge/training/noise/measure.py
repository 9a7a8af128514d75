"""How far the values of an int8 model are from those of its float model, tensor by tensor.

TensorFlow's own QuantizationDebugger tells errors of whole tensors as tf.lite's kernels make them.
Here the int8 values are those of the oracle, and channels count: one of them is often the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.ranges import Reals
from tinyforge.graph import Graph, Tensor
from tinyforge.graph.packed import split, typed
from tinyforge.graph.types import DType
from tinyforge.graph.wide import SUFFIX
from tinyforge.proof.examples import by_input, limits, quantized, quantized_inputs
from tinyforge.proof.measure import macs
from tinyforge.proof.oracle import Trace
from tinyforge.training.noise.kernels import compared
from tinyforge.training.noise.record import LayerNoise, Weights
from tinyforge.training.noise.snr import snr, snrs, worst

_MACS = 1_000_000_000  # that oracle and interpreter compute in some seconds
_BYTES = 1 << 25  # of int8 values that are kept; as float they take four times as much
_SAMPLES = (8, 64)
_CODES = (DType.INT8, DType.INT16)
INPUT = "INPUT"  # what stands for an operator where a model's input is looked at

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Twin:
    """The float model that the int8 one was made of. values: by tensor's name what it computed,
    float32 (n, *shape). kernels: by the name of an operator's first output its second operand."""

    values: Mapping[str, Reals]
    kernels: Mapping[str, Reals]


def layers(graph: Graph, trace: Trace, twin: Twin, inputs: Reals) -> tuple[LayerNoise, ...]:
    """The model's inputs, then its layers in order: those whose output has a name that the float
    model has too.

    trace: of the int8 model, as the oracle makes it of inputs, real values (n, *shape).
    """
    kernels = {op.index: compared(graph, op, twin.kernels) for op in graph.operators}
    return (*_inputs(graph, inputs), *computed(graph, trace, by_tensor(graph, twin), kernels))


def by_tensor(graph: Graph, twin: Twin) -> dict[int, Reals]:
    """The float values of those tensors that the float model has too, whatever their type."""
    named = [(t, twin.values.get(t.name.removesuffix(SUFFIX))) for t in graph.tensors]
    return {t.index: real for t, real in named if real is not None and _alike(real, t)}


def _alike(real: Reals, tensor: Tensor) -> bool:
    return real.shape[1:] == tensor.shape[1:]


def count_to_explain(graph: Graph) -> int:
    """How many samples a model is explained on, so that it takes seconds."""
    made = sum(graph.tensors[t].nbytes for op in graph.operators for t in op.outputs)
    fitting = min(_MACS // max(1, macs(graph)), _BYTES // max(1, made))
    return int(np.clip(fitting, *_SAMPLES))


def _inputs(graph: Graph, inputs: Reals) -> Iterator[LayerNoise]:
    rows = split(quantized_inputs(inputs, graph), graph.input_tensors)
    for (real, tensor), codes in zip(by_input(inputs, graph), rows, strict=True):
        if tensor.dtype in _CODES and tensor.quant:
            yield _noise(tensor, real, typed(codes, tensor))


def computed(
    graph: Graph,
    trace: Trace,
    values: Mapping[int, Reals],
    kernels: Mapping[int, Weights | None],
) -> Iterator[LayerNoise]:
    """The layers that compute int8 or int16, and have float values. values: by tensor, float32
    (n, ...). kernels: by operator, of those that have one."""
    for op in graph.operators:
        tensor = graph.tensors[op.outputs[0]]
        real = values.get(tensor.index)
        if tensor.dtype not in _CODES or tensor.quant is None or tensor.index not in trace:
            continue
        if real is None:
            continue
        codes = typed(trace[tensor.index], tensor)
        weights = kernels.get(op.index)
        yield _noise(tensor, real, codes, layer=op.index, op=op.op, weights=weights)


def _noise(
    tensor: Tensor,
    real: Array,
    codes: Array,
    *,
    layer: int | None = None,
    op: str = INPUT,
    weights: Weights | None = None,
) -> LayerNoise:
    """real: (n, *shape). codes: (n, elements)."""
    channels = tensor.shape[-1] if len(tensor.shape) > 1 else 1
    values = real.reshape(-1, channels).astype(np.float64)
    found = (codes.astype(np.float64).reshape(values.shape) - tensor.zero_point) * tensor.scale
    kept = typed(quantized(real.reshape(len(real), -1), tensor), tensor)
    alone = (kept.astype(np.float64).reshape(values.shape) - tensor.zero_point) * tensor.scale
    reach = np.abs(values).max(axis=0)
    median = float(np.median(reach))
    own = [snr for snr in snrs(values, alone) if snr is not None]
    return LayerNoise(
        layer,
        op,
        tensor.name,
        snr(values, found),
        snr(values, alone),
        limits(tensor),
        (float(values.min()), float(values.max())),
        _unused(tensor, values),
        _saturated(tensor, values, codes.reshape(values.shape)),
        worst(snrs(values, found)),
        int(reach.argmax()),
        float(reach.max()) / median if median else 1.0,
        float(np.median(own)) if own else None,
        weights,
    )


def _unused(tensor: Tensor, values: Array) -> float:
    low, high = limits(tensor)
    reached = min(high, float(values.max())) - max(low, float(values.min()))
    return float(np.clip(1 - reached / (high - low), 0, 1))


def _saturated(tensor: Tensor, values: Array, codes: Array) -> float:
    ends, (low, high) = np.iinfo(tensor.dtype.numpy), limits(tensor)
    below = (codes == ends.min) & (values < low - tensor.scale)
    above = (codes == ends.max) & (values > high + tensor.scale)
    return float((below | above).mean())
