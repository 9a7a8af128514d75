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
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.packed import split, typed
from tinyforge.graph.types import DType
from tinyforge.proof.examples import by_input, limits, quantized, quantized_inputs
from tinyforge.proof.oracle import Trace
from tinyforge.training.noise.record import Channel, LayerNoise, Weights

_WORST = 3  # channels that are named
_CODES = (DType.INT8, DType.INT16)
_KERNELS = (DType.INT8, DType.INT4)
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
    return (*_inputs(graph, inputs), *_layers(graph, trace, twin))


def _inputs(graph: Graph, inputs: Reals) -> Iterator[LayerNoise]:
    rows = split(quantized_inputs(inputs, graph), graph.input_tensors)
    for (real, tensor), codes in zip(by_input(inputs, graph), rows, strict=True):
        if tensor.dtype in _CODES and tensor.quant:
            yield _noise(tensor, real, typed(codes, tensor))


def _layers(graph: Graph, trace: Trace, twin: Twin) -> Iterator[LayerNoise]:
    for op in graph.operators:
        tensor = graph.tensors[op.outputs[0]]
        real = twin.values.get(tensor.name)
        if tensor.dtype not in _CODES or tensor.quant is None or tensor.index not in trace:
            continue
        if real is None or real.shape[1:] != tensor.shape[1:]:
            continue
        codes = typed(trace[tensor.index], tensor)
        weights = _weights(graph, op, twin)
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
    own = [snr for snr in _snrs(values, alone) if snr is not None]
    return LayerNoise(
        layer,
        op,
        tensor.name,
        _snr(values, found),
        _snr(values, alone),
        limits(tensor),
        (float(values.min()), float(values.max())),
        _unused(tensor, values),
        _saturated(tensor, values, codes.reshape(values.shape)),
        _worst(_snrs(values, found)),
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


def _weights(graph: Graph, op: Operator, twin: Twin) -> Weights | None:
    """None for a layer without a kernel, or of another form in the float model."""
    tensor = graph.tensors[op.inputs[1]] if len(op.inputs) > 1 and op.inputs[1] >= 0 else None
    real = twin.kernels.get(graph.tensors[op.outputs[0]].name)
    if tensor is None or tensor.data is None or tensor.quant is None or real is None:
        return None
    if real.ndim < 2 or real.shape != tensor.shape or tensor.dtype not in _KERNELS:
        return None
    quant = tensor.quant
    axis = quant.axis if quant.per_channel else 0
    scale = np.array(quant.scale)
    wide = scale.reshape([-1 if i == axis else 1 for i in range(real.ndim)])
    found = tensor.data.astype(np.float64) * wide  # weights' zero points are 0
    ours, theirs = (
        np.moveaxis(one, axis, -1).reshape(-1, real.shape[axis]) for one in (real, found)
    )
    return Weights(_snr(ours, theirs), _worst(_rests(ours, theirs))[0], quant.per_channel)


def _worst(snrs: list[float | None]) -> tuple[Channel, ...]:
    known = [np.inf if snr is None else snr for snr in snrs]
    order = sorted(range(len(snrs)), key=lambda i: known[i])
    return tuple(Channel(i, snrs[i]) for i in order[:_WORST])


def _rests(real: Array, found: Array) -> list[float | None]:
    """Of each column without its furthest in a hundred, whose strength is no help to others."""
    count = max(1, len(real) // 100)
    order = np.abs(real).argsort(axis=0)[: len(real) - count]
    return _snrs(np.take_along_axis(real, order, 0), np.take_along_axis(found, order, 0))


def _snrs(real: Array, found: Array) -> list[float | None]:
    """Of each column."""
    return [_snr(real[:, i], found[:, i]) for i in range(real.shape[1])]


def _snr(real: Array, found: Array) -> float | None:
    """Signal to noise in dB; None where there is none of the two."""
    signal = float((real.astype(np.float64) ** 2).sum())
    noise = float(((found - real) ** 2).sum())
    return float(10 * np.log10(signal / noise)) if signal and noise else None
