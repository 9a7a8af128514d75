"""What is done to a trained or pruned model where it is asked for: weights clustered, and training
with int8's rounding."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.datasets.types import Progress, silent
from tinyforge.training.clusters import cluster
from tinyforge.training.lab import Lab
from tinyforge.training.model import Model
from tinyforge.training.quantize_aware import quantize_aware


@dataclass(frozen=True, eq=False)
class Further:
    """left: layers whose weights were not clustered, or not trained with int8's rounding."""

    model: Model
    left: tuple[str, ...] = ()


def further(
    model: Model, lab: Lab, *, clusters: int | None, qat: bool, progress: Progress = silent
) -> Further:
    """The model with at most so many different weights in each kernel, zeros kept; then trained
    with int8's rounding, both kept. None and False: without that.

    model: the lab's, or one that was made of it. ForgeErrors as cluster and quantize_aware raise
    them, and where the data has no answers to learn.
    """
    left: tuple[str, ...] = ()
    seed, loss = lab.seed, lab.loss
    if clusters is not None:
        clustered = cluster(
            model, lab.lesson, lab.settings, clusters, loss=loss, seed=seed, progress=progress
        )
        model, left = clustered.model, clustered.left
    if qat:
        aware = quantize_aware(
            model, lab.lesson, lab.settings, loss=loss, seed=seed, progress=progress
        )
        model, left = aware.model, (*left, *aware.left)
    return Further(model, tuple(dict.fromkeys(left)))
