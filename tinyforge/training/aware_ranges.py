"""Where the ranges of activations begin in quantization-aware training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.training.model import Model, given

_DECAY = 0.999  # of the toolkit's moving averages. Source: MovingAverageQuantizer of tfmot 0.8.1
_ENDS = ("output_min", "output_max", "activation_min", "activation_max")
_SETTLED = 0.01  # of the widest


def settle(aware: Model, inputs: npt.NDArray[np.float32]) -> None:
    """Sets every range of activations to what these inputs make of it; nothing else changes.

    The toolkit begins with -6..6 and moves by a thousandth a step: a few hundred steps of tuning
    would end with the wrong ones. After a pass in training the batch's own range follows from how
    far each moved. Ranges before a layer clip what it sees, so passes go on until none moves.
    """
    ends = [w for w in aware.weights if w.name.partition(":")[0].endswith(_ENDS)]
    before = aware.get_weights()
    found = [float(w) for w in ends]
    for _ in range(len(aware.layers)):
        aware(given(aware, inputs), training=True)
        seen = [
            (float(w) - _DECAY * was) / (1 - _DECAY) for w, was in zip(ends, found, strict=True)
        ]
        _assign(ends, seen)
        far = np.abs(np.subtract(seen, found)).max(initial=0.0)
        found = seen
        if far <= _SETTLED * np.abs(found).max(initial=0.0):
            break
    aware.set_weights(before)
    _assign(ends, found)


def _assign(variables: list[Any], values: list[float]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
