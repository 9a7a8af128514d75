"""Why an int8 file may be worse than the float model that it was made of, which is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tinyforge.proof.data import range_held
from tinyforge.proof.examples import Reach, limits
from tinyforge.training.noise.causes import (
    CUT_OFF,
    FEW_CHANNELS,
    TIMES,
    UNUSED,
    Facts,
    calibration,
    outlier,
    sets_range,
    span,
    unfused,
    worst_layer,
)
from tinyforge.training.noise.kernels import kernel_of
from tinyforge.training.noise.measure import INPUT
from tinyforge.training.noise.record import POOR, Finding, Weights

_MANY = 0.25  # of a layer's channels
_DEAD = 1e-3  # of the furthest channel's weights: of less nothing is heard


@dataclass(frozen=True, eq=False)
class FileFacts(Facts):
    """layers: measured beside the file's own weights in float; none without data. reach: of the
    data, by input. kernels: by operator."""

    reach: Mapping[int, Reach]
    kernels: Mapping[int, Weights]


def diagnosis(facts: FileFacts) -> tuple[Finding, ...]:
    """The likeliest cause first: what the data is like, then the layers. The layer that loses most
    is named where accuracy dropped and nothing else explains it."""
    data = [*inputs(facts)] or [*calibration(facts)] or [*unused(facts)]
    channels = outlier(facts) if facts.layers else scales(facts)
    found = [*data, *channels, *unfused(facts), *coarse(facts)]
    return tuple(found or worst_layer(facts))


def inputs(facts: FileFacts) -> Iterator[Finding]:
    """Data in another range than that of the model's input."""
    for position, found in facts.reach.items():
        t = facts.graph.input_tensors[position]
        never = _never(limits(t), (found.low, found.high))
        wrong = [f"{found.beyond:.1%} of their values are cut off"] * (found.beyond > CUT_OFF)
        wrong += [f"{never:.0%} of the codes are never reached"] * (never > UNUSED)
        if not wrong:
            continue
        held = range_held(t)
        given = "say its range with --range" if held is None else f"give --range {held.text}"
        yield Finding(
            "preprocessing",
            f"{INPUT} {t.name!r}",
            f"it has codes for {span(limits(t))}, the samples go from "
            f"{span((found.low, found.high))}: {', and '.join(wrong)}",
            f"prepare the data as for calibration: {given}, or scale it before saving it",
        )


def _never(held: tuple[float, float], seen: tuple[float, float]) -> float:
    """The share of a tensor's codes that are not reached, though they could be: 0 must have one, so
    all between it and the values is needed."""
    (low, high), (least, most) = held, seen
    reached = min(high, max(0.0, most)) - max(low, min(0.0, least))
    return float(np.clip(1 - reached / (high - low), 0, 1))


def unused(facts: FileFacts) -> Iterator[Finding]:
    """Codes that no sample reaches: the layer that has most of them, of those that give more than
    zeros."""
    graph = facts.graph
    wide = {
        one: _never(one.held, one.seen)
        for one in facts.layers
        if one.layer is not None and sets_range(graph, graph.operators[one.layer]) and any(one.seen)
    }
    layer = max(wide, key=lambda one: wide[one], default=None)
    if layer is not None and wide[layer] > UNUSED:
        yield Finding(
            "range",
            layer.where,
            f"it has codes for {span(layer.held)}, and the samples reach {span(layer.seen)}: "
            f"{wide[layer]:.0%} of the codes are never used",
            "calibrate on data like that of the device, without single extreme samples; is the "
            "data given here all that there is?",
        )


def scales(facts: FileFacts) -> Iterator[Finding]:
    """What is known of channels that reach far without data: a filter far larger than others. Of
    depthwise ones the input's channels are often as far apart the other way round."""
    for op in facts.graph.operators:
        tensor = kernel_of(facts.graph, op)
        if tensor is None or tensor.quant is None or not tensor.quant.per_channel:
            continue
        axis = tensor.quant.axis
        if op.op == "DEPTHWISE_CONV_2D" or tensor.shape[axis] < FEW_CHANNELS:
            continue
        reach = np.array(tensor.quant.scale)
        times = float(reach.max() / np.median(reach[reach > reach.max() * _DEAD]))
        if times >= TIMES:
            yield Finding(
                "outlier",
                facts.graph.where(op),
                f"the weights of channel {reach.argmax()} reach {times:.0f} times as far as the "
                "median one's: of its output the other channels may have few codes",
                "give --data, which shows whether they do",
            )


def coarse(facts: FileFacts) -> Iterator[Finding]:
    """Kernels of which many channels have few codes: the one with most, and others by number."""
    graph = facts.graph
    poor = {
        layer: kernel.poor / graph.tensors[graph.operators[layer].outputs[0]].shape[-1]
        for layer, kernel in facts.kernels.items()
    }
    found = [layer for layer in sorted(poor, key=lambda i: -poor[i]) if poor[layer] >= _MANY]
    for per_channel in (False, True):
        those = [i for i in found if facts.kernels[i].per_channel is per_channel]
        if not those:
            continue
        op = graph.operators[those[0]]
        channels = graph.tensors[op.outputs[0]].shape[-1]
        few = f"{facts.kernels[op.index].poor} of {channels} output channels have less than"
        alike = f"; layers {', '.join(map(str, sorted(those[1:])))} are alike" if those[1:] else ""
        if per_channel:
            why = "some of their weights are far larger than the rest"
            cure = "keep weights together (weight decay, a MaxNorm constraint), and train on"
        else:
            why = "all share one scale, that of the largest"
            cure = "quantize weights per channel: convert the Keras model with tinyforge quantize"
        yield Finding(
            "weights" if per_channel else "one scale for all channels",
            graph.where(op),
            f"{few} {POOR:.0f} dB of their weights: {why}{alike}",
            cure,
        )
