"""How often a model is right, and how scores become answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.types import Dataset, Images, Labels
from tinyforge.errors import ForgeError
from tinyforge.training.model import Model, predict

_ARENA = 4 << 20  # bytes, on the host, where they cost nothing; a far too small one would crash


def answers(scores: npt.NDArray[Any]) -> Labels:
    """Scores (n, outputs) to labels, int64 (n,): the one rule for float and for int8 models.

    One output is the second class's probability: label 1 from one half upwards, which is 0 in int8
    (TensorFlow Lite's sigmoid always has scale 1/256 and zero point -128). More: the largest, of
    equals the first.
    """
    if scores.shape[1] > 1:
        return np.asarray(scores.argmax(axis=1), np.int64)
    half = 0 if scores.dtype == np.int8 else 0.5
    return np.asarray(scores[:, 0] >= half, np.int64)


def balanced_accuracy(found: Labels, labels: Labels) -> float:
    """Mean over the classes of the share found right, so that a rare class counts as much."""
    return float(np.mean([(found[labels == c] == c).mean() for c in np.unique(labels)]))


def accuracy_float(model: Model, data: Dataset) -> float:
    """Share of data that the Keras model is right about."""
    return float((answers(predict(model, data.images)) == data.labels).mean())


def accuracy_int8(tflite: bytes, data: Dataset) -> float | None:
    """Share of data that the int8 model is right about, run by TensorFlow Lite Micro itself.

    None where its wheel does not exist: outside Linux on x86-64.
    """
    try:
        scores = int8_scores(tflite, data.images)
    except ImportError:
        return None
    return float((answers(scores) == data.labels).mean())


def int8_scores(tflite: bytes, images: Images) -> npt.NDArray[np.int8]:
    """Outputs (n, outputs) of an int8 model on pictures, by TensorFlow Lite Micro.

    Raises ImportError without its wheel, ForgeError if it cannot run the model.
    """
    from tflite_micro.python.tflite_micro import runtime

    try:
        interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=_ARENA)
    except (RuntimeError, ValueError) as error:
        raise ForgeError(
            f"TensorFlow Lite Micro does not take this model: {error}",
            fix="use operators that it has; tinyforge inspect lists those of the model",
        ) from error
    details = interpreter.get_input_details(0)
    scale = details["quantization_parameters"]["scales"][0]
    zero_point = details["quantization_parameters"]["zero_points"][0]
    levels = np.rint(np.arange(256, dtype=np.float32) / 255 / scale) + zero_point
    table = np.clip(levels, -128, 127).astype(np.int8)  # grey level to int8
    inputs = table[images].reshape(len(images), *details["shape"])
    outputs = []
    for x in inputs:
        interpreter.set_input(x, 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).reshape(-1))
    return np.stack(outputs)
