"""How often a model is right, float or int8."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.types import Dataset, Images
from tinyforge.proof import oracle
from tinyforge.proof.answers import accuracy, answers
from tinyforge.proof.examples import of_pictures
from tinyforge.training.model import Model, predict


def accuracy_float(model: Model, data: Dataset) -> float:
    """Share of data that the Keras model is right about."""
    return float((answers(predict(model, data.images)) == data.labels).mean())


def accuracy_int8(model: bytes, data: Dataset) -> float:
    """Share of data that the int8 .tflite model is right about, by TensorFlow Lite Micro itself."""
    graph = tflite.read(model)
    return accuracy(int8_scores(model, data.images), graph.tensors[graph.outputs[0]], data.labels)


def int8_scores(model: bytes, images: Images) -> npt.NDArray[np.int8]:
    """Outputs (n, outputs) of an int8 .tflite model on pictures. ForgeError if it cannot run."""
    graph = tflite.read(model)
    inputs = of_pictures(images, graph.tensors[graph.inputs[0]])
    return oracle.outputs(model, graph, inputs)
