"""Where each of Keras's layers hands its channels: one row a layer.

A layer that has no row, or whose settings its rule does not know, is not followed: all that it is
given and makes keeps its channels. channels_last alone is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from tinyforge.training.channels.calls import Call, Value
from tinyforge.training.channels.follow import Cut, Followed, Link, all_of, each
from tinyforge.training.layers import ACTIVATIONS

# A call to what is known of it, or why it is not followed.
Rule = Callable[[Call], Followed | str]

# These make each channel of all others.
_MIXING = frozenset({"glu", "log_softmax", "softmax", "sparsemax"})
_ALONE = ACTIVATIONS - _MIXING
_UNKNOWN = "is not followed"


def followed(call: Call) -> Followed:
    """What is known of a call; where that is nothing, all of its values are held."""
    found = _found(call)
    if isinstance(found, str):
        return Followed(held=dict.fromkeys((*call.inputs, *call.outputs), f"{call} {found}"))
    return found


def _found(call: Call) -> Followed | str:
    rule = _RULES.get(call.kind)
    if rule is None:
        return _UNKNOWN
    if getattr(call.layer, "data_format", None) == "channels_first":
        return "has its channels first"
    if any(not value.shape for value in (*call.inputs, *call.outputs)):
        return "takes values without channels"
    return rule(call)


def activation_of(layer: Any) -> str:
    """A function's name; "" for a layer, or one that has none."""
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else getattr(activation, "__name__", "")


def _held_unless_alone(call: Call) -> dict[Value, str]:
    """What a layer makes stays if its activation looks at several channels at once."""
    if (name := activation_of(call.layer)) in _ALONE:
        return {}
    return dict.fromkeys(call.outputs, f"{call} has the activation {name or 'of a layer'}")


def _bias(call: Call, index: int) -> tuple[Cut, ...]:
    out = call.outputs[0]
    return (Cut(index, -1, out, all_of(out)),) if call.layer.use_bias else ()


def _mixed(size: str, axes: tuple[int, int] = (-2, -1)) -> Rule:
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
            held=_held_unless_alone(call),
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


def _depthwise(call: Call) -> Followed | str:
    (source,), (out,) = call.inputs, call.outputs
    if activation_of(call.layer) not in _ALONE:
        return f"has the activation {activation_of(call.layer) or 'of a layer'}"
    made = all_of(out) // call.layer.depth_multiplier
    return Followed(
        links=((source, made, out, all_of(out)),),
        cuts=(Cut(0, -2, source, all_of(source)), *_bias(call, 1)),
        kernels=(0,),
        positions=out.positions,
    )


def _separable(call: Call) -> Followed | str:
    """A depthwise convolution and one of single pixels, in one layer."""
    (source,), (out,) = call.inputs, call.outputs
    between = np.repeat(all_of(source), call.layer.depth_multiplier)
    return Followed(
        reads=(source,),
        held=_held_unless_alone(call),
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


def _recurrent(call: Call) -> Followed | str:
    """What it is given over time may shrink; its own units stay."""
    layer, source = call.layer, call.inputs[0]
    inner = getattr(layer, "forward_layer", layer)
    if type(inner).__name__ not in ("GRU", "LSTM", "SimpleRNN"):
        return _UNKNOWN
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


def _each(call: Call) -> Followed | str:
    """Each channel is made of the one of the same number alone."""
    (source,), (out,) = call.inputs, call.outputs
    if source.channels != out.channels:
        return "changes how many channels there are"
    return Followed(links=(each(source, out),))


def _activation(call: Call) -> Followed | str:
    name = activation_of(call.layer)
    return _each(call) if name in _ALONE else f"has the activation {name or 'of a layer'}"


def _dropout(call: Call) -> Followed | str:
    shape = getattr(call.layer, "noise_shape", None)
    return _each(call) if shape is None else "has a noise_shape"


def _rescaling(call: Call) -> Followed | str:
    alike = np.ndim(call.layer.scale) == 0 and np.ndim(call.layer.offset) == 0
    return _each(call) if alike else "has a scale for each channel"


def _normalized(call: Call) -> Followed | str:
    """A BatchNormalization over the channels: a scale, an offset, a mean, a variance for each."""
    (source,), (out,) = call.inputs, call.outputs
    if np.ravel(call.layer.axis).tolist() not in ([-1], [len(out.shape)]):
        return "normalizes another axis than the channels"
    cuts = (Cut(i, -1, out, all_of(out)) for i in range(len(call.layer.weights)))
    return Followed(links=(each(source, out),), cuts=tuple(cuts))


def _prelu(call: Call) -> Followed | str:
    (source,), (out,) = call.inputs, call.outputs
    shared = len(out.shape) in (call.layer.shared_axes or ())
    cuts = () if shared else (Cut(0, -1, out, all_of(out)),)
    return Followed(links=(each(source, out),), cuts=cuts)


def merged(call: Call) -> Followed | str:
    """Several values of one size; what has one channel is for all channels of the others."""
    (out,) = call.outputs
    if any(len(value.shape) != len(out.shape) for value in call.inputs):
        return "joins values of different ranks"
    alone = [value for value in call.inputs if value.channels != out.channels]
    if any(value.channels != 1 for value in alone):
        return "joins values of different sizes"
    if any(np.ndim(constant) for constant in call.constants):
        return "has a constant for each channel"
    alike = (value for value in call.inputs if value.channels == out.channels)
    return Followed(
        links=tuple(each(value, out) for value in alike),
        held=dict.fromkeys(alone, f"{call} repeats its one channel") if out.channels > 1 else {},
    )


def concatenated(call: Call, axis: int) -> Followed | str:
    (out,) = call.outputs
    rank = len(out.shape) + 1
    if axis % rank != rank - 1:
        return Followed(links=tuple(each(value, out) for value in call.inputs))
    counts = [value.channels for value in call.inputs]
    begins = accumulate(counts[:-1], initial=0)
    return Followed(
        links=tuple(
            (value, all_of(value), out, begin + all_of(value))
            for value, begin in zip(call.inputs, begins, strict=True)
        )
    )


def _reshaped(setting: str | None) -> Rule:
    """Where pixels become longer or shorter by whole pixels, elements keep their channels.
    setting: the new shape's, if there is one."""

    def rule(call: Call) -> Followed | str:
        (source,), (out,) = call.inputs, call.outputs
        before, after = source.channels, out.channels
        if None in (*source.shape, *out.shape) or max(before, after) % min(before, after):
            return "mixes channels and places"
        numbers = np.arange(max(before, after))
        return Followed(
            links=((source, numbers % before, out, numbers % after),),
            shapes={setting: out} if setting else {},
        )

    return rule


def _permuted(call: Call) -> Followed | str:
    dims = call.layer.dims
    return _each(call) if dims[-1] == len(dims) else "moves channels to places"


def reduced(call: Call, axis: Any) -> Followed | str:
    """axis: one or several, counted with the batch; None for all."""
    rank = len(call.inputs[0].shape) + 1
    axes = {rank - 1} if axis is None else {int(a) % rank for a in np.ravel(axis)}
    return "reduces over channels" if rank - 1 in axes else _each(call)


_ALONE_LAYERS = """
ActivityRegularization AlphaDropout AveragePooling1D AveragePooling2D AveragePooling3D CenterCrop
Cropping1D Cropping2D Cropping3D ELU GaussianDropout GaussianNoise GlobalAveragePooling1D
GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
GlobalMaxPooling3D Identity InputLayer LeakyReLU MaxPooling1D MaxPooling2D MaxPooling3D ReLU
RepeatVector Resizing SpatialDropout1D SpatialDropout2D SpatialDropout3D ThresholdedReLU
UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""

# Operators of keras.ops, and functions of TensorFlow's, that take each number by itself.
_ALONE_OPERATORS = """
Abs Absolute Clip Elu Gelu HardSigmoid HardSilu HardTanh LeakyRelu Negative Relu Relu6 Selu Sigmoid
Silu Softplus Softsign Square Tanh AveragePool MaxPool
"""
_ALONE_FUNCTIONS = """
abs clip_by_value math.abs math.negative math.sigmoid math.softplus math.square math.tanh nn.elu
nn.gelu nn.leaky_relu nn.relu nn.relu6 nn.selu nn.sigmoid nn.silu nn.softplus nn.softsign nn.swish
nn.tanh
"""

_RULES: Mapping[str, Rule] = {
    "Activation": _activation,
    "BatchNormalization": _normalized,
    "Bidirectional": _recurrent,
    "Concatenate": lambda call: concatenated(call, call.layer.axis),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _mixed("filters")),
    **dict.fromkeys(
        ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _mixed("filters", (-1, -2))
    ),
    "Dense": _mixed("units"),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    "Dropout": _dropout,
    "Flatten": _reshaped(None),
    **dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), _recurrent),
    "PReLU": _prelu,
    "Permute": _permuted,
    "Rescaling": _rescaling,
    "Reshape": _reshaped("target_shape"),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), merged),
    **dict.fromkeys(_ALONE_LAYERS.split(), _each),
    **dict.fromkeys((f"ops.{name}" for name in _ALONE_OPERATORS.split()), _each),
    **dict.fromkeys((f"tf.{name}" for name in _ALONE_FUNCTIONS.split()), _each),
    **dict.fromkeys(
        (f"ops.{name}" for name in ("Add", "Maximum", "Minimum", "Multiply", "Subtract")), merged
    ),
    **dict.fromkeys(
        (
            f"tf.{name}"
            for name in (
                "__operators__.add",
                *(f"math.{x}" for x in ("add", "maximum", "minimum", "multiply", "subtract")),
            )
        ),
        merged,
    ),
    "ops.Concatenate": lambda call: concatenated(call, call.layer.axis),
    "tf.concat": lambda call: concatenated(call, int(call.named.get("axis", call.constants[-1]))),
    **dict.fromkeys(
        ("ops.Max", "ops.Mean", "ops.Min", "ops.Sum"), lambda call: reduced(call, call.layer.axis)
    ),
    **dict.fromkeys(
        ("tf.math.reduce_max", "tf.math.reduce_mean", "tf.math.reduce_sum"),
        lambda call: reduced(call, call.named.get("axis")),
    ),
}
