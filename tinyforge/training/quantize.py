"""Keras model to .tflite: float, or int8 throughout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.tflite.about import About, with_about
from tinyforge.training.child import expected
from tinyforge.training.model import Model, arguments, by_input, input_shape, input_shapes
from tinyforge.training.plain import plain
from tinyforge.training.runnable import not_converted, runnable
from tinyforge.training.runtime import quiet, tensorflow
from tinyforge.training.whole_lstm import in_order, saved_converter

Calibration = npt.NDArray[np.float32]


def to_float_tflite(model: Model) -> bytes:
    """float32 .tflite with batch 1."""
    return _converted(model, None)


def float_twin(model: Model) -> bytes:
    """float32 .tflite with batch 1 of the layers that quantize() makes int8: most of its tensors
    have the names of theirs."""
    made = plain(model)
    if not made.whole:
        return _converted(made.model, None)
    return tflite.write(
        in_order(tflite.read(_converted(made.model, None, whole=True)), _names(model))
    )


def quantize(
    model: Model, calibration: Calibration, *, note: Callable[[str], None] = lambda _: None
) -> bytes:
    """int8 .tflite with batch 1: weights, activations, input and output; biases int32.

    calibration: float32 (n, *input shape), scaled as in training; it sets the activations' ranges.
    Of several inputs the numbers are side by side (datasets/several.py); they keep their names.
    Layers over time are unrolled, or one operator: note is told which. Raises ForgeError if the
    data does not fit the model, is empty, or holds NaN or infinity; and if no firmware can be made
    of the model.
    """
    shape = input_shape(model)
    if calibration.shape[1:] != shape or len(calibration) == 0:
        raise ForgeError(
            f"calibration data has shape {calibration.shape}, the model takes (n, *{shape})",
            fix="give inputs of the model's own shape, at least one",
        )
    if not np.isfinite(calibration).all():
        raise ForgeError(
            "calibration data holds NaN or infinity", fix="remove these inputs; they have no range"
        )
    made = plain(model, note)
    calibration = calibration.astype(np.float32, copy=False)
    if not made.whole:
        return runnable(_converted(made.model, calibration))
    graph = in_order(tflite.read(_converted(made.model, calibration, whole=True)), _names(model))
    return runnable(tflite.write(with_about(graph, About(anew=made.anew))))


def _names(model: Model) -> list[str]:
    """What its inputs are called in the file, in the model's order."""
    names = [re.sub(r"\W", "_", name, flags=re.ASCII) for name in input_shapes(model)]
    return names if len(names) > 1 else ["input"]


def _converted(model: Model, calibration: Calibration | None, *, whole: bool = False) -> bytes:
    """whole: its LSTM layers become one operator each; inputs and outputs are in any order."""
    tf = tensorflow()
    names, shapes = _names(model), input_shapes(model).values()
    with quiet(), expected() as alive:
        try:
            # A batch that is fixed before converting: a dynamic one leaves SHAPE, STRIDED_SLICE and
            # PACK operators behind.
            specs = [
                tf.TensorSpec((1, *s), tf.float32, name=n)
                for n, s in zip(names, shapes, strict=True)
            ]
            called = tf.function(lambda *x: model(arguments(model, x), training=False))
            function = called.get_concrete_function(*specs)
            with saved_converter(function) if whole else _converter(function) as converter:
                if calibration is not None:
                    converter.optimizations = [tf.lite.Optimize.DEFAULT]
                    converter.representative_dataset = lambda: (
                        dict(zip(names, one, strict=True)) if whole else one
                        for one in _one_by_one(model, calibration, alive)
                    )
                    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                    converter.inference_input_type = tf.int8
                    converter.inference_output_type = tf.int8
                return bytes(converter.convert())
        except Exception as error:  # whatever Keras, TensorFlow or its converter happens to raise
            raise not_converted(error) from error


@contextmanager
def _converter(function: Any) -> Iterator[Any]:
    yield tensorflow().lite.TFLiteConverter.from_concrete_functions([function])


def _one_by_one(
    model: Model, calibration: Calibration, alive: Callable[[], None]
) -> Iterator[list[Calibration]]:
    for i in range(len(calibration)):
        alive()
        yield by_input(model, calibration[i : i + 1])
