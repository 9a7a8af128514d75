"""How often a model is right about pictures."""

from __future__ import annotations

from tinyforge.datasets.types import Dataset
from tinyforge.proof.answers import answers
from tinyforge.training.model import Model, predict


def accuracy_float(model: Model, data: Dataset) -> float:
    """Share of data that the Keras model is right about."""
    return float((answers(predict(model, data.images)) == data.labels).mean())
