"""Keras model to .tflite: float, or int8 throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.training.child import expected
from tinyforge.training.model import Model
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


def input_shape(model: Model) -> tuple[int, ...]:
    """The shape of the model's one input, without the batch. ForgeError for other models."""
    if len(model.inputs) != 1:
        raise ForgeError(
            f"the model has {len(model.inputs)} inputs, and the data is of one",
            fix="convert it to full int8 yourself, with tf.lite.TFLiteConverter.from_keras_model() "
            "and a representative_dataset of all its inputs; build takes the .tflite file",
        )
    shape = tuple(model.inputs[0].shape[1:])
    if None in shape:
        example = ",".join(str(size or 32) for size in shape)
        raise ForgeError(
            f"the model's input shape {shape} is not fixed",
            fix=f"say the size that the device will see: --input-shape {example}",
        )
    return shape


def _converted(model: Model, calibration: Calibration | None) -> bytes:
    tf = tensorflow()
    shape = input_shape(model)
    with quiet(), expected() as alive:
        try:
            # A batch that is fixed before converting: a dynamic one leaves SHAPE, STRIDED_SLICE and
            # PACK operators behind.
            spec = tf.TensorSpec((1, *shape), tf.float32, name="input")
            function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
            converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
            if calibration is not None:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = lambda: _one_by_one(calibration, alive)
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
            return bytes(converter.convert())
        except Exception as error:  # whatever Keras, TensorFlow or its converter happens to raise
            raise not_converted(error) from error


def _one_by_one(calibration: Calibration, alive: Callable[[], None]) -> Iterator[list[Calibration]]:
    for i in range(len(calibration)):
        alive()
        yield [calibration[i : i + 1]]
