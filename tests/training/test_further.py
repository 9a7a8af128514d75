"""prune --cluster --qat and quantize --qat, from files to files: what int8 holds at the end."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import Told
from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.training import material
from tinyforge.training.prune_file import prune_file
from tinyforge.training.quantize_file import quantized_file
from tinyforge.training.recipe import Amounts
from tinyforge.training.runtime import quiet
from tinyforge.training.settings import CHECKED


@pytest.fixture(scope="module")
def model(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tells three classes of pictures apart."""
    folder = tmp_path_factory.mktemp("further")
    rng, labels = np.random.default_rng(0), np.arange(160) % 3
    inputs = rng.normal(size=(160, 12, 12, 3)).astype(np.float32)
    inputs[np.arange(160), :, :, labels] += 1
    np.savez(folder / "data.npz", inputs=inputs, labels=labels)
    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(inputs, labels, epochs=6, verbose=0)
    with quiet():
        model.save(folder / "model.keras")
    return folder / "model.keras"


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(material.QUICK, prune_epochs=2, drawings=60)
    monkeypatch.setattr(material, "QUICK", quick)
    monkeypatch.setattr(material, "FULL", quick)
    monkeypatch.setattr(material, "_TUNING_STEPS", 60)


def weights(content: bytes) -> list[Any]:
    graph = tflite.read(content)
    weighted = [op for op in graph.operators if op.op in ("CONV_2D", "FULLY_CONNECTED")]
    return [graph.tensors[op.inputs[1]].data for op in weighted]


def test_pruned_clustered_and_trained_with_rounding(
    model: Path, told: Told, tmp_path: Path
) -> None:
    data, target = str(model.parent / "data.npz"), tmp_path / "small.keras"
    options: dict[str, Any] = {"seed": 0, "how": CHECKED, "stages": told}
    content, found = prune_file(
        model, data, target, sparsity=0.6, clusters=8, qat=True, quick=True, **options
    )
    target.write_bytes(content)
    assert found.aware and found.distinct is not None and 2 < found.distinct <= 8
    assert found.left == () and found.zeros == pytest.approx(0.6, abs=0.05)
    assert found.accuracy > 0.9
    small = quantized_file(target, data, told, how=CHECKED)
    kernels = weights(small.model)
    assert len(kernels) == 3
    for kernel in kernels:
        assert len(np.unique(kernel)) <= 8
        assert (kernel == 0).mean() == pytest.approx(0.6, abs=0.12)
    assert small.measured is not None and small.measured.int8_model > 0.9
    with pytest.raises(ForgeError, match="quantization-aware already"):
        quantized_file(target, data, told, how=CHECKED, qat=True)


def test_clusters_without_zeros_and_none_of_both(model: Path, told: Told, tmp_path: Path) -> None:
    data = str(model.parent / "data.npz")
    options: dict[str, Any] = {"seed": 0, "how": CHECKED, "stages": told, "quick": True}
    _, found = prune_file(model, data, tmp_path / "few.keras", sparsity=0, clusters=6, **options)
    assert found.zeros < 0.2 and found.distinct is not None and found.distinct <= 6
    assert not found.aware
    with pytest.raises(ForgeError, match="sparsity 0 is not between 0 and 1"):
        prune_file(model, data, tmp_path / "few.keras", sparsity=0, **options)


def test_figures_of_few_samples_are_warned_of(told: Told) -> None:
    for count in (20, 19, 1):
        material.tell_few(SimpleNamespace(held_out=[0] * count), told)  # type: ignore[arg-type]
    many, one = told.notes
    assert many.startswith("note: only 19 samples are held out") and "only 1 sample is" in one


@pytest.mark.parametrize("count", [-3, 2, 257])
def test_clusters_that_cannot_be_are_refused_before_anything_is_loaded(
    count: int, told: Told, tmp_path: Path
) -> None:
    none, options = tmp_path / "none.keras", {"seed": 0, "how": CHECKED, "stages": told}
    with pytest.raises(ForgeError, match=f"{count} different weights"):
        prune_file(none, None, none, sparsity=0.5, clusters=count, quick=True, **options)
    with pytest.raises(ForgeError, match=f"{count} different weights") as caught:
        Amounts(clusters=count)
    assert "--clusters 16" in caught.value.fix


def test_quantize_trains_with_rounding_on_its_own_part(
    model: Path, told: Told, tmp_path: Path
) -> None:
    data = str(model.parent / "data.npz")
    plain = quantized_file(model, data, told, how=CHECKED)
    small = quantized_file(model, data, told, how=CHECKED, qat=True, explain=True)
    assert small.explained is not None and small.explained.layers
    assert any(note.startswith("before training: float ") for note in told.notes)
    assert weights(small.model)[1].shape == weights(plain.model)[1].shape
    assert not np.array_equal(weights(small.model)[1], weights(plain.model)[1])
    assert plain.measured is not None and small.measured is not None
    assert (plain.measured.examples, small.measured.examples) == (
        160,
        40,
    )  # the rest was trained on
    assert small.measured.int8_model > 0.9
    np.savez(tmp_path / "bare.npz", inputs=np.load(data)["inputs"])
    with pytest.raises(ForgeError, match="no answers that the model could learn"):
        quantized_file(
            model, str(tmp_path / "bare.npz"), told, how=CHECKED, qat=True, range_text="values"
        )
