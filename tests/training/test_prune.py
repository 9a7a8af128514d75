"""Pruning reaches its sparsity in every kernel and costs little; the variants tell the lesson."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import Told
from tinyforge.datasets import Dataset, Splits
from tinyforge.errors import ForgeError
from tinyforge.training import Settings, material
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.load import load_keras
from tinyforge.training.model import Model, cross_entropy, lesson, seed_cnn
from tinyforge.training.prune import Pruned, prune
from tinyforge.training.prune_file import prune_file
from tinyforge.training.runtime import quiet, tf_keras
from tinyforge.training.settings import CHECKED


def zeros(model: Model) -> list[float]:
    kernels = [weight for weight in model.get_weights() if weight.ndim > 1]
    return [float((kernel == 0).mean()) for kernel in kernels]


def pruned(model: Model, splits: Splits, settings: Settings, **options: Any) -> Pruned:
    return prune(model, lesson(splits.training), settings, loss=cross_entropy(model), **options)


@pytest.mark.parametrize("sparsity", [0.5, 0.75, 0.9])
def test_every_kernel_reaches_the_sparsity(
    model: Model, splits: Splits, sparsity: float, tiny: Settings
) -> None:
    before = [weight.copy() for weight in model.get_weights()]
    found = pruned(model, splits, replace(tiny, sparsity=sparsity), seed=1)
    assert zeros(found.model) == pytest.approx([sparsity] * 3, abs=0.01)
    assert found.kept == ()
    for ours, kept in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(ours, kept)  # the model given is left as it is
    if sparsity <= 0.75:
        assert accuracy_float(found.model, splits.held_out) > 0.8


def test_the_smallest_weights_are_taken_and_biases_are_not(
    model: Model, splits: Splits, tiny: Settings
) -> None:
    found = pruned(model, splits, tiny).model
    biases = [w for w in found.get_weights() if w.ndim == 1]
    assert all(np.count_nonzero(bias) == bias.size for bias in biases)
    for old, new in zip(model.get_weights(), found.get_weights(), strict=True):
        if old.ndim > 1:
            gone = new == 0
            assert np.abs(old[gone]).mean() < np.abs(old[~gone]).mean()


def test_three_classes(three: Dataset, tiny: Settings) -> None:
    found = pruned(seed_cnn((12, 14, 3), 3), three.split(), tiny)
    assert zeros(found.model) == pytest.approx([0.75] * 3, abs=0.01)


def test_a_model_with_nothing_to_prune_is_refused(
    keras: Any, splits: Splits, tiny: Settings
) -> None:
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    with pytest.raises(ForgeError, match="no layer whose weights can be pruned"):
        pruned(model, splits, tiny)


def nested(library: Any) -> Model:
    """Layers within a model within a model, around a layer, and one whose weights stay."""
    layers = library.layers
    inner = library.Sequential([library.Input((14, 14, 4)), layers.Conv2D(6, 3, name="deep")])
    x = library.Input((28, 28))
    y = layers.Conv2D(4, 3, strides=2, padding="same")(layers.Reshape((28, 28, 1))(x))
    y = layers.DepthwiseConv2D(3, padding="same", name="filters")(y)
    y = layers.TimeDistributed(layers.Dense(5), name="around")(inner(y))
    return library.Model(x, layers.Dense(1, "sigmoid")(layers.Flatten()(y)))


@pytest.mark.parametrize("version", [3, 2])
def test_models_within_are_pruned_and_what_is_not_is_named(
    keras: Any, splits: Splits, tiny: Settings, version: int
) -> None:
    model = nested(keras if version == 3 else tf_keras())
    found = pruned(model, splits, replace(tiny, prune_epochs=1))
    assert found.kept == ("filters (DepthwiseConv2D)",)
    filters = [w.shape[:2] == (3, 3) and w.shape[-1] == 1 for w in found.model.get_weights()]
    kernels = [w for w in found.model.get_weights() if w.ndim > 1 and w.shape != (3, 3, 4, 1)]
    assert sum(filters) == 1 and len(kernels) == 4
    for kernel in kernels:
        assert (kernel == 0).sum() == round(0.75 * kernel.size)


def test_small_sets_are_gone_through_often_enough(
    model: Model, splits: Splits, tiny: Settings
) -> None:
    few = lesson(splits.training.take(np.arange(40)))
    seen: list[tuple[str, int, int]] = []
    asked: list[Model] = []

    def settled(found: Model) -> bool:
        asked.append(found)
        return len(asked) == 2

    prune(
        model,
        few,
        replace(tiny, prune_steps=40),
        loss=cross_entropy(model),
        settled=settled,
        progress=lambda *step: seen.append(step),
    )
    assert seen[-1] == ("recover 1", 20, 20)  # two steps an epoch
    assert {stage for stage, _, _ in seen} == {"prune", "recover 1"}
    assert all(share == pytest.approx(0.75, abs=0.01) for share in zeros(asked[-1]))


CASES = [
    ("p_bn_drop", "gray28", "accuracy", "cross-entropy"),
    ("p_nested", "gray28", "accuracy", "cross-entropy"),
    ("p_regress", "gray28", "R2", "MeanSquaredError"),
]


@pytest.mark.parametrize(("name", "data", "measure", "loss"), CASES)
def test_models_as_people_bring_them(
    corpus: Path,
    people: Path,
    told: Told,
    tmp_path: Path,
    name: str,
    data: str,
    measure: str,
    loss: str,
) -> None:
    """Compared before and after on what is held out; nothing is lost, or it is refused."""
    source, target = corpus / "cases" / f"{name}.keras", tmp_path / "pruned.keras"
    options: dict[str, Any] = {"seed": 0, "quick": True, "how": CHECKED, "stages": told}
    content, found = prune_file(source, str(people / data), target, sparsity=0.75, **options)
    target.write_bytes(content)
    assert found.measure == measure and found.pictures == 45
    assert found.accuracy >= found.before - 0.05
    assert found.zeros == pytest.approx(0.75, abs=0.005)
    assert all(share == pytest.approx(0.75, abs=0.02) for share in zeros(load_keras(target)))
    assert any(note.startswith(f"loss: {loss}") for note in told.notes)


def test_a_loss_of_accuracy_is_refused(
    corpus: Path, people: Path, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "_TUNING_STEPS", 20)
    source, target = corpus / "cases" / "p_nested.keras", tmp_path / "pruned.keras"
    options: dict[str, Any] = {"seed": 0, "quick": True, "how": CHECKED, "stages": told}
    with pytest.raises(ForgeError, match=r"accuracy drops from \d+\.\d\d % to .* by pruning"):
        prune_file(source, str(people / "gray28"), target, sparsity=0.99, **options)
    np.savez(tmp_path / "bare.npz", images=np.zeros((9, 28, 28), np.uint8))
    with pytest.raises(ForgeError, match="no answers that the model could learn"):
        prune_file(source, str(tmp_path / "bare.npz"), target, sparsity=0.5, **options)


def test_an_autoencoder_learns_its_own_input(
    keras: Any, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "_TUNING_STEPS", 60)
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(80, 3)) @ rng.normal(size=(3, 12))).astype(np.float32)
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(8), keras.layers.Dense(12)])
    model.compile(keras.optimizers.Adam(0.02), loss="mae", jit_compile=False)
    model.fit(values, values, epochs=60, verbose=0)
    with quiet():
        model.save(tmp_path / "auto.keras")
    np.save(tmp_path / "x.npy", values)
    _, found = prune_file(
        tmp_path / "auto.keras",
        str(tmp_path / "x.npy"),
        tmp_path / "pruned.keras",
        sparsity=0.5,
        seed=0,
        quick=True,
        how=CHECKED,
        stages=told,
    )
    assert (found.measure, found.pictures) == ("R2 of the input", 20)
    assert found.before > 0.9 and found.accuracy > found.before - 0.05
    assert "loss: MeanAbsoluteError; 60 samples to train on, 20 held out" in told.notes
