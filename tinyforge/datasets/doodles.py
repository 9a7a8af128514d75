"""Doodles: drawings of the Eiffel Tower and the Mona Lisa, drawn by us. Needs no network."""

from __future__ import annotations

import numpy as np

from tinyforge.datasets.eiffel import eiffel_tower
from tinyforge.datasets.mona_lisa import mona_lisa
from tinyforge.datasets.render import render
from tinyforge.datasets.strokes import Dice
from tinyforge.datasets.types import Dataset

CLASSES = ("Eiffel Tower", "Mona Lisa")


def doodles(count_per_class: int, seed: int = 0) -> Dataset:
    """count_per_class drawings of each, 28x28, white ink on black, shuffled.

    The same seed gives the same pictures.
    """
    rng = np.random.default_rng(seed)
    dice = Dice(rng)
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), count_per_class))
    draw = (eiffel_tower, mona_lisa)
    drawings = [draw[label](dice) for label in labels]
    return Dataset(render(drawings, rng), labels.astype(np.int64), CLASSES)
