"""What a model's first layers and its file say: its input's range, the loss it was made for."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tinyforge.training.inputs import declared_range
from tinyforge.training.loss import is_regression, saved_loss
from tinyforge.training.runtime import quiet

SCALING = {
    "none": (lambda k, x: x, None),
    "rescaling": (lambda k, x: k.layers.Rescaling(1 / 255)(x), "0..255"),
    "to -1..1": (lambda k, x: k.layers.Rescaling(1 / 127.5, offset=-1)(x), "0..255"),
    "operators": (lambda k, x: x / 127.5 - 1.0, "0..255"),
    "behind others": (lambda k, x: k.layers.Rescaling(1 / 255)(k.layers.RandomFlip()(x)), "0..255"),
    "of 0..1": (lambda k, x: k.layers.Rescaling(2.0, offset=-1)(x), "0..1"),
    "normalization": (
        lambda k, x: k.layers.Normalization(mean=[120.0] * 3, variance=[3600.0] * 3)(x),
        "0..255",
    ),
    "normalization of 0..1": (
        lambda k, x: k.layers.Normalization(mean=[0.5] * 3, variance=[0.06] * 3)(x),
        "0..1",
    ),
    "padding": (lambda k, x: k.layers.ZeroPadding2D(1)(x), None),
}


@pytest.mark.parametrize("name", SCALING)
def test_what_is_done_before_the_first_weights(keras: Any, name: str) -> None:
    scale, expected = SCALING[name]
    x = keras.Input((12, 12, 3))
    y = keras.layers.Conv2D(2, 3)(scale(keras, x))
    found = declared_range(keras.Model(x, keras.layers.Flatten()(y)))
    assert (found.range.text if found else None) == expected


def test_within_models_within(keras: Any) -> None:
    layers = keras.layers
    inner = keras.Input((12, 12, 1))
    body = keras.Model(inner, layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(inner)))
    x = keras.Input((12, 12))
    found = declared_range(keras.Model(x, layers.Flatten()(body(layers.Reshape((12, 12, 1))(x)))))
    assert found is not None and found.range.text == "0..255"


@pytest.mark.parametrize(
    ("loss", "name", "regression"),
    [
        ("mse", "MeanSquaredError", True),
        ("mean_absolute_error", "MeanAbsoluteError", True),
        (["huber"], "Huber", True),
        ({"dense": "mse"}, "MeanSquaredError", True),
        (
            {"module": "keras.losses", "class_name": "BinaryCrossentropy", "config": {}},
            "BinaryCrossentropy",
            False,
        ),
        (
            {"module": "builtins", "class_name": "function", "config": "mean_squared_error"},
            "MeanSquaredError",
            True,
        ),
        ("my_loss", None, None),
        ({"a": "mse", "b": "mae"}, None, None),
        (None, None, None),
        (7, None, None),
    ],
)
def test_the_loss_in_a_file(
    tmp_path: Path, loss: Any, name: str | None, regression: bool | None
) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"compile_config": {"loss": loss}}))
    assert saved_loss(path) == name
    assert is_regression(name) is regression


def test_the_loss_that_keras_writes(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    for loss in ("mse", keras.losses.MeanSquaredError(), keras.losses.mean_squared_error):
        model.compile("adam", loss=loss)
        for name in ("m.keras", "m.h5"):
            with quiet():
                model.save(tmp_path / name)
            assert saved_loss(tmp_path / name) == "MeanSquaredError"
    (tmp_path / "none.keras").write_bytes(b"no archive")
    assert saved_loss(tmp_path / "none.keras") is None
