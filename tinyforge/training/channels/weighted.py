"""Where layers with weights hand their channels, and which of their weights go with each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyforge.training.channels.calls import Call, Value
from tinyforge.training.channels.follow import Cut, Followed, Link, all_of, each
from tinyforge.training.layers import ACTIVATIONS

# A call to what is known of it, or why it is not followed.
Rule = Callable[[Call], Followed | str]

# These make each channel of all others.
_MIXING = frozenset({"glu", "log_softmax", "softmax", "sparsemax"})
_ALONE = (ACTIVATIONS - _MIXING) | {"ELU", "LeakyReLU", "ReLU", "ThresholdedReLU"}


def _activation_of(layer: Any) -> str:
    """The name of a function, or of a layer's class."""
    activation = getattr(layer, "activation", None)
    if activation is None:
        return "linear"
    return str(getattr(activation, "__name__", type(activation).__name__))


def held_unless_alone(call: Call) -> dict[Value, str]:
    """What a layer makes stays if its activation looks at several channels at once."""
    if (name := _activation_of(call.layer)) in _ALONE:
        return {}
    return dict.fromkeys(call.outputs, f"{call} has the activation {name}")


def _bias(call: Call, index: int) -> tuple[Cut, ...]:
    out = call.outputs[0]
    return (Cut(index, -1, out, all_of(out)),) if call.layer.use_bias else ()


def mixed(size: str, axes: tuple[int, int] = (-2, -1)) -> Rule:
    """A convolution, perhaps in groups, or a dense layer. size: the setting that says how many
    channels it makes. axes: of the kernel, for what it takes and makes."""

    def rule(call: Call) -> Followed | str:
        (source,), (out,) = call.inputs, call.outputs
        if len(call.layer.weights) != 1 + call.layer.use_bias:
            return "has other weights than Keras's own"
        groups = getattr(call.layer, "groups", 1)
        taken = all_of(source) % (source.channels // groups)
        made = all_of(out) % (out.channels // groups)
        # Each group loses as many as the others: the same numbers of each.
        links: tuple[Link, ...] = ()
        if groups > 1:
            links = (source, all_of(source), source, taken), (out, all_of(out), out, made)
        place = source if "Transpose" in call.kind else out
        return Followed(
            links=links,
            reads=(source,),
            held=held_unless_alone(call),
            cuts=(
                Cut(0, axes[0], source, all_of(source)[: source.channels // groups]),
                Cut(0, axes[1], out, all_of(out)),
                *_bias(call, 1),
            ),
            kernels=(0,),
            positions=place.positions,
            sizes={size: out},
        )

    return rule


def depthwise(call: Call) -> Followed | str:
    (source,), (out,) = call.inputs, call.outputs
    if _activation_of(call.layer) not in _ALONE:
        return f"has the activation {_activation_of(call.layer)}"
    made = all_of(out) // call.layer.depth_multiplier
    return Followed(
        links=((source, made, out, all_of(out)),),
        cuts=(Cut(0, -2, source, all_of(source)), *_bias(call, 1)),
        kernels=(0,),
        positions=out.positions,
    )


def separable(call: Call) -> Followed | str:
    """A depthwise convolution and one of single pixels, in one layer."""
    (source,), (out,) = call.inputs, call.outputs
    between = np.repeat(all_of(source), call.layer.depth_multiplier)
    return Followed(
        reads=(source,),
        held=held_unless_alone(call),
        cuts=(
            Cut(0, -2, source, all_of(source)),
            Cut(1, -2, source, between),
            Cut(1, -1, out, all_of(out)),
            *_bias(call, 2),
        ),
        kernels=(0, 1),
        positions=out.positions,
        sizes={"filters": out},
    )


def recurrent(call: Call) -> Followed | str:
    """What it is given over time may shrink; its own units stay."""
    layer, source = call.layer, call.inputs[0]
    inner = getattr(layer, "forward_layer", layer)
    if type(inner).__name__ not in ("GRU", "LSTM", "SimpleRNN"):
        return "is not followed"
    each_way = 3 if inner.use_bias else 2
    kernels = range(0, len(layer.weights), each_way)
    others = (*call.inputs[1:], *call.outputs)
    return Followed(
        reads=(source,),
        held=dict.fromkeys(others, f"{call} keeps its units"),
        cuts=tuple(Cut(index, -2, source, all_of(source)) for index in kernels),
        kernels=tuple(index for first in kernels for index in (first, first + 1)),
        positions=source.positions,
    )


def normalized(call: Call) -> Followed | str:
    """A BatchNormalization over the channels: a scale, an offset, a mean, a variance for each."""
    (source,), (out,) = call.inputs, call.outputs
    if np.ravel(call.layer.axis).tolist() not in ([-1], [len(out.shape)]):
        return "normalizes another axis than the channels"
    cuts = (Cut(i, -1, out, all_of(out)) for i in range(len(call.layer.weights)))
    return Followed(links=(each(source, out),), cuts=tuple(cuts))


def prelu(call: Call) -> Followed | str:
    (source,), (out,) = call.inputs, call.outputs
    shared = len(out.shape) in (call.layer.shared_axes or ())
    cuts = () if shared else (Cut(0, -1, out, all_of(out)),)
    return Followed(links=(each(source, out),), cuts=cuts)
