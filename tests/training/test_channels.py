"""Channels are removed with all that hangs on them: what was zero before is not missed after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tinyforge.errors import ForgeError
from tinyforge.training.channels import unweighted
from tinyforge.training.channels.calls import layers_by_path, network
from tinyforge.training.channels.groups import Groups, Keep, groups_of
from tinyforge.training.channels.rebuild import without
from tinyforge.training.model import Model
from tinyforge.training.runtime import tf_keras

# A model; of layers by name the channels that are zero; how many of these go by themselves, each
# with what hangs on it. Written down here, by hand.
Zeros = Mapping[str, tuple[int, ...]]
Made = tuple[Model, Zeros, int]


def chain(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(6, 3, padding="same", use_bias=False, name="a")(x)
    y = layers.BatchNormalization(name="a_scaled")(y)
    y = layers.MaxPooling2D()(layers.ReLU()(y))
    y = layers.Conv2D(8, 3, activation="relu", name="b")(layers.ZeroPadding2D(1)(y))
    y = layers.Dropout(0.1)(layers.GlobalAveragePooling2D()(y))
    y = layers.Dense(5, activation="tanh", name="c")(y)
    model = keras.Model(x, layers.Dense(3, "softmax")(y))
    return model, {"a": (0, 4), "a_scaled": (0, 4), "b": (7,), "c": (1, 2)}, 5


def flattened(keras: Any) -> Made:
    """Each channel has a row of the dense layer for each place."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6)),
            layers.Reshape((6, 6, 1)),
            layers.Conv2D(5, 3, activation="relu", name="a"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(4, name="b"),
            layers.PReLU(name="c"),
            layers.Dense(2),
        ]
    )
    return model, {"a": (0, 3), "b": (2,), "c": (2,)}, 3


def residual(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((8, 8, 2))
    first = layers.Conv2D(6, 3, padding="same", activation="relu", name="stem")(x)
    for name in ("p", "q"):
        y = layers.Conv2D(4, 3, padding="same", activation="relu", name=f"{name}_in")(first)
        y = layers.Conv2D(6, 1, name=f"{name}_out")(y)
        y = layers.BatchNormalization(name=f"{name}_scaled")(y)
        first = layers.ReLU()(layers.Add()([first, y]))
    model = keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(first)))
    stream = dict.fromkeys(("stem", "p_out", "q_out", "p_scaled", "q_scaled"), (1, 5))
    return model, {**stream, "p_in": (0,)}, 3


def side_by_side(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((8, 8, 2))
    one = layers.Conv2D(3, 3, padding="same", activation="relu", name="one")(x)
    two = layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2, name="two")(one)
    both = layers.Concatenate()([one, two])
    both = layers.BatchNormalization(name="scaled")(both)
    y = layers.Conv2DTranspose(4, 2, strides=2, activation="relu", name="up")(both)
    y = layers.Conv2D(4, 3, name="last")(layers.UpSampling2D()(y))
    y = layers.Concatenate(axis=1)([y, y])
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    return (
        model,
        {
            "one": (1,),
            "two": (0, 4),
            "scaled": (1, 3, 7),
            "up": (3,),
            "last": (0, 2),
        },
        6,
    )


def depthwise(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((9, 9, 1))
    y = layers.Conv2D(4, 3, name="a")(x)
    y = layers.DepthwiseConv2D(3, padding="same", name="d")(y)
    y = layers.BatchNormalization(name="d_scaled")(y)
    y = layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu6", name="m")(y)
    y = layers.Conv2D(6, 1, name="p")(y)
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))
    return model, {"a": (2,), "d": (2,), "d_scaled": (2,), "m": (4, 5), "p": (0, 1)}, 3


def squeezed(keras: Any) -> Made:
    """The gates of a squeeze-and-excitation go with the channels that they open."""
    layers = keras.layers
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(6, 3, activation="relu", name="a")(x)
    gate = layers.Reshape((1, 1, 6))(layers.GlobalAveragePooling2D()(y))
    gate = layers.Conv2D(3, 1, activation="relu", name="squeeze")(gate)
    gate = layers.Conv2D(6, 1, activation="sigmoid", name="excite")(gate)
    y = layers.Multiply()([y, gate])
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(layers.Conv2D(4, 3, name="z")(y))))
    return model, {"a": (0, 5), "excite": (0, 5), "squeeze": (1,), "z": (3,)}, 4


def nested(keras: Any) -> Made:
    """A model within a model within a model, its inner sizes among them; called twice."""
    layers = keras.layers
    deepest = keras.Sequential(
        [keras.Input((6, 6, 5)), layers.Conv2D(5, 3, padding="same", name="deep"), layers.ReLU()]
    )
    inside = keras.Input((6, 6, 5))
    middle = keras.Model(inside, layers.Add()([inside, deepest(inside)]), name="middle")
    x = keras.Input((8, 8, 1))
    y = middle(middle(layers.Conv2D(5, 3, activation="relu", name="first")(x)))
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    return model, {"first": (0, 2), "deep": (0, 2)}, 2


def in_groups(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(6, 3, activation="relu", name="a")(x)
    y = layers.Conv2D(4, 3, groups=2, activation="relu", name="g")(y)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    return model, {"a": (1, 4), "g": (0, 2)}, 2


def over_time(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((12, 3))
    y = layers.Conv1D(6, 3, padding="same", activation="relu", name="a")(x)
    y = layers.DepthwiseConv1D(3, name="d")(layers.Cropping1D(1)(y))
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.Dense(4, activation=layers.LeakyReLU(), name="b")(y)
    y = layers.GRU(3)(y)
    return keras.Model(x, layers.Dense(2)(y)), {"a": (2, 3), "d": (2, 3), "b": (0,)}, 3


def at_each_step(keras: Any) -> Made:
    layers = keras.layers
    x = keras.Input((4, 8, 8, 1))
    y = layers.TimeDistributed(layers.Conv2D(6, 3, name="conv"), name="a")(x)
    y = layers.TimeDistributed(layers.BatchNormalization(), name="scaled")(y)
    y = layers.TimeDistributed(layers.DepthwiseConv2D(3, name="filters"), name="d")(y)
    y = layers.TimeDistributed(layers.GlobalAveragePooling2D())(y)
    y = layers.SimpleRNN(3)(layers.TimeDistributed(layers.Dense(5), name="b")(y))
    zeros = {"a": (2, 5), "scaled": (2, 5), "d": (2, 5), "b": (1, 4)}
    return keras.Model(x, layers.Dense(2)(y)), zeros, 4


def unfolded(keras: Any) -> Made:
    """Units of a dense layer become places of channels."""
    layers = keras.layers
    x = keras.Input((6,))
    y = layers.Dense(12, activation="relu", name="a")(x)
    y = layers.Conv2D(4, 2, name="b")(layers.Reshape((2, 2, 3))(y))
    y = layers.Dense(2)(layers.Flatten()(layers.Permute((2, 1, 3))(y)))
    return keras.Model(x, y), {"a": (1, 4, 7, 10), "b": (3,)}, 2


def shared(keras: Any) -> Made:
    """A layer that is called twice takes and makes the same channels both times."""
    layers = keras.layers
    x = keras.Input((8, 8, 2))
    ways = [layers.Conv2D(5, 3, activation="relu", name=name)(x) for name in ("a", "b")]
    both = layers.Conv2D(4, 3, activation="relu", name="both")
    y = layers.Concatenate()([both(way) for way in ways])
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    return model, {"a": (1,), "b": (1,), "both": (0,)}, 2


def operators(keras: Any) -> Made:
    """x + y and the like, which are nodes of their own."""
    layers = keras.layers
    x = keras.Input((8, 8, 1))
    one = layers.Conv2D(6, 3, activation="relu", name="one")(x)
    two = layers.Conv2D(6, 3, name="two")(x)
    y = (one + two) * 0.5
    if keras.__name__ == "keras":
        y = keras.ops.mean(keras.ops.concatenate([keras.ops.relu(y), y], axis=-1), axis=(1, 2))
    else:
        import tensorflow as tf

        y = tf.reduce_mean(tf.concat([tf.nn.relu(y), y], axis=-1), axis=(1, 2))
    return keras.Model(x, layers.Dense(2)(y)), {"one": (0, 3), "two": (0, 3)}, 2


KINDS: tuple[Callable[[Any], Made], ...] = (
    chain,
    flattened,
    residual,
    side_by_side,
    depthwise,
    squeezed,
    nested,
    in_groups,
    over_time,
    at_each_step,
    unfolded,
    shared,
    operators,
)


@pytest.fixture(params=[3, 2])
def library(request: pytest.FixtureRequest, keras: Any) -> Any:
    return keras if request.param == 3 else tf_keras()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_are_not_missed(
    library: Any, kind: Callable[[Any], Made], rng: np.random.Generator
) -> None:
    """The answers stay, and each layer loses the channels written down above, no others."""
    model, zeros, count = kind(library)
    shake(model, rng)
    silence(model, zeros)
    groups = groups_of(network(model))
    keep = kept(groups, zeros)
    assert np.count_nonzero(~keep) == count
    inputs = rng.normal(size=(3, *model.inputs[0].shape[1:])).astype(np.float32)
    small = without(model, groups, keep, inputs)
    expected, found = (np.asarray(m(inputs, training=False)) for m in (model, small))
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    lost = {
        path[-1]: old.weights[-1].shape[-1] - new.weights[-1].shape[-1]
        for (path, old), (_, new) in zip(layers_by_path(model), layers_by_path(small), strict=True)
        if getattr(old, "weights", ())
    }
    assert {name: count for name, count in lost.items() if count} == {
        name: len(channels) for name, channels in zeros.items()
    }


def test_layers_of_one_s_own_stay_as_they_are(library: Any, rng: np.random.Generator) -> None:
    """Whatever a class computes that is derived of one of Keras's."""
    layers = library.layers

    class Backwards(layers.Dense):  # type: ignore[name-defined, misc]
        def call(self, inputs: Any) -> Any:
            return super().call(inputs[:, ::-1])

    x = library.Input((4,))
    y = layers.Dense(6, name="a")(x)
    y = layers.Dense(6, name="b")(Backwards(5, name="own")(y))
    model = library.Model(x, layers.Dense(2)(y))
    groups = groups_of(network(model))
    assert groups.left_alone() == (
        "a (Dense): own (Backwards) is not followed",
        "own (Backwards) is not followed",
    )
    shake(model, rng)
    zeros = {"b": (1, 4)}
    silence(model, zeros)
    inputs = rng.normal(size=(3, 4)).astype(np.float32)
    small = without(model, groups, kept(groups, zeros), inputs)
    np.testing.assert_allclose(small(inputs), model(inputs), rtol=1e-4, atol=1e-5)


def test_a_wrong_rule_is_found_out(
    library: Any, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is compared with the model whose channels are zero, whatever they were."""
    layers = library.layers
    x = library.Input((4,))
    y = layers.Concatenate()([layers.Dense(3, name="a")(x), layers.Dense(3, name="b")(x)])
    model = library.Model(x, layers.Dense(2)(y))
    monkeypatch.setattr(unweighted, "accumulate", lambda counts, initial: [3, 0])
    groups = groups_of(network(model))
    keep = groups.all_kept()
    keep[groups.of[network(model).calls[1].outputs[0].index][1]] = False
    with pytest.raises(ForgeError, match=r"without its channels .* answers other things"):
        without(model, groups, keep, rng.normal(size=(3, 4)).astype(np.float32))


def shake(model: Model, rng: np.random.Generator) -> None:
    """No weight is 0 or 1 as it was made, no normalization does nothing."""
    for _, layer in layers_by_path(model):
        for weight in getattr(layer, "weights", ()):
            weight.assign(np.asarray(weight) + rng.uniform(0.1, 0.5, weight.shape))


def silence(model: Model, zeros: Zeros) -> None:
    for path, layer in layers_by_path(model):
        for weight in layer.weights if (channels := list(zeros.get(path[-1], ()))) else ():
            values = np.asarray(weight).copy()
            if (
                weight.shape[-1] < layer.weights[-1].shape[-1]
                and "Depthwise" in type(layer).__name__
            ):
                values.reshape(*weight.shape[:-2], -1)[..., channels] = 0
            elif "Transpose" in type(layer).__name__ and values.ndim > 1:
                values[..., channels, :] = 0
            elif "variance" not in str(weight.name) and values.shape[-1] > max(channels):
                values[..., channels] = 0
            weight.assign(values)


def kept(groups: Groups, zeros: Zeros) -> Keep:
    keep = groups.all_kept()
    for call in groups.network.calls:
        keep[groups.of[call.outputs[0].index][list(zeros.get(call.path[-1], ()))]] = False
    assert groups.free[~keep].all()
    return keep
