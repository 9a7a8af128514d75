"""Keras models with several inputs: an array each in the data, by name, never one for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError
from tinyforge.graph.packed import packed, split, typed
from tinyforge.proof import oracle
from tinyforge.proof.examples import quantized
from tinyforge.training import Loading
from tinyforge.training.load import load_keras
from tinyforge.training.model import arguments, given
from tinyforge.training.prune_file import prune_file
from tinyforge.training.quantize_file import quantized_file
from tinyforge.training.runtime import quiet

SHAPES = {"motion": (12, 3), "other": (12, 3), "eye": (9, 9, 1)}
COUNT = 60


def saved(keras: Any, folder: Path, *, by_name: bool) -> Path:
    """Two inputs of one shape, of which one is subtracted: they cannot be told apart by shape."""
    keras.utils.set_random_seed(1)
    inputs = {n: keras.Input(s, name=n) for n, s in SHAPES.items()}
    layers = keras.layers
    x = layers.GlobalAveragePooling1D()(
        layers.Subtract()([layers.Conv1D(4, 3)(inputs[n]) for n in ("motion", "other")])
    )
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, activation="relu")(inputs["eye"]))
    out = layers.Dense(2, activation="softmax")(layers.Concatenate()([x, y]))
    path = folder / "model.keras"
    with quiet():
        keras.Model(inputs if by_name else [*inputs.values()], out).save(path)
    return path


def drawn(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {n: rng.normal(size=(COUNT, *s)).astype(np.float32) for n, s in SHAPES.items()}


@pytest.mark.parametrize("by_name", [False, True])
def test_every_array_reaches_its_input(keras: Any, tmp_path: Path, by_name: bool) -> None:
    path = saved(keras, tmp_path, by_name=by_name)
    arrays, data = drawn(), tmp_path / "data.npz"
    with quiet():
        model = load_keras(path)
        values = [arrays[t.name] for t in model.inputs]
        right = np.asarray(model(arguments(model, values), training=False))
    np.savez(data, **arrays, labels=right.argmax(axis=1), classes=["a", "b"])
    found = quantized_file(path, str(data), Ui())
    assert found.measured is not None and found.measured.float_model == 1.0
    graph = tflite.read(found.model)
    assert {t.name: t.shape[1:] for t in graph.input_tensors} == SHAPES
    rows = packed([quantized(arrays[t.name], t) for t in graph.input_tensors])
    out = graph.output_tensors[0]
    raw = split(oracle.outputs(found.model, graph, rows), [out])[0]
    answers = (typed(raw, out).astype(float) - out.zero_point) * out.scale
    assert np.abs(answers - right).max() < 0.1
    assert np.ptp(right[:, 0]) > 0.3


def test_they_are_pruned_as_well(keras: Any, tmp_path: Path) -> None:
    path, data, out = (
        saved(keras, tmp_path, by_name=False),
        tmp_path / "d.npz",
        tmp_path / "p.keras",
    )
    arrays = drawn()
    np.savez(data, **arrays, labels=(arrays["motion"].mean(axis=(1, 2)) > 0).astype(int))
    _, done = prune_file(
        path, str(data), out, sparsity=0.5, seed=0, quick=True, how=Loading(), stages=Ui()
    )
    assert 0.4 < done.zeros < 0.6 and done.accuracy > 0.6


@pytest.mark.parametrize(
    ("change", "what", "fix"),
    [
        ({"eye": None}, "no array for the model's input 'eye'", "motion, other, eye"),
        ({"eye": np.zeros((COUNT, 9, 8, 1), np.float32)}, "has shape", "own shape"),
        ({"eye": np.zeros((COUNT - 1, 9, 9, 1), np.float32)}, "not as many samples each", ""),
        ({"eye": np.full((COUNT, 9, 9, 1), 200, np.uint8)}, "holds pixels", "--range"),
        ({"eye": np.full((COUNT, 9, 9, 1), np.nan, np.float32)}, "NaN", ""),
        ({"eye": np.array(["a"] * COUNT)}, "not a set of samples", ""),
    ],
)
def test_what_is_no_data_for_them(
    keras: Any, tmp_path: Path, change: dict[str, Any], what: str, fix: str
) -> None:
    path, data = saved(keras, tmp_path, by_name=False), tmp_path / "data.npz"
    arrays = {n: a for n, a in (drawn() | change).items() if a is not None}
    np.savez(data, **arrays)
    with pytest.raises(ForgeError, match=what) as error:
        quantized_file(path, str(data), Ui())
    assert fix in error.value.fix
    with pytest.raises(ForgeError, match="an array for each") as error:
        quantized_file(path, "doodles", Ui())
    assert "motion=..., other=..., eye=..." in error.value.fix


def test_pixels_are_brought_into_the_range_that_is_said(keras: Any, tmp_path: Path) -> None:
    path, data = saved(keras, tmp_path, by_name=False), tmp_path / "data.npz"
    levels = np.random.default_rng(0).integers(0, 256, (COUNT, 9, 9, 1)).astype(np.uint8)
    np.savez(data, **drawn() | {"eye": levels})
    found = quantized_file(path, str(data), Ui(), range_text="0..1")
    graph = tflite.read(found.model)
    (eye,) = [t for t in graph.input_tensors if t.name == "eye"]
    assert eye.scale == pytest.approx(1 / 255, rel=0.01) and eye.zero_point == -128


def test_a_sequential_that_was_never_called_is_called_with_its_one_input(keras: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    rows = np.ones((3, 4), np.float32)
    assert given(model, rows) is rows
