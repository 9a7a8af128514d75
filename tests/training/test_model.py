"""The network is the one asked for, learns, and is repeatable."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tinyforge.datasets import Dataset, Splits
from tinyforge.errors import ForgeError
from tinyforge.training import Settings
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.model import Model, predict, scaled, seed_cnn, train


def test_the_seed_network_layer_by_layer(keras: Any) -> None:
    model = seed_cnn((28, 28), 2)
    assert model.input_shape == (None, 28, 28)
    found = [(type(layer).__name__, layer.output.shape[1:]) for layer in model.layers]
    assert found == [
        ("Reshape", (28, 28, 1)),
        ("Conv2D", (26, 26, 12)),
        ("MaxPooling2D", (13, 13, 12)),
        ("Conv2D", (11, 11, 24)),
        ("MaxPooling2D", (5, 5, 24)),
        ("Flatten", (600,)),
        ("Dense", (1,)),
    ]
    activations = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "kernel")]
    assert activations == ["relu", "relu", "sigmoid"]
    assert model.count_params() == (9 * 12 + 12) + (9 * 12 * 24 + 24) + (600 + 1)
    assert isinstance(model, keras.Model)


def test_more_classes_get_a_softmax_and_colours_no_reshape() -> None:
    model = seed_cnn((12, 14, 3), 5)
    assert model.input_shape == (None, 12, 14, 3) and model.output_shape == (None, 5)
    assert model.layers[-1].activation.__name__ == "softmax"


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(ForgeError, match="9x28 are too small"):
        seed_cnn((9, 28), 2)


def test_pictures_are_scaled_to_one() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert scaled(levels).dtype == np.float32
    assert np.array_equal(np.rint(scaled(levels) * 255).astype(np.uint8), levels)
    assert scaled(levels).max() == 1


def test_it_learns_doodles(model: Model, splits: Splits) -> None:
    assert accuracy_float(model, splits.held_out) > 0.8


def test_it_learns_three_classes(three: Dataset, tiny: Settings) -> None:
    splits = three.split()
    model = train(splits, replace(tiny, epochs=12), seed=0)
    assert accuracy_float(model, splits.held_out) > 0.9


def test_the_same_seed_gives_the_same_weights(model: Model, splits: Splits, tiny: Settings) -> None:
    again, other = (train(splits, tiny, seed=seed) for seed in (1, 2))
    for ours, same, different in zip(
        model.get_weights(), again.get_weights(), other.get_weights(), strict=True
    ):
        assert np.array_equal(ours, same) and not np.array_equal(ours, different)


def test_progress_tells_every_epoch(splits: Splits, tiny: Settings) -> None:
    seen: list[tuple[str, int, int]] = []
    train(splits, tiny, progress=lambda *step: seen.append(step))
    assert seen == [("train", done, 3) for done in range(4)]


def test_predict_is_what_keras_predicts(model: Model, splits: Splits) -> None:
    images = np.concatenate([splits.training.images, splits.held_out.images])  # two batches
    wanted = model.predict(scaled(images), verbose=0)
    assert predict(model, images) == pytest.approx(wanted, abs=1e-6)
