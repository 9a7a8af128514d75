"""What the converter makes of Keras's layers: the operators' models compute it as TFLM does."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyforge import tflite
from tinyforge.ops import OPS
from tinyforge.proof import oracle
from tinyforge.training.quantize import quantize

SHAPE = (16, 12, 3)


def picture_net(keras: Any) -> Any:
    """A convolution before each layer, so that every one has scales of its own."""
    layers = keras.layers

    def conv(x: Any) -> Any:
        return layers.Conv2D(8, 1, bias_initializer="random_normal")(x)

    image = keras.Input(SHAPE)
    x = layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_normal")(conv(image))
    x = shortcut = layers.LeakyReLU(negative_slope=0.1)(conv(x))
    gate = layers.Activation("sigmoid")(conv(layers.GlobalAveragePooling2D(keepdims=True)(x)))
    x = layers.Multiply()([x, gate])
    x = layers.Maximum()([x, conv(shortcut)])
    x = layers.Minimum()([x, conv(x)])
    x = layers.Subtract()([conv(x), shortcut])
    x = layers.Multiply()([x, layers.ReLU(6.0)(x + 3.0) * (1 / 6)])
    x = layers.Activation("tanh")(conv(x))
    x = abs(conv(x))
    x = layers.Dense(5)(layers.Flatten()(x))
    return keras.Model(image, x)


def test_a_network_of_activations_and_gates_is_computed_as_tflm_does(keras: Any) -> None:
    keras.utils.set_random_seed(4)
    images = np.random.default_rng(4).normal(size=(40, *SHAPE)).astype(np.float32)
    model = quantize(picture_net(keras), images)
    graph = tflite.read(model)
    tflite.require_quantized(graph)
    found = {op.op for op in graph.operators}
    assert found <= set(OPS)
    assert found >= {
        *("ABS", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAXIMUM", "MEAN", "MINIMUM", "MUL"),
        *("PRELU", "SUB", "TANH"),
    }
    values = np.random.default_rng(5).integers(-128, 128, (6, *SHAPE)).astype(np.int8)
    expected = oracle.tflm_trace(model, graph, values.reshape(6, -1))
    computed = oracle.reference_trace(graph, values.reshape(6, -1))
    for op in graph.operators:
        (out,) = op.outputs
        np.testing.assert_array_equal(computed[out], expected[out], graph.where(op))
