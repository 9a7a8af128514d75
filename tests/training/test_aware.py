"""Trained with int8's rounding a model stays what it is: zeros and clusters are in the .tflite."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType
from tinyforge.training import Settings
from tinyforge.training.bridge import as_tf_keras
from tinyforge.training.clusters import cluster, is_clustered
from tinyforge.training.model import Lesson, Model, gives_logits, outputs
from tinyforge.training.prune import prune
from tinyforge.training.quantize import quantize
from tinyforge.training.quantize_aware import quantize_aware
from tinyforge.training.runtime import tf_keras

RNG = np.random.default_rng(0)
LABELS = np.arange(96) % 3
PICTURES = RNG.normal(size=(96, 10, 10, 4)).astype(np.float32)
PICTURES[np.arange(96), :, :, LABELS] += 1.5
LESSON = Lesson(PICTURES, LABELS)


@pytest.fixture(scope="module")
def few(tiny: Settings) -> Settings:
    return replace(tiny, prune_epochs=2, learning_rate=3e-3)


def residual(library: Any, *, normalized: bool) -> Model:
    """Convolutions with ReLU within and behind, a depthwise one, an addition, a dense layer."""
    library.utils.set_random_seed(1)
    layers = library.layers

    def between(x: Any) -> Any:
        return layers.BatchNormalization()(x) if normalized else x

    x = inputs = library.Input((10, 10, 4))
    x = layers.ReLU()(between(layers.Conv2D(8, 3, padding="same", name="first")(x)))
    y = layers.ReLU(6.0)(between(layers.DepthwiseConv2D(3, padding="same", name="deep")(x)))
    y = between(layers.Conv2D(8, 1, name="second")(y))
    x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="third")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = library.Model(inputs, layers.Dense(3, activation="softmax", name="last")(x))
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":  # half of the channels are turned
            layer.gamma.assign(RNG.uniform(0.5, 2, 8) * np.resize([1, -1], 8))
    return model


def kernels(content: bytes) -> dict[tuple[int, ...], Any]:
    """int8 weights of the .tflite by shape, which says what layer they are of."""
    graph = tflite.read(content)
    weighted = [op for op in graph.operators if op.op in ("CONV_2D", "FULLY_CONNECTED")]
    found = [graph.tensors[op.inputs[1]] for op in weighted]
    assert all(t.dtype is DType.INT8 for t in found)
    return {t.shape: t.data for t in found}


@pytest.mark.parametrize(("version", "normalized"), [(3, False), (2, True)])
def test_zeros_stay(keras: Any, few: Settings, version: int, normalized: bool) -> None:
    model = residual(keras if version == 3 else tf_keras(), normalized=normalized)
    pruned = prune(
        model, LESSON, replace(few, sparsity=0.6), loss="sparse_categorical_crossentropy"
    ).model
    before = [w.copy() for w in pruned.get_weights()]
    aware = quantize_aware(pruned, LESSON, few)
    assert aware.left == ()
    assert all(map(np.array_equal, pruned.get_weights(), before))  # left as it is
    found = kernels(quantize(aware.model, PICTURES[:32]))
    sparse = {np.moveaxis(w, -1, 0).shape: w for w in before if w.ndim == 4 and w.shape[3] > 1}
    for shape, kernel in sparse.items():
        gone = np.moveaxis(kernel, -1, 0) == 0
        assert gone.mean() == pytest.approx(0.6, abs=0.01)
        assert not found[shape][gone].any()
    assert (found[3, 8] == 0).mean() == pytest.approx(0.6, abs=0.05)
    assert all(np.count_nonzero(kernel) for kernel in found.values())


def test_channels_of_zeros_leave_room_for_their_bias(keras: Any, few: Settings) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((10, 10, 4)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)]
    )
    first = model.layers[0]
    first.kernel.assign(np.asarray(first.kernel) * np.float32([1, 0, 1, 0]))
    first.bias.assign(np.float32([1, 2, -1, -2]))
    content = quantize(quantize_aware(model, LESSON, few).model, PICTURES[:32])
    found = kernels(content)[4, 3, 3, 4]
    assert not found[[1, 3]].any() and all(np.abs(found[i]).max() == 127 for i in (0, 2))
    graph = tflite.read(content)
    bias = graph.tensors[graph.operators[0].inputs[2]]
    assert bias.quant is not None and bias.data is not None
    assert bias.data * np.array(bias.quant.scale) == pytest.approx([1, 2, -1, -2], abs=0.1)


@pytest.mark.parametrize(("sparsity", "normalized"), [(0, False), (0.6, True)])
def test_clusters_stay(keras: Any, few: Settings, sparsity: float, normalized: bool) -> None:
    model = residual(keras, normalized=normalized)
    if sparsity:
        settings, loss = replace(few, sparsity=sparsity), "sparse_categorical_crossentropy"
        model = prune(model, LESSON, settings, loss=loss).model
    clustered = cluster(model, LESSON, few, 5)
    assert clustered.left == ("deep (DepthwiseConv2D)",)
    by_name = {layer.name: layer for layer in clustered.model.layers}
    for name in ("first", "second", "third", "last"):
        kernel = np.asarray(by_name[name].kernel)
        assert len(np.unique(kernel)) <= 5 and is_clustered(kernel)
    aware = quantize_aware(clustered.model, LESSON, few)
    found = kernels(quantize(aware.model, PICTURES[:32]))
    assert len(found) == 4
    for shape, kernel in found.items():
        assert 1 < len(np.unique(kernel)) <= 5
        assert (kernel == 0).mean() >= sparsity - 1 / np.prod(shape)


def test_learning_goes_on(keras: Any, few: Settings) -> None:
    """Whatever is kept, weights change and the answers become better."""
    model = residual(keras, normalized=False)
    before = -np.log(outputs(model, PICTURES)[np.arange(96), LABELS]).mean()
    settings = replace(few, prune_epochs=8, learning_rate=3e-2)
    for start in (model, cluster(model, LESSON, few, 6).model):
        aware = quantize_aware(start, LESSON, settings).model
        assert not gives_logits(aware)
        answers = outputs(aware, PICTURES)
        assert -np.log(answers[np.arange(96), LABELS]).mean() < 0.85 * before


def test_ranges_begin_with_the_activations_own(keras: Any, few: Settings) -> None:
    """The toolkit begins with -6..6, which cuts these off, and moves by a thousandth a step."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((10, 10, 4)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)]
    )
    model.layers[0].kernel.assign(100 * np.asarray(model.layers[0].kernel))
    aware = quantize_aware(model, LESSON, replace(few, prune_epochs=1, learning_rate=1e-6)).model
    answers, expected = outputs(aware, PICTURES), outputs(model, PICTURES)
    assert np.abs(expected).max() > 60
    assert answers == pytest.approx(expected, abs=0.03 * float(np.abs(expected).max()))


def test_layers_that_the_toolkit_does_not_know_are_left(keras: Any, few: Settings) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((10, 10, 4)),
            layers.BatchNormalization(name="before"),
            layers.Conv2D(6, 3, activation="elu", name="known"),
            layers.Reshape((64, 6)),
            layers.Conv1D(6, 3, activation="relu", name="unknown"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    kernel = np.asarray(model.get_layer("unknown").kernel).copy()
    aware = quantize_aware(model, LESSON, few)
    assert aware.left == ("before (BatchNormalization)", "unknown (Conv1D)")
    assert np.array_equal(aware.model.get_layer("unknown").kernel, kernel)
    content = quantize(aware.model, PICTURES[:32])
    assert [op.op for op in tflite.read(content).operators].count("CONV_2D") == 2
    alone = keras.Sequential([keras.Input((8, 4)), layers.Conv1D(3, 8), layers.Flatten()])
    with pytest.raises(ForgeError, match=r"no layer .* quantization-aware: conv1d.* \(Conv1D\)"):
        quantize_aware(alone, Lesson(np.zeros((4, 8, 4), np.float32), LABELS[:4]), few)


@pytest.mark.parametrize("count", [2, 257])
def test_clusters_that_cannot_be_are_refused(keras: Any, few: Settings, count: int) -> None:
    with pytest.raises(ForgeError, match=f"{count} different weights"):
        cluster(residual(keras, normalized=False), LESSON, few, count)


def test_kernels_with_fewer_weights_are_left(keras: Any, few: Settings) -> None:
    model = residual(keras, normalized=False)
    settings = replace(few, prune_epochs=1)
    left = cluster(model, LESSON, settings, 30).left
    assert left == ("deep (DepthwiseConv2D)", "last (Dense)")
    small = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    with pytest.raises(ForgeError, match="no layer of the model has weights for 30 clusters"):
        cluster(small, Lesson(np.zeros((4, 2), np.float32), LABELS[:4]), few, 30)


class TestBridge:
    def test_models_within_shared_layers_and_operators(self, keras: Any) -> None:
        layers = keras.layers
        inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, activation="elu")])
        shared = layers.Dense(6, activation="tanh")
        inputs = keras.Input((6,))
        x = shared(inner(inputs)) + shared(inputs)
        x = layers.LeakyReLU(0.3)(layers.Concatenate()([x, inner(x)]))
        model = keras.Model(inputs, [layers.Dense(2)(x), x])
        made = as_tf_keras(model)
        assert type(made).__module__.startswith("tf_keras")
        kinds = [type(layer).__name__ for layer in made.layers]
        assert kinds.count("Dense") == 3 and kinds.count("Activation") == 1
        assert "Sequential" not in kinds and "Add" in kinds
        values = RNG.normal(size=(5, 6)).astype(np.float32)
        for ours, theirs in zip(made(values), model(values), strict=True):
            assert np.asarray(ours) == pytest.approx(np.asarray(theirs), abs=1e-5)

    def test_layers_that_keras_3_says_more_of(self, keras: Any) -> None:
        layers = keras.layers
        inputs = keras.Input((6, 8))
        x = layers.LayerNormalization()(inputs)
        x = layers.MultiHeadAttention(2, 4)(x, value=inputs)
        x = layers.GroupNormalization(2)(x + inputs)
        pictures = layers.RandomFlip()(layers.Reshape((6, 4, 2))(x))
        model = keras.Model(inputs, layers.Conv2D(3, 3)(pictures))
        weights = [w + RNG.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()]
        model.set_weights(weights)
        made = as_tf_keras(model)
        values = RNG.normal(size=(5, 6, 8)).astype(np.float32)
        expected = model.predict(values, verbose=0)
        assert made.predict(values, verbose=0) == pytest.approx(expected, abs=1e-5)

    def test_what_keras_3_alone_can_do_is_refused(self, keras: Any) -> None:
        normal = keras.layers.RMSNormalization()
        with pytest.raises(ForgeError, match="has no layer RMSNormalization"):
            as_tf_keras(keras.Sequential([keras.Input((6,)), normal]))
        inputs = keras.Input((6, 8))
        attention = keras.layers.MultiHeadAttention(2, 4, use_gate=True)
        with pytest.raises(ForgeError, match="tf_keras's has no use_gate"):
            as_tf_keras(keras.Model(inputs, attention(inputs, inputs)))

    def test_what_computes_otherwise_there_is_refused(self, keras: Any) -> None:
        model = keras.Sequential(
            [keras.Input((6,)), keras.layers.Dense(9, activation="hard_sigmoid")]
        )
        with pytest.raises(ForgeError, match="answers differ by"):
            as_tf_keras(model)
        inputs = keras.Input((6,))
        with pytest.raises(ForgeError, match="with a number"):
            as_tf_keras(keras.Model(inputs, inputs * 2.0))
        with pytest.raises(ForgeError, match="cannot have this layer"):
            as_tf_keras(keras.Model(inputs, keras.layers.Activation("hard_silu")(inputs)))

    def test_a_model_in_wrappers_is_refused(self, keras: Any, few: Settings) -> None:
        dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        lesson = Lesson(PICTURES[:, 0, 0], LABELS)
        aware = quantize_aware(dense, lesson, replace(few, prune_epochs=1)).model
        with pytest.raises(ForgeError, match="quantization-aware already"):
            quantize_aware(aware, LESSON, few)
