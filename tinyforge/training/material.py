"""What the commands that train work with: settings, a model's file, its data, and what is told."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyforge import datasets
from tinyforge.datasets import Samples, Splits
from tinyforge.datasets.decide import Decision, told
from tinyforge.datasets.ranges import Range, parse
from tinyforge.datasets.samples import parted
from tinyforge.datasets.several import read_several
from tinyforge.report.wording import plural
from tinyforge.stages import Stages
from tinyforge.training.channels import CUTS
from tinyforge.training.lab import Lab
from tinyforge.training.load import load_keras
from tinyforge.training.loss import saved_loss
from tinyforge.training.model import Model, input_shapes
from tinyforge.training.runtime import quiet
from tinyforge.training.settings import FULL, QUICK, Loading, Settings
from tinyforge.training.subject import Subject

DEFAULT_DATA = "doodles"
DRAWINGS = 1000  # of a class, to calibrate on and to measure on
# What a trained model is tuned with further: steps small enough to keep what it knows.
_FEW = 20  # samples: one of fewer is worth more than the accuracy that may be lost in silence
_TUNING_RATE = 1e-3
_TUNING_BATCH = 32
_TUNING_STEPS = 400  # fewer do not make up for what is taken, nor settle a normalization
TITLES = {
    "train": "Train the CNN",
    "prune": "Prune and fine-tune",
    **{f"remove {i}": f"Remove channels and fine-tune ({i} of {CUTS})" for i in range(1, CUTS + 1)},
    **{f"recover {i}": f"Train on: accuracy is not back yet ({i})" for i in (1, 2, 3)},
    "cluster": "Cluster and fine-tune",
    "qat": "Train with the rounding of int8",
}


def settings_for(quick: bool) -> Settings:
    return QUICK if quick else FULL


def tuning_for(quick: bool) -> Settings:
    """Those for a model that is trained already."""
    return replace(
        settings_for(quick),
        learning_rate=_TUNING_RATE,
        batch=_TUNING_BATCH,
        prune_steps=_TUNING_STEPS,
    )


def load_splits(data: str | None, settings: Settings, seed: int, stages: Stages) -> Splits:
    """The data of that name, in three parts."""
    name = data or DEFAULT_DATA
    with stages.stage(
        f"Draw {2 * settings.drawings:,} doodles" if name == DEFAULT_DATA else f"Read {name}"
    ):
        drawn = datasets.load(name, count_per_class=settings.drawings, seed=seed)
        return drawn.split(settings.fractions, seed=seed)


def loaded(path: Path, how: Loading, stages: Stages) -> Model:
    """A model's file, with what there is to be told of it told."""
    said: list[str] = []
    with stages.stage("Load the model"):
        model = load_keras(path, how, note=said.append)
    for line in said:  # not while a bar is drawn
        stages.note(line)
    return model


def read_for(
    name: str,
    model: Model,
    range_text: str | None,
    *,
    seed: int,
    count_per_class: int = DRAWINGS,
) -> tuple[Samples, Range | None]:
    """The data for a model, and the range that it is to be brought into; None where nothing says
    so, or it is."""
    to = parse(range_text) if range_text else None
    shapes = input_shapes(model)
    if len(shapes) > 1:
        return read_several(name, shapes, to), None
    (shape,) = shapes.values()
    return datasets.read(name, shape, count_per_class=count_per_class, seed=seed), to


def subject_of(
    model: Model,
    path: Path,
    data: str,
    range_text: str | None,
    *,
    count: int,
    seed: int,
    stages: Stages,
    to_learn: bool = False,
) -> tuple[Subject, Decision]:
    """The model of that file with its data, and the range of its inputs, which is told. count: of
    drawings a class. ForgeError where the data is not the model's, its range is not clear, or there
    is nothing to learn where that is wanted."""
    with stages.stage(f"Read {data}"):
        samples, to = read_for(data, model, range_text, seed=seed, count_per_class=count)
    subject = Subject.of(model, samples, saved_loss(path))
    if to_learn:
        subject.require_lesson()
    decision = subject.decide(to)
    for line in told(subject.samples, decision, subject.measure):
        stages.note(line)
    return subject, decision


def lab_of(subject: Subject, decision: Decision, settings: Settings, seed: int) -> Lab:
    """To tune the subject on one part of its data, and measure it on the other."""
    training, held_out = parted(subject.samples, seed)
    return Lab(subject, decision.range, training, held_out, settings, seed)


def tell_lesson(lab: Lab, stages: Stages) -> None:
    """Says what is learned from."""
    count = len(lab.lesson.inputs)
    _, name = lab.subject.learned()
    trained = plural(count, "sample")
    stages.note(f"loss: {name}; {trained} to train on, {len(lab.held_out):,} held out")
    tell_few(lab, stages)


def tell_few(lab: Lab, stages: Stages) -> None:
    """Says where what is held out is so little that figures of it say little."""
    count = len(lab.held_out)
    if count < _FEW:
        few = f"{plural(count, 'sample')} {'is' if count == 1 else 'are'} held out"
        stages.note(f"note: only {few}: what is measured on so few says little; give more data")


def keras_file(model: Model) -> bytes:
    with quiet(), tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        return file.read_bytes()


def zeros_of(model: Model) -> float:
    """The share of zeros among the weights of kernels: biases and the like do not count."""
    kernels = [w for w in model.get_weights() if w.ndim > 1]
    zeros = sum(int(np.count_nonzero(w == 0)) for w in kernels)
    return zeros / sum(int(w.size) for w in kernels)
