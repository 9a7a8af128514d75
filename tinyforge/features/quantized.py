"""What a sensor measures as a model's input, as firmware/include/forge/forge_sensed.h makes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.features.log_mel import MICRO_WAKE_WORD, LogMel
from tinyforge.features.rows import log_mel_rows

Int8 = npt.NDArray[np.int8]
# What a step of a row is to microWakeWord's models.
ROW_SCALE = 0.0390625


def quantized(
    steps: npt.NDArray[np.integer], step: float, *, scale: float, zero_point: int
) -> Int8:
    """steps: any shape, of a sensor or of a feature, each worth `step` in the model's unit. scale,
    zero_point: of the model's input. Rounded half away from zero, saturated.

    The ratio of the two has 32 fraction bits and is below 2**14.
    """
    ratio = int(float(step) / float(np.float32(scale)) * 2.0**32 + 0.5)
    steps = steps.astype(np.int64)
    rounded = (np.abs(steps) * ratio + (1 << 31)) >> 32
    q = np.sign(steps) * rounded + zero_point
    return np.asarray(np.clip(q, -128, 127), np.int8)


def heard(
    samples: npt.NDArray[np.int16],
    *,
    scale: float,
    zero_point: int,
    features: LogMel = MICRO_WAKE_WORD,
) -> Int8:
    """int16 (n,) samples to int8 (rows, channels), as the application listen gives them to a model
    whose input has this scale and zero point. ForgeError for features that have no tables."""
    rows = log_mel_rows(samples, features)
    return quantized(rows, ROW_SCALE, scale=scale, zero_point=zero_point)
