"""Why int8 is worse than float, and what to do: one function a cause, silent where it is not.

Here are those that a float model tells, and those that the layers alone do, whatever they are
compared with; of a file without a float model file_causes.py has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tinyforge.datasets.decide import Decision, figure
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.proof.examples import limits
from tinyforge.training.noise.normalization import Drift
from tinyforge.training.noise.record import POOR, Finding, LayerNoise

_LEAD = 0.05  # of the score, by which another range must be better
CUT_OFF = 0.01  # share of values beyond their codes that is more than a few
_FAR = 0.05  # of the codes: a step or two more are rounding's
UNUSED = 0.875  # share of an input's codes: 3 of 8 bits
_SHIFT, _STRETCH = 3.0, 4.0  # of a standard deviation in training
FEW_CHANNELS = 4  # among fewer, none stands out
TIMES = 16.0  # the median channel's range, that leaves it 4 of 8 bits
_WIDER = 4.0  # times what an activation lets through: 2 of 8 bits are lost
_FULL = 48.0  # dB, of 8 bits
_HEARD = 6.0  # dB: twice the noise that is there anyway

# Clamps that the converter fuses into the layer before, where they stand right behind it.
_CLAMPS = ("RELU", "RELU6", "RELU_N1_TO_1", "MINIMUM", "MAXIMUM")
# Whose outputs have codes for one range, whatever their channels do.
_FIXED = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC", "TANH", "L2_NORMALIZATION")


@dataclass(frozen=True, eq=False)
class Facts:
    """What causes are looked for in. layers: of the int8 graph, measured beside a float one.

    calibrated: how many samples set the ranges; None where that is not known. dropped: whether int8
    is less right than float.
    """

    graph: Graph
    layers: tuple[LayerNoise, ...]
    calibrated: int | None
    dropped: bool


@dataclass(frozen=True, eq=False)
class Beside(Facts):
    """The same where the float model is there.

    decision: the range of the inputs, and how right the float model is in others. measure: what
    that score is called. drift: of the model's first normalization on the calibration data.
    classes: how many classes the calibration data is of, and how many there are; None where that is
    not known.
    """

    decision: Decision
    measure: str
    drift: Drift | None
    classes: tuple[int, int] | None


def diagnosis(facts: Beside) -> tuple[Finding, ...]:
    """What explains the noise: how data was prepared, what calibration saw, then the layers. The
    layer that loses most is named where accuracy dropped and nothing else explains it."""
    data = [*preprocessing(facts), *one_class(facts)]
    data = data or [*calibration(facts)]  # else ranges are exceeded for these reasons
    found = [*data, *outlier(facts), *unfused(facts), *weights(facts)]
    return tuple(found or worst_layer(facts))


def preprocessing(facts: Beside) -> Iterator[Finding]:
    """Inputs that are prepared otherwise than in training, or than those of the calibration."""
    cure = "prepare the data as in training: give --range, or scale it before saving it"
    trials = facts.decision.trials
    own = next((t for t in trials if t.range == facts.decision.range), None)
    best = max(trials, key=lambda t: t.score, default=None)
    if own and best and best.score - own.score > _LEAD:
        yield Finding(
            "preprocessing",
            "the model's input",
            f"in {own.range.text} the float model's {facts.measure} is "
            f"{figure(facts.measure, own.score)}, in {best.range.text} "
            f"{figure(facts.measure, best.score)}",
            f"give --range {best.range.text}",
        )
        return
    off = facts.drift
    if off and (off.shift > _SHIFT or not 1 / _STRETCH < off.stretch < _STRETCH):
        yield Finding(
            "preprocessing",
            f"layer {off.name!r}",
            f"in training its channels spread {1 / off.stretch:.3g} times as far as on this data, "
            f"and their means are off by {off.shift:.3g} standard deviations",
            cure,
        )
        return
    for layer in facts.layers:
        if layer.layer is None and (layer.saturated > CUT_OFF or layer.unused > UNUSED):
            yield Finding(
                "preprocessing",
                layer.where,
                f"calibration saw {span(layer.held)}, the samples go from {span(layer.seen)}",
                "prepare both alike, or calibrate on data like that of the device",
            )


def one_class(facts: Beside) -> Iterator[Finding]:
    """Calibration on one of several classes."""
    if facts.classes is not None and facts.classes[0] == 1 < facts.classes[1]:
        yield Finding(
            "one class",
            "the calibration data",
            f"all {facts.calibrated} samples are of one class of {facts.classes[1]}: the ranges "
            "of the others were never seen",
            "calibrate on samples of every class",
        )


def calibration(facts: Facts) -> Iterator[Finding]:
    """Ranges that calibration never reached: the layer where most values are cut off."""
    cut = [
        one
        for one in facts.layers
        if one.layer is not None and one.saturated > CUT_OFF and _beyond(one) > _FAR
    ]
    if not cut:
        return
    layer = max(cut, key=lambda one: one.saturated)
    by = "its" if facts.calibrated is None else f"{facts.calibrated:,}"
    yield Finding(
        "calibration",
        layer.where,
        f"{layer.saturated:.1%} of its values lie beyond {span(layer.held)}, which is all that "
        f"{by} calibration samples reached, and are cut off",
        "more calibration data, like that of the device",
    )


def _beyond(layer: LayerNoise) -> float:
    """How far the float model's values go beyond the codes, as a share of these."""
    (low, high), (least, most) = layer.held, layer.seen
    return max(low - least, most - high) / (high - low)


def outlier(facts: Facts) -> Iterator[Finding]:
    """One channel that reaches so far that the others share a few codes."""
    for layer in facts.layers:
        op = None if layer.layer is None else facts.graph.operators[layer.layer]
        if op is None or not sets_range(facts.graph, op):
            continue
        channels = facts.graph.tensors[op.outputs[0]].shape[-1]
        poor = layer.median_own is not None and layer.median_own < POOR
        if channels >= FEW_CHANNELS and layer.times_median >= TIMES and poor:
            yield Finding(
                "outlier",
                layer.where,
                f"channel {layer.widest} reaches {layer.times_median:.0f} times as far as the "
                f"median one, which has {layer.median_own:.0f} dB left of its values",
                "bring its channels to one range, which keeps the float answers: tinyforge "
                "quantize --equalize; or normalize the layer (BatchNormalization), and train on",
            )


def unfused(facts: Facts) -> Iterator[Finding]:
    """An activation that is a layer of its own: the values that it throws away have codes."""
    graph = facts.graph
    for op in graph.operators:
        if op.op not in _CLAMPS:
            continue
        source = next(graph.tensors[t] for t in op.inputs if t >= 0)
        sink = graph.tensors[op.outputs[0]]
        if source.data is not None or source.quant is None or sink.quant is None:
            continue
        times = _width(source) / _width(sink)
        if times >= _WIDER:
            yield Finding(
                "activation not fused",
                graph.where(op),
                f"what it reads has codes for {span(limits(source))}, and it lets "
                f"{span(limits(sink))} through: of {times:.1f} codes it uses one",
                "put the activation right behind the layer, with nothing between that reads or "
                "changes its values (Conv2D(activation='relu'), ReLU(6))",
            )


def weights(facts: Facts) -> Iterator[Finding]:
    """Kernels of which a channel has few codes, as one weight is far from the others; where that
    is heard: the layer loses more than its input and its own codes explain."""
    snrs = {one.name: one.snr for one in facts.layers}
    for layer in facts.layers:
        kernel = layer.weights
        if layer.layer is None or kernel is None or kernel.worst.snr is None:
            continue
        before = snrs.get(facts.graph.tensors[facts.graph.operators[layer.layer].inputs[0]].name)
        possible = min(one for one in (before, layer.own, _FULL) if one is not None)
        if kernel.worst.snr >= POOR or layer.snr is None or possible - layer.snr < _HEARD:
            continue
        cure = "keep weights together (weight decay, a MaxNorm constraint), and train on"
        if not kernel.per_channel:
            cure = "quantize weights per channel: convert with tinyforge quantize"
        scales = "a scale of its own" if kernel.per_channel else "one scale with all others"
        yield Finding(
            "weights",
            layer.where,
            f"output channel {kernel.worst.index} has {scales}, which leaves "
            f"{kernel.worst.snr:.0f} dB of its weights: some are far larger than the rest; the "
            f"layer has {layer.snr:.0f} dB of {possible:.0f} possible",
            cure,
        )


def worst_layer(facts: Facts) -> Iterator[Finding]:
    """Where most is lost from one layer to the next, if accuracy dropped."""
    known = [one for one in facts.layers if one.snr is not None]
    if not facts.dropped or len(known) < 2:
        return
    before, after = min(pairwise(known), key=lambda two: (two[1].snr or 0) - (two[0].snr or 0))
    yield Finding(
        "noise",
        after.where,
        f"signal to noise falls from {before.snr:.0f} to {after.snr:.0f} dB here, more than in any "
        "other layer",
        "train on with int8's rounding: tinyforge quantize --qat",
    )


def sets_range(graph: Graph, op: Operator) -> bool:
    """Whether calibration set the range of a layer's output: it is neither fixed nor that of one of
    its inputs, as a pool's is."""
    sink = graph.tensors[op.outputs[0]].quant
    return op.op not in _FIXED and all(graph.tensors[t].quant != sink for t in op.inputs if t >= 0)


def _width(tensor: Tensor) -> float:
    low, high = limits(tensor)
    return high - low


def span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3g} to {ends[1]:.3g}"
