"""Where each of Keras's layers hands its channels: one row a layer.

A layer that has no row, or whose settings its rule does not know, is not followed: all that it is
given and makes keeps its channels. channels_last alone is followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinyforge.training.channels.calls import Call
from tinyforge.training.channels.follow import Followed
from tinyforge.training.channels.unweighted import (
    activation,
    concatenated,
    dropout,
    each_alone,
    merged,
    permuted,
    reduced,
    rescaling,
    reshaped,
    softmax,
)
from tinyforge.training.channels.weighted import (
    Rule,
    depthwise,
    mixed,
    normalized,
    prelu,
    recurrent,
    separable,
)


def followed(call: Call) -> Followed:
    """What is known of a call; where that is nothing, all of its values are held."""
    found = _found(call)
    if isinstance(found, str):
        return Followed(held=dict.fromkeys((*call.inputs, *call.outputs), f"{call} {found}"))
    return found


def _found(call: Call) -> Followed | str:
    rule = _RULES.get(call.kind)
    if rule is None or not call.of_keras:
        return "is not followed"
    if getattr(call.layer, "data_format", None) == "channels_first":
        return "has its channels first"
    if any(not value.shape for value in (*call.inputs, *call.outputs)):
        return "takes values without channels"
    return rule(call)


def _at_each_step(call: Call) -> Followed | str:
    """A layer that has its weights once, for all steps."""
    steps, inner = call.outputs[0].shape[0] or 1, call.within()
    found = _found(inner)
    if isinstance(found, str):
        return found
    return replace(found, positions=steps * found.positions, settings_of=inner.path)


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
    "Activation": activation,
    "BatchNormalization": normalized,
    "Bidirectional": recurrent,
    "Concatenate": lambda call: concatenated(call, call.layer.axis),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), mixed("filters")),
    **dict.fromkeys(
        ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), mixed("filters", (-1, -2))
    ),
    "Dense": mixed("units"),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), depthwise),
    "Dropout": dropout,
    "Flatten": reshaped(None),
    **dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), recurrent),
    "PReLU": prelu,
    "Permute": permuted,
    "Rescaling": rescaling,
    "Reshape": reshaped("target_shape"),
    "Softmax": softmax,
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), separable),
    "TimeDistributed": _at_each_step,
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), merged),
    **dict.fromkeys(_ALONE_LAYERS.split(), each_alone),
    **dict.fromkeys((f"ops.{name}" for name in _ALONE_OPERATORS.split()), each_alone),
    **dict.fromkeys((f"tf.{name}" for name in _ALONE_FUNCTIONS.split()), each_alone),
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
