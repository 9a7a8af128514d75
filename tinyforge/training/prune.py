"""Magnitude pruning: the smallest weights become zero, the others are trained on to make up."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyforge.datasets.types import Progress, Splits, silent
from tinyforge.errors import ForgeError
from tinyforge.training.bridge import to_tf_keras
from tinyforge.training.model import Model, fit
from tinyforge.training.runtime import keras, tf_keras, tfmot
from tinyforge.training.settings import Settings

_CUTS = 20  # how many steps it takes from dense to sparse
_START = 0.4  # share of the sparsity that the first cut takes: these weights hardly matter


def prune(
    model: Model, splits: Splits, settings: Settings, *, seed: int = 0, progress: Progress = silent
) -> Model:
    """A tf_keras model with settings.sparsity of every kernel's weights zero, fine-tuned.

    model: Keras 3; left as it is. Sparsity rises along a cubic over half of the steps, the other
    half is recovery. Raises ForgeError if a layer cannot be bridged, none can be pruned, or the
    sparsity is not reached.
    """
    keras().utils.set_random_seed(seed)
    sparsity = tfmot().sparsity.keras
    steps = -(-len(splits.training) // settings.batch) * settings.prune_epochs
    every = max(1, steps // 2 // _CUTS)
    schedule = sparsity.PolynomialDecay(
        initial_sparsity=_START * settings.sparsity,
        final_sparsity=settings.sparsity,
        begin_step=0,
        end_step=min(every * _CUTS, steps - 1),  # a step at which it cuts
        frequency=every,
    )

    def wrapped(layer: Any) -> Any:
        if not _prunable(layer):
            return layer
        return sparsity.prune_low_magnitude(layer, pruning_schedule=schedule)

    copy = to_tf_keras(model)
    if not any(_prunable(layer) for layer in copy.layers):
        raise ForgeError(
            "the model has no layer whose weights can be pruned",
            fix="leave pruning out, or use Conv2D or Dense layers",
        )
    pruned = tf_keras().models.clone_model(copy, clone_function=wrapped)
    fit(
        tf_keras(),
        pruned,
        splits,
        settings.prune_epochs,
        settings,
        stage="prune",
        callbacks=(sparsity.UpdatePruningStep(),),
        keep_best=False,  # early epochs are better and not yet sparse
        progress=progress,
    )
    stripped = sparsity.strip_pruning(pruned)
    _check(stripped, settings.sparsity)
    return stripped


def _prunable(layer: Any) -> bool:
    """Whether the toolkit knows the layer and it has a kernel to prune."""
    registry = _registry()
    return bool(registry.supports(layer) and registry._weight_names(layer))


def _registry() -> Any:
    tfmot()
    from tensorflow_model_optimization.python.core.sparsity.keras import prune_registry

    return prune_registry.PruneRegistry


def _check(model: Model, sparsity: float) -> None:
    """Every pruned kernel has its share of zeros, to one weight."""
    for layer in filter(_prunable, model.layers):
        kernel = layer.kernel.numpy()
        wanted = int(sparsity * kernel.size)
        zeros = int(np.count_nonzero(kernel == 0))
        if zeros < wanted - 1:
            raise ForgeError(
                f"pruning zeroed {zeros} of {kernel.size} weights, not {wanted}",
                where=f"layer {layer.name!r}",
                fix="train longer while pruning: raise prune_epochs",
            )
