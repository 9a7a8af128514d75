"""Keras model to .tflite: float, or int8 throughout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.training.child import expected
from tinyforge.training.model import Model, arguments, by_input, input_shape, input_shapes
from tinyforge.training.plain import plain
from tinyforge.training.runnable import not_converted, runnable
from tinyforge.training.runtime import quiet, tensorflow

Calibration = npt.NDArray[np.float32]


def to_float_tflite(model: Model) -> bytes:
    """float32 .tflite with batch 1."""
    return _converted(model, None)


def quantize(
    model: Model, calibration: Calibration, *, note: Callable[[str], None] = lambda _: None
) -> bytes:
    """int8 .tflite with batch 1: weights, activations, input and output; biases int32.

    calibration: float32 (n, *input shape), scaled as in training; it sets the activations' ranges.
    Of several inputs the numbers are side by side (datasets/several.py); they keep their names.
    Layers over time are unrolled, of which note is told. Raises ForgeError if the data does not fit
    the model, is empty, or holds NaN or infinity; and if no firmware can be made of the model.
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
    return runnable(_converted(plain(model, note), calibration.astype(np.float32, copy=False)))


def _converted(model: Model, calibration: Calibration | None) -> bytes:
    tf = tensorflow()
    shapes = input_shapes(model)
    names = {
        n: re.sub(r"\W", "_", n, flags=re.ASCII) if len(shapes) > 1 else "input" for n in shapes
    }
    with quiet(), expected() as alive:
        try:
            # A batch that is fixed before converting: a dynamic one leaves SHAPE, STRIDED_SLICE and
            # PACK operators behind.
            specs = [tf.TensorSpec((1, *s), tf.float32, name=names[n]) for n, s in shapes.items()]
            called = tf.function(lambda *x: model(arguments(model, x), training=False))
            function = called.get_concrete_function(*specs)
            converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
            if calibration is not None:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = lambda: _one_by_one(model, calibration, alive)
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            return bytes(converter.convert())
        except Exception as error:  # whatever Keras, TensorFlow or its converter happens to raise
            raise not_converted(error) from error


def _one_by_one(
    model: Model, calibration: Calibration, alive: Callable[[], None]
) -> Iterator[list[Calibration]]:
    for i in range(len(calibration)):
        alive()
        yield by_input(model, calibration[i : i + 1])
