"""The commands left of the .tflite file: from data to a model, step by step or all at once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinyforge import datasets
from tinyforge.datasets import Dataset, Splits
from tinyforge.datasets.arrays import calibration_inputs, is_labelled
from tinyforge.errors import ForgeError
from tinyforge.files import write_files
from tinyforge.stages import Stages, reported
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.load import load_keras
from tinyforge.training.model import Model, train
from tinyforge.training.prune import prune
from tinyforge.training.quantize import Calibration, quantize
from tinyforge.training.runtime import keras, quiet
from tinyforge.training.settings import FULL, QUICK, Settings
from tinyforge.training.variants import Variant, calibration_of, make_variants

DEFAULT_DATA = "doodles"
_TITLES = {
    "train": "Train the CNN",
    "prune": "Prune and fine-tune",
    "convert": "Convert the four variants",
}


@dataclass(frozen=True)
class Outcome:
    """What train and prune say. accuracy: on pictures held out. zeros: share of kernel weights."""

    model: str
    accuracy: float
    pictures: int
    zeros: float


def settings_for(quick: bool) -> Settings:
    return QUICK if quick else FULL


def load_splits(data: str | None, settings: Settings, seed: int, stages: Stages) -> Splits:
    """The data of that name, in three parts."""
    name = data or DEFAULT_DATA
    with stages.stage(
        f"Draw {2 * settings.drawings:,} doodles" if name == DEFAULT_DATA else f"Read {name}"
    ):
        drawn = datasets.load(name, count_per_class=settings.drawings, seed=seed)
        return drawn.split(settings.fractions, seed=seed)


def train_file(
    data: str | None, output: Path, *, seed: int, quick: bool, stages: Stages
) -> Outcome:
    """Trains the small CNN and writes it as a .keras file."""
    settings = settings_for(quick)
    splits = load_splits(data, settings, seed, stages)
    with reported(stages, _TITLES) as progress:
        model = train(splits, settings, seed=seed, progress=progress)
    return _saved(model, splits.held_out, output)


def prune_file(
    path: Path,
    data: str | None,
    output: Path,
    *,
    sparsity: float,
    seed: int,
    quick: bool,
    trust: bool,
    stages: Stages,
) -> Outcome:
    """Prunes a .keras model, fine-tuned on the data, and writes it as another."""
    if not 0 < sparsity < 1:
        raise ForgeError(f"sparsity {sparsity} is not between 0 and 1", fix="e.g. --sparsity 0.75")
    settings = replace(settings_for(quick), sparsity=sparsity)
    model = load_keras(path, trust=trust)
    splits = load_splits(data, settings, seed, stages)
    with reported(stages, _TITLES) as progress:
        pruned = prune(model, splits, settings, seed=seed, progress=progress)
    return _saved(_with_weights_of(model, pruned), splits.held_out, output)


def quantized_file(
    path: Path, data: str | None, stages: Stages, *, trust: bool, seed: int = 0
) -> tuple[bytes, tuple[str, ...]]:
    """A .keras model as int8 .tflite bytes, calibrated on the data, and the classes' names.

    data: as for training, or a .npz or .npy of inputs alone, for which there are no names.
    """
    model = load_keras(path, trust=trust)
    if data is None:
        raise ForgeError(
            "a .keras model is quantized with data to calibrate on",
            where=str(path),
            fix="give --data: doodles, quickdraw, a .npz or .npy of inputs, or an image folder",
        )
    inputs, classes = _calibration(data, seed, stages)
    with stages.stage("Quantize to int8"):
        return quantize(model, inputs), classes


def _calibration(data: str, seed: int, stages: Stages) -> tuple[Calibration, tuple[str, ...]]:
    settings = settings_for(quick=True)
    file = Path(data)
    if file.suffix in (".npz", ".npy") and file.is_file() and not is_labelled(file):
        return calibration_inputs(file)[: settings.calibration], ()
    training = load_splits(data, settings, seed, stages).training
    return calibration_of(training, settings.calibration), training.classes


def demo_variants(
    data: str | None, *, quick: bool, seed: int, stages: Stages
) -> tuple[Splits, tuple[Variant, ...]]:
    """Data, training, and the four variants of the model."""
    settings = settings_for(quick)
    splits = load_splits(data, settings, seed, stages)
    with reported(stages, _TITLES) as progress:
        model = train(splits, settings, seed=seed, progress=progress)
        return splits, make_variants(model, splits, settings, seed=seed, progress=progress)


def _saved(model: Model, held_out: Dataset, output: Path) -> Outcome:
    """Writes a Keras 3 model and says how good it is."""
    with quiet(), tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        content = file.read_bytes()
    write_files({output: content})
    kernels = [w for w in model.get_weights() if w.ndim > 1]
    zeros = sum(int(np.count_nonzero(w == 0)) for w in kernels) / sum(w.size for w in kernels)
    return Outcome(str(output), accuracy_float(model, held_out), len(held_out), zeros)


def _with_weights_of(model: Model, pruned: Model) -> Model:
    """The Keras 3 model with the weights of its pruned tf_keras copy, in the same order."""
    copy = keras().models.clone_model(model)
    copy.set_weights(pruned.get_weights())
    return copy
