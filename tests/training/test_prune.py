"""Pruning reaches its sparsity in every kernel and costs little; the variants tell the lesson."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tinyforge.datasets import Dataset, Splits
from tinyforge.errors import ForgeError
from tinyforge.training import Settings
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.model import Model, seed_cnn
from tinyforge.training.prune import prune
from tinyforge.training.variants import make_variants


def zeros(model: Model) -> list[float]:
    kernels = [weight for weight in model.get_weights() if weight.ndim > 1]
    return [float((kernel == 0).mean()) for kernel in kernels]


@pytest.mark.parametrize("sparsity", [0.5, 0.75, 0.9])
def test_every_kernel_reaches_the_sparsity(
    model: Model, splits: Splits, sparsity: float, tiny: Settings
) -> None:
    before = [weight.copy() for weight in model.get_weights()]
    pruned = prune(model, splits, replace(tiny, sparsity=sparsity), seed=1)
    assert zeros(pruned) == pytest.approx([sparsity] * 3, abs=0.01)
    for ours, kept in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(ours, kept)  # the model given is left as it is
    if sparsity <= 0.75:
        assert accuracy_float(pruned, splits.held_out) > 0.8


def test_biases_are_not_pruned(model: Model, splits: Splits, tiny: Settings) -> None:
    biases = [w for w in prune(model, splits, tiny).get_weights() if w.ndim == 1]
    assert all(np.count_nonzero(bias) == bias.size for bias in biases)


def test_three_classes(three: Dataset, tiny: Settings) -> None:
    pruned = prune(seed_cnn((12, 14, 3), 3), three.split(), tiny)
    assert zeros(pruned) == pytest.approx([0.75] * 3, abs=0.01)


def test_a_model_with_nothing_to_prune_is_refused(
    keras: Any, splits: Splits, tiny: Settings
) -> None:
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    with pytest.raises(ForgeError, match="no layer whose weights can be pruned"):
        prune(model, splits, tiny)


def test_the_four_variants(model: Model, splits: Splits, tiny: Settings) -> None:
    seen: list[tuple[str, int, int]] = []
    variants = make_variants(model, splits, tiny, seed=1, progress=lambda *step: seen.append(step))
    dense, pruned, small, both = variants
    assert [v.name for v in variants] == ["float", "pruned", "int8", "pruned+int8"]
    # Pruning alone does not shrink the file, only what compression makes of it; int8 does.
    assert pruned.tflite_bytes == pytest.approx(dense.tflite_bytes, rel=0.02)
    assert pruned.gzip_bytes < dense.gzip_bytes * 0.6
    assert small.tflite_bytes < dense.tflite_bytes * 0.6
    assert both.gzip_bytes < min(pruned.gzip_bytes, small.gzip_bytes)
    assert {v.weights for v in variants} == {9 * 12 + 9 * 12 * 24 + 600}
    assert dense.nonzero == dense.weights
    assert pruned.nonzero == pytest.approx(0.25 * pruned.weights, rel=0.02)
    assert both.nonzero <= pruned.nonzero
    assert all(v.accuracy is not None and v.accuracy > 0.8 for v in variants)
    assert seen[0] == ("prune", 0, 3) and seen[-1] == ("convert", 4, 4)
