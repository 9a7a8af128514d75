"""What normalizations saw in training beside what they get of other data: whether it is prepared
alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyforge.datasets.ranges import Reals
from tinyforge.training.model import Model, given
from tinyforge.training.runtime import library_of, quiet

_SAMPLES = 64  # enough for means
_LEAST = 1e-6  # a variance below is that of a channel without signal


@dataclass(frozen=True)
class Drift:
    """Of a BatchNormalization, the median channel. shift: by how many standard deviations of
    training its mean is off. stretch: how many times the standard deviation of training it has."""

    name: str
    shift: float
    stretch: float


def drift(model: Model, inputs: Reals) -> Drift | None:
    """Of the first BatchNormalization that the model has at its top level; None without one, or
    where it normalizes another axis than the last. inputs: real values (n, *shape)."""
    layer = next((one for one in model.layers if type(one).__name__ == "BatchNormalization"), None)
    if layer is None:
        return None
    with quiet():
        try:
            before = library_of(model).Model(model.inputs, layer.input)
        except (AttributeError, ValueError):  # a layer that is not connected, or used twice
            return None
        values = np.asarray(before(given(model, inputs[:_SAMPLES]), training=False), np.float64)
        mean, variance = (np.asarray(w) for w in (layer.moving_mean, layer.moving_variance))
    if values.shape[-1:] != mean.shape:
        return None
    seen = values.reshape(-1, len(mean))
    alive = (variance > _LEAST) & (seen.var(axis=0) > _LEAST)
    if not alive.any():
        return None
    std = np.sqrt(variance[alive])
    shift = np.abs(seen.mean(axis=0)[alive] - mean[alive]) / std
    stretch = seen.std(axis=0)[alive] / std
    return Drift(layer.name, float(np.median(shift)), float(np.median(stretch)))
