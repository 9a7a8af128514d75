"""Channels brought to one range, exactly: what a layer makes too large, the next one takes smaller.

Where a channel reaches far further than the others of its tensor, these share a few of int8's
codes.
Through layers that hand a factor on (ReLU, pools, additions, ...) it can be moved: the weights that
make the channel are divided by it, those that read it multiplied. Factors are powers of two, so
float answers stay the same to the last bit, or nearly. After Nagel et al., Data-Free Quantization
Through Weight Equalization and Bias Correction, 2019, with ranges seen in place of weights'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.ranges import Reals
from tinyforge.errors import ForgeError
from tinyforge.training.channels.calls import Call, network
from tinyforge.training.channels.follow import Followed
from tinyforge.training.channels.groups import Groups, groups_of
from tinyforge.training.channels.listening import listened, readers
from tinyforge.training.channels.rebuild import without
from tinyforge.training.model import Model, given, outputs
from tinyforge.training.runtime import quiet

Floats = npt.NDArray[np.float64]

_SAMPLES = 64
_FAR = 4.0  # times the median: what reaches less far has six of eight bits
_LEAST = 1e-12  # what is divided by
_TOLERANCE = 1e-5  # of the largest answer, at least of 1

_LINEAR = frozenset({"linear", "relu", "leaky_relu"})


@dataclass(frozen=True, eq=False)
class Equalized:
    """model: a copy; the same one where nothing was to be done. layers: by name, those some of
    whose channels were made smaller, with how many."""

    model: Model
    layers: Mapping[str, int]


def equalized(model: Model, inputs: Reals) -> Equalized:
    """A model whose channels reach about as far as the others of their tensors.

    inputs: real values (n, *shape), to see how far that is. ForgeError where its answers would not
    be the same.
    """
    groups = groups_of(network(model))
    inputs = inputs[:_SAMPLES]
    factors = _factors(model, groups, inputs)
    if (factors == 1).all():
        return Equalized(model, {})
    copy = without(model, groups, groups.all_kept(), inputs)
    theirs = groups_of(network(copy))  # numbered alike: it is the same model
    pairs = zip(theirs.network.calls, theirs.followed, strict=True)
    for call, known in {id(call.layer): (call, known) for call, known in pairs}.values():
        _scale(call, known, theirs, factors)
    _check(model, copy, inputs)
    return Equalized(copy, _smaller(groups, factors))


def _factors(model: Model, groups: Groups, inputs: Reals) -> Floats:
    """By group, what it is to be divided by: a power of two, 1 for most.

    Of a channel that reaches R times as far as the median of its family, and whose readers' weights
    are W times the median's, half of the distance between both, so that neither stands out.
    """
    reach, weight = _reach(model, groups, inputs), _read_weights(groups)
    factors = np.ones(groups.count)
    can = groups.free & _linear(groups)
    for family in np.unique(groups.families):
        members = np.flatnonzero(groups.families == family)
        far = reach[members] / max(float(np.median(reach[members])), _LEAST)
        heavy = weight[members] / max(float(np.median(weight[members])), _LEAST)
        best = np.sqrt(far / np.maximum(heavy, _LEAST))
        chosen = (far >= _FAR) & (best >= 2) & can[members]
        factors[members[chosen]] = 2.0 ** np.round(np.log2(np.minimum(best, far)[chosen]))
    return factors


def _reach(model: Model, groups: Groups, inputs: Reals) -> Floats:
    """By group, the greatest absolute value that arrives where it is read."""
    found = np.zeros(groups.count)
    of = {id(call.layer): groups.of[call.inputs[0].index] for call, _ in readers(groups)}

    def listener(layer: Any, x: Any) -> Any:
        most = np.abs(np.asarray(x)).reshape(-1, x.shape[-1]).max(axis=0)
        np.maximum.at(found, of[id(layer)], most)
        return x

    with quiet(), listened(groups, listener):
        model(given(model, inputs), training=False)
    return found


def _read_weights(groups: Groups) -> Floats:
    """By group, the greatest weight that it is multiplied with where it is read."""
    found = np.zeros(groups.count)
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        for cut in known.cuts:
            if cut.value in known.reads and cut.weight in known.kernels:
                weight = np.abs(np.asarray(call.layer.weights[cut.weight]))
                others = tuple(a for a in range(weight.ndim) if a != weight.ndim + cut.axis)
                np.maximum.at(
                    found, groups.of[cut.value.index][cut.numbers], weight.max(axis=others)
                )
    return found


def _linear(groups: Groups) -> npt.NDArray[np.bool_]:
    """By group: whether all that touches it hands a factor on, or takes it into its weights."""
    found = np.ones(groups.count, np.bool_)
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        hands_on = _HANDS_ON.get(call.kind)
        kept = hands_on is None or not hands_on(call)
        touched = call.outputs if known.reads else (*call.inputs, *call.outputs)
        takes_in = call.kind in _MIXING
        for value in (*touched, *(() if takes_in else known.reads)):
            if kept:
                found[groups.of[value.index]] = False
    return found


def _scale(call: Call, known: Followed, groups: Groups, factors: Floats) -> None:
    """A layer's weights for what it makes, divided, and for what it reads, multiplied."""
    weights = [np.asarray(weight) for weight in getattr(call.layer, "weights", ())]
    for cut in known.cuts:
        of = factors[groups.of[cut.value.index][cut.numbers]]
        by = of if cut.value in known.reads else 1 / of
        if not _stays(call, cut.weight, known):
            shape = [1] * weights[cut.weight].ndim
            shape[cut.axis] = -1
            weights[cut.weight] = weights[cut.weight] * by.reshape(shape).astype(np.float32)
    if weights:
        call.layer.set_weights(weights)


def _stays(call: Call, weight: int, known: Followed) -> bool:
    """Of what hands a factor on: a depthwise kernel, slopes, and of a BatchNormalization what it
    multiplies by."""
    if call.kind == "BatchNormalization":
        names = ["gamma"] * call.layer.scale + ["beta"] * call.layer.center + ["mean", "variance"]
        return names[weight] in ("gamma", "variance")
    return call.kind == "PReLU" or (weight in known.kernels and not known.reads)


def _smaller(groups: Groups, factors: Floats) -> dict[str, int]:
    found = {}
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        if known.kernels and known.sizes:
            of = np.concatenate([groups.of[value.index] for value in call.outputs])
            if count := int((factors[of] > 1).sum()):
                found[call.layer.name] = count
    return found


def _check(model: Model, copy: Model, inputs: Reals) -> None:
    for head in range(len(model.outputs)):
        with quiet():
            before, after = outputs(model, inputs, head), outputs(copy, inputs, head)
        off = float(np.abs(before - after).max())
        if not off <= _TOLERANCE * max(1.0, float(np.abs(before).max())):
            raise ForgeError(
                f"with its channels brought to one range the model's answers differ by {off:.3g}",
                where=f"model {model.name!r}",
                fix="leave --equalize out, and please report this with the model",
            )


def _activated(call: Call) -> bool:
    activation = getattr(call.layer, "activation", None)
    return activation is None or getattr(activation, "__name__", "") in _LINEAR


def _unbounded(call: Call) -> bool:
    """A ReLU without bound and threshold."""
    config = call.layer.get_config()
    return config.get("max_value") is None and not config.get("threshold")


def _of_values(call: Call) -> bool:
    """Of values alone: x + 1 hands no factor on."""
    return not call.constants


_MIXING = (
    *("Conv1D", "Conv2D", "Conv3D", "Dense"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
)
_ALWAYS = """
AveragePooling1D AveragePooling2D Add Average BatchNormalization Concatenate Cropping1D Cropping2D
Dropout Flatten GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
Identity LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum PReLU Reshape Subtract UpSampling1D
UpSampling2D ZeroPadding1D ZeroPadding2D
"""
# By kind of layer: whether one hands a positive factor of a channel on.
_HANDS_ON: Mapping[str, Callable[[Call], bool]] = {
    **dict.fromkeys((*_MIXING, "Activation", "DepthwiseConv1D", "DepthwiseConv2D"), _activated),
    "ReLU": _unbounded,
    **dict.fromkeys(_ALWAYS.split(), lambda _: True),
    **dict.fromkeys(
        ("ops.Add", "ops.Maximum", "ops.Minimum", "ops.Relu", "ops.Subtract"), _of_values
    ),
}
