"""Keras 3 models rebuilt in tf_keras give the same answers, or are refused by layer."""

from typing import Any

import numpy as np
import pytest

from tinyforge.errors import ForgeError
from tinyforge.training import bridge
from tinyforge.training.bridge import ACTIVATIONS, to_tf_keras
from tinyforge.training.runtime import tf_keras


def same(model: Any) -> None:
    """The bridged model answers new inputs as the model does."""
    twin = to_tf_keras(model)
    assert isinstance(twin, tf_keras().Model)
    inputs = np.random.default_rng(7).normal(size=(5, *model.inputs[0].shape[1:]))
    wanted = model.predict(inputs.astype(np.float32), verbose=0)
    found = twin.predict(inputs.astype(np.float32), verbose=0)
    assert found == pytest.approx(wanted, abs=1e-5 * max(1.0, float(np.abs(wanted).max())))


def test_the_seed_network(model: Any) -> None:
    same(model)
    twin = to_tf_keras(model)
    for ours, theirs in zip(twin.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def layer(keras: Any, kind: str) -> tuple[tuple[int, ...], Any]:
    """An input shape and a function that applies the layer, with settings off their defaults."""
    layers = keras.layers
    shape = (8, 9, 4)
    made = {
        "Activation": lambda: layers.Activation("tanh"),
        "AveragePooling2D": lambda: layers.AveragePooling2D((2, 3), strides=1, padding="same"),
        "BatchNormalization": lambda: layers.BatchNormalization(epsilon=0.01, scale=False),
        "Conv2D": lambda: layers.Conv2D(
            6, (3, 2), padding="same", dilation_rate=2, groups=2, kernel_regularizer="l2"
        ),
        "Dense": lambda: layers.Dense(3, use_bias=False, activation="softmax"),
        "DepthwiseConv2D": lambda: layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2),
        "Dropout": lambda: layers.Dropout(0.5),
        "Flatten": layers.Flatten,
        "GlobalAveragePooling2D": lambda: layers.GlobalAveragePooling2D(keepdims=True),
        "GlobalMaxPooling2D": layers.GlobalMaxPooling2D,
        "Conv2DTranspose": lambda: layers.Conv2DTranspose(6, 3, strides=2, padding="same"),
        "Cropping2D": lambda: layers.Cropping2D(((1, 2), (0, 1))),
        "ELU": lambda: layers.ELU(alpha=0.7),
        "GaussianNoise": lambda: layers.GaussianNoise(0.1),
        "LayerNormalization": lambda: layers.LayerNormalization(epsilon=0.01),
        "Normalization": lambda: layers.Normalization(mean=[1, 2, 3, 4], variance=[2, 3, 4, 5]),
        "PReLU": lambda: layers.PReLU(shared_axes=[1, 2]),
        "Permute": lambda: layers.Permute((2, 3, 1)),
        "RandomFlip": layers.RandomFlip,
        "RandomRotation": lambda: layers.RandomRotation(0.2),
        "Resizing": lambda: layers.Resizing(4, 6),
        "UnitNormalization": lambda: layers.UnitNormalization(axis=-1),
        "LeakyReLU": lambda: layers.LeakyReLU(negative_slope=0.07),
        "MaxPooling2D": lambda: layers.MaxPooling2D(3, strides=2),
        "ReLU": lambda: layers.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2),
        "Rescaling": lambda: layers.Rescaling(0.3, offset=-1),
        "Reshape": lambda: layers.Reshape((6, -1)),
        "SeparableConv2D": lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2),
        "Softmax": lambda: layers.Softmax(axis=2),
        "SpatialDropout2D": lambda: layers.SpatialDropout2D(0.5),
        "UpSampling2D": lambda: layers.UpSampling2D(2),
        "ZeroPadding2D": lambda: layers.ZeroPadding2D(((1, 2), (0, 3))),
    }
    series = {
        "AveragePooling1D": lambda: layers.AveragePooling1D(2),
        "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="sum"),
        "Conv1D": lambda: layers.Conv1D(5, 3, strides=2, padding="causal"),
        "Conv1DTranspose": lambda: layers.Conv1DTranspose(5, 3, strides=2),
        "DepthwiseConv1D": lambda: layers.DepthwiseConv1D(3, padding="same"),
        "GRU": lambda: layers.GRU(3, return_sequences=True),
        "GlobalAveragePooling1D": layers.GlobalAveragePooling1D,
        "LSTM": lambda: layers.LSTM(3, go_backwards=True),
        "MaxPooling1D": lambda: layers.MaxPooling1D(2),
        "SeparableConv1D": lambda: layers.SeparableConv1D(5, 3),
        "SimpleRNN": lambda: layers.SimpleRNN(3),
        "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.4),
        "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(3)),
        "UpSampling1D": lambda: layers.UpSampling1D(3),
        "ZeroPadding1D": lambda: layers.ZeroPadding1D((1, 2)),
    }
    if kind == "RepeatVector":
        return (4,), layers.RepeatVector(3)
    if kind in series:
        return (9, 4), series[kind]()
    if kind in made:
        return shape, made[kind]()
    merge = getattr(layers, kind)()
    return shape, lambda x: merge([x, layers.ReLU()(x)])


KINDS = """
Activation Add Average AveragePooling1D AveragePooling2D BatchNormalization Bidirectional
Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Cropping2D Dense DepthwiseConv1D
DepthwiseConv2D Dropout ELU Flatten GRU GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
GlobalMaxPooling2D LSTM LayerNormalization LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum
Multiply Normalization PReLU Permute RandomFlip RandomRotation ReLU RepeatVector Rescaling Reshape
Resizing SeparableConv1D SeparableConv2D SimpleRNN Softmax SpatialDropout1D SpatialDropout2D
Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D
"""


@pytest.mark.parametrize("kind", KINDS.split())
def test_every_layer(keras: Any, kind: str) -> None:
    shape, apply = layer(keras, kind)
    source = keras.Input(shape)
    functional = keras.Model(source, apply(source))
    shaken(functional)
    same(functional)


def shaken(model: Any) -> None:
    """Random weights everywhere, so that no zero bias or unit scale hides a mix-up."""
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.2, 1, w.shape) for w in model.get_weights()])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation(keras: Any, activation: str) -> None:
    same(keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation=activation)]))


def test_branches_shared_layers_and_a_model_within(keras: Any) -> None:
    layers = keras.layers
    source = keras.Input((10, 10, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(source)
    y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
    z = layers.Concatenate()([layers.Add()([x, y]), x])
    shared = layers.Dense(5, activation="relu")
    both = layers.Multiply()(
        [shared(layers.GlobalAveragePooling2D()(z)), shared(layers.GlobalMaxPooling2D()(z))]
    )
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.LeakyReLU()])
    model = keras.Model(source, layers.Subtract()([inner(both), layers.Dense(4)(both)]))
    shaken(model)
    same(model)


def test_operators_between_layers(keras: Any) -> None:
    source = keras.Input((6,))
    x = keras.layers.Dense(6)(source)
    x = abs(x * source + 2.0) / 3.0 - x
    same(keras.Model(source, keras.layers.Dense(2)(-x[:, 1:5])))


def test_two_outputs(keras: Any) -> None:
    source = keras.Input((5,))
    hidden = keras.layers.Dense(4, activation="relu")(source)
    model = keras.Model(source, [keras.layers.Dense(2)(hidden), keras.layers.Dense(3)(hidden)])
    assert [tuple(t.shape) for t in to_tf_keras(model).outputs] == [(None, 2), (None, 3)]


def test_what_cannot_be_carried_over_is_named(keras: Any) -> None:
    layers = keras.layers
    for bad, what in (
        (layers.RMSNormalization(name="bad"), "a RMSNormalization layer"),
        (layers.Lambda(lambda x: x, name="bad"), "a Lambda layer"),
        (layers.Dense(2, activation="hard_sigmoid", name="bad"), "'hard_sigmoid'"),
        (layers.Activation("hard_sigmoid", name="bad"), "'hard_sigmoid'"),
        (layers.Dense(2, dtype="float16", name="bad"), "in float16"),
        (layers.Dense(2, activation=lambda x: x, name="bad"), "activation"),
    ):
        with pytest.raises(ForgeError, match=what) as error:
            to_tf_keras(keras.Sequential([keras.Input((4,)), bad]))
        assert "'bad'" in error.value.where


def test_bare_operations_and_subclassed_models_are_refused(keras: Any) -> None:
    source = keras.Input((4, 3, 2))
    with pytest.raises(ForgeError, match="cannot carry over"):
        to_tf_keras(keras.Model(source, keras.ops.rot90(source, axes=(1, 2))))

    class Own(keras.Model):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(ForgeError, match="cannot be taken apart"):
        to_tf_keras(Own())


def test_a_difference_is_noticed(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If weights were copied wrongly, the check would stop it."""
    monkeypatch.setattr(bridge, "_copy_weights", lambda *_: None)
    with pytest.raises(ForgeError, match="differ by"):
        to_tf_keras(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
