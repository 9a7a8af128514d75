"""The Keras layers that tinyforge takes: what may be loaded, bridged and converted.

One row a layer: adding one means adding its name here and seeing it through the tests.
"""

from __future__ import annotations

from typing import Any

LAYERS = frozenset(
    {
        "Activation",
        "Add",
        "AveragePooling2D",
        "BatchNormalization",
        "Concatenate",
        "Conv2D",
        "Dense",
        "DepthwiseConv2D",
        "Dropout",
        "Flatten",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "InputLayer",
        "LeakyReLU",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "Multiply",
        "ReLU",
        "Rescaling",
        "Reshape",
        "SeparableConv2D",
        "Softmax",
        "SpatialDropout2D",
        "Subtract",
        "UpSampling2D",
        "ZeroPadding2D",
    }
)

MODELS = frozenset({"Sequential", "Functional"})

# hard_sigmoid is missing on purpose: Keras 3 and Keras 2 define it differently.
ACTIVATIONS = frozenset(
    {
        "elu",
        "exponential",
        "gelu",
        "leaky_relu",
        "linear",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    }
)


def known(name: Any, names: frozenset[str]) -> bool:
    """Whether name, which may be any JSON value, is one of names."""
    return isinstance(name, str) and name in names
