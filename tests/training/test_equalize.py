"""Channels are brought to one range: the same float answers, through every layer that hands a
factor on, and better ones in int8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge.training.equalize import equalized
from tinyforge.training.model import Model, outputs
from tinyforge.training.quantize_file import quantized_file
from tinyforge.training.runtime import quiet

SHAPE = (8, 8, 2)


def noise(count: int = 48) -> Any:
    return np.random.default_rng(0).normal(size=(count, *SHAPE)).astype(np.float32)


def widened(model: Model, times: float, *names: str) -> Model:
    """With channel 3 of these layers so many times as large."""
    for name in names:
        layer = model.get_layer(name)
        kernel, *bias = layer.get_weights()
        kernel[..., 3] *= times
        layer.set_weights([kernel, *(b * np.where(np.arange(len(b)) == 3, times, 1) for b in bias)])
    return model


def reach(model: Model, layer: str, keras: Any) -> Any:
    inner = keras.Model(model.inputs[0], model.get_layer(layer).output)
    return np.abs(np.asarray(inner(noise()))).max(axis=(0, 1, 2))


def plain(keras: Any, **_: Any) -> Any:
    layers = keras.layers
    return [layers.ReLU(), layers.MaxPooling2D(2), layers.Conv2D(6, 3, name="after")]


def normalized(keras: Any, **_: Any) -> Any:
    layers = keras.layers
    return [layers.BatchNormalization(), layers.LeakyReLU(), layers.Conv2D(6, 3, name="after")]


def depthwise(keras: Any, **_: Any) -> Any:
    layers = keras.layers
    return [
        layers.ZeroPadding2D(1),
        layers.DepthwiseConv2D(3, activation="relu", bias_initializer="ones"),
        layers.Conv2D(6, 1, name="after"),
    ]


def flat(keras: Any, **_: Any) -> Any:
    layers = keras.layers
    return [layers.ReLU(), layers.Flatten(), layers.Dense(6, name="after")]


@pytest.mark.parametrize("body", [plain, normalized, depthwise, flat])
def test_answers_stay_and_the_channel_is_small(body: Callable[..., Any], keras: Any) -> None:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    parts = body(keras)
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(8, 3, name="wide", bias_initializer="normal"),
            *parts,
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    widened(model, 300, "wide")
    before = reach(model, "wide", keras)
    found = equalized(model, noise())
    assert found.layers == {"wide": 1}
    after = reach(found.model, "wide", keras)
    assert before[3] > 50 * np.median(before) and after[3] <= before[3] / 8
    assert np.array_equal(np.delete(after, 3), np.delete(before, 3))
    ours, theirs = (outputs(m, noise()) for m in (found.model, model))
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


def test_through_a_residual_addition(keras: Any) -> None:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    taken = keras.Input(SHAPE)
    one = layers.Conv2D(8, 3, padding="same", activation="relu", name="one")(taken)
    other = layers.Conv2D(8, 3, padding="same", name="other")(one)
    model = keras.Model(
        taken, layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.Add()([one, other])))
    )
    widened(model, 300, "one")
    found = equalized(model, noise())
    assert found.layers == {"one": 1, "other": 1}
    ours, theirs = (outputs(m, noise()) for m in (found.model, model))
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


@pytest.mark.parametrize("between", ["sigmoid", "bounded", "multiplied", "constant"])
def test_what_hands_no_factor_on_is_left(between: str, keras: Any) -> None:
    layers = keras.layers
    taken = keras.Input(SHAPE)
    x = layers.Conv2D(8, 3, name="wide")(taken)
    made = {
        "sigmoid": lambda: layers.Activation("sigmoid")(x),
        "bounded": lambda: layers.ReLU(1000.0)(x),
        "multiplied": lambda: layers.Multiply()([x, x]),
        "constant": lambda: keras.ops.add(x, 1.0),
    }[between]()
    model = widened(keras.Model(taken, layers.Conv2D(6, 3)(made)), 300, "wide")
    found = equalized(model, noise())
    assert found.model is model and found.layers == {}


def test_a_healthy_model_is_left(keras: Any) -> None:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(8, 3), layers.Conv2D(6, 3)])
    assert equalized(model, noise()).model is model


def test_int8_is_right_again(keras: Any, told: Any, tmp_path: Path) -> None:
    """The cure that quantize names for an outlier: it is gone, and accuracy is back."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.Conv2D(8, 3, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    kernel, bias = model.get_layer("second").get_weights()
    kernel[:, :, 3] /= 200
    model.get_layer("second").set_weights([kernel, bias])
    widened(model, 200, "first")
    data = noise(200)
    with quiet():
        model.save(tmp_path / "model.keras")
    labels = outputs(model, data).argmax(axis=1)
    np.savez(tmp_path / "data.npz", inputs=data, labels=labels)
    options = {"accept": True, "explain": True}
    arguments = (tmp_path / "model.keras", str(tmp_path / "data.npz"), told)
    before = quantized_file(*arguments, **options)
    after = quantized_file(*arguments, **options, equalize=True)
    assert before.measured and after.measured and before.explained and after.explained
    assert [one.cause for one in before.explained.findings] == ["outlier"]
    assert "--equalize" in before.explained.findings[0].cure
    assert after.explained.findings == ()
    assert before.measured.int8_model < 0.8 and after.measured.int8_model > 0.95
    assert before.measured.float_model == after.measured.float_model
    assert any("1 of 'first'" in note for note in told.notes)
