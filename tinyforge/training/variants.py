"""The four variants of a model side by side, to see what each of the two methods does."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.types import Dataset, Progress, Splits, silent
from tinyforge.training.accuracy import accuracy_float, accuracy_int8
from tinyforge.training.model import Model, cross_entropy, lesson, scaled
from tinyforge.training.prune import prune
from tinyforge.training.quantize import Calibration, quantize, to_float_tflite
from tinyforge.training.settings import Settings


@dataclass(frozen=True)
class Variant:
    """One form of the model.

    model: the .tflite file. gzip_bytes: its compressed size. nonzero, weights: of all kernels
    (biases not counted). accuracy: on held-out pictures, int8 by TensorFlow Lite Micro itself.
    """

    name: str
    model: bytes
    gzip_bytes: int
    nonzero: int
    weights: int
    accuracy: float

    @property
    def tflite_bytes(self) -> int:
        return len(self.model)


def calibration_of(data: Dataset, count: int) -> Calibration:
    """The first count pictures (they are shuffled), scaled as in training."""
    return scaled(data.images[:count])


def make_variants(
    model: Model,
    splits: Splits,
    settings: Settings,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[Variant, ...]:
    """float, pruned, int8 and pruned+int8, in this order. model: Keras 3, trained.

    The lesson is in the numbers: pruning alone shrinks only the compressed size, because zeros are
    stored like any other weight; int8 is what shrinks the file.
    """
    pruned = prune(
        model,
        lesson(splits.training),
        settings,
        loss=cross_entropy(model),
        seed=seed,
        progress=progress,
    ).model
    calibration = calibration_of(splits.training, settings.calibration)
    held_out = splits.held_out
    variants: list[Variant] = []
    for name, source in (("float", model), ("pruned", pruned)):
        progress("convert", len(variants), 4)
        variants.append(_variant(name, to_float_tflite(source), accuracy_float(source, held_out)))
    for name, source in (("int8", model), ("pruned+int8", pruned)):
        progress("convert", len(variants), 4)
        small = quantize(source, calibration)
        variants.append(_variant(name, small, accuracy_int8(small, held_out)))
    progress("convert", 4, 4)
    return tuple(variants)


def _variant(name: str, model: bytes, accuracy: float) -> Variant:
    kernels = _kernels(model)
    return Variant(
        name=name,
        model=model,
        gzip_bytes=len(gzip.compress(model, mtime=0)),
        nonzero=sum(int(np.count_nonzero(kernel)) for kernel in kernels),
        weights=sum(kernel.size for kernel in kernels),
        accuracy=accuracy,
    )


def _kernels(model: bytes) -> list[npt.NDArray[Any]]:
    """The constants of two dimensions or more: kernels, not biases or shapes."""
    tensors = tflite.read(model).tensors
    return [t.data for t in tensors if t.data is not None and len(t.shape) > 1]
