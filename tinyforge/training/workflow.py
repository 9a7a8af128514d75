"""The commands left of the .tflite file: from data to a model, step by step or all at once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from tinyforge import datasets, tflite
from tinyforge.datasets import Samples, Splits
from tinyforge.datasets.decide import Decision, told
from tinyforge.datasets.ranges import Range, parse
from tinyforge.datasets.samples import TEST, TRAINING, part_of, parted, spread
from tinyforge.datasets.several import read_several
from tinyforge.errors import ForgeError
from tinyforge.proof.measure import (
    Measured,
    count_to_measure,
    real_outputs,
    require_kept,
    warnings,
)
from tinyforge.proof.score import Task, score
from tinyforge.spec import ImportanceChoice, PruneChoice, ScheduleChoice
from tinyforge.stages import Stages, reported
from tinyforge.tflite.about import about, with_about
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.channels import CUTS, Cost, Removed, remove_channels
from tinyforge.training.clusters import distinct_of
from tinyforge.training.equalize import equalized
from tinyforge.training.further import further
from tinyforge.training.lab import Lab
from tinyforge.training.load import load_keras
from tinyforge.training.loss import saved_loss
from tinyforge.training.model import Model, input_shape, input_shapes, train
from tinyforge.training.noise.explain import explained
from tinyforge.training.noise.record import Explained
from tinyforge.training.prune import Pruned, prune
from tinyforge.training.quantize import Calibration, quantize
from tinyforge.training.runtime import quiet
from tinyforge.training.settings import CHECKED, FULL, QUICK, Loading, Settings
from tinyforge.training.subject import Subject

DEFAULT_DATA = "doodles"
_CALIBRATION = 256  # samples
_DRAWINGS = 1000  # of a class, to calibrate on and to measure on
_NOISES = 8  # samples of noise, where ranges do not matter
_DRAWN = (28, 28)  # pixels of a doodle
# What a trained model is tuned with further: steps small enough to keep what it knows.
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


@dataclass(frozen=True)
class Outcome:
    """What train says. accuracy: on pictures held out. zeros: share of kernel weights."""

    model: str
    accuracy: float
    pictures: int
    zeros: float


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


def train_file(
    data: str | None, output: Path, *, seed: int, quick: bool, stages: Stages
) -> tuple[bytes, Outcome]:
    """The small CNN, trained, as a .keras file for that place, and how good it is."""
    settings = settings_for(quick)
    splits = load_splits(data, settings, seed, stages)
    with reported(stages, TITLES) as progress:
        model = train(splits, settings, seed=seed, progress=progress)
    accuracy = accuracy_float(model, splits.held_out)
    outcome = Outcome(str(output), accuracy, len(splits.held_out), zeros_of(model))
    return _keras_file(model), outcome


@dataclass(frozen=True)
class PruneOutcome:
    """What prune says. Field names are the keys of `--json`.

    measure: what before and accuracy are; both on samples held out, as many as pictures. zeros:
    share of all weights of kernels. kept: layers whose weights could not be pruned, or channels not
    removed. cost_before, cost_after: what the model takes, where channels were removed. distinct:
    the most different weights that a clustered layer has. aware: whether accuracy is with int8's
    rounding, which the model was trained with. left: layers that were not clustered, or trained so.
    """

    model: str
    measure: str
    before: float
    accuracy: float
    pictures: int
    zeros: float
    kept: tuple[str, ...]
    cost_before: Cost | None = None
    cost_after: Cost | None = None
    distinct: int | None = None
    aware: bool = False
    left: tuple[str, ...] = ()


def prune_file(
    path: Path,
    data: str | None,
    output: Path,
    *,
    sparsity: float,
    seed: int,
    quick: bool,
    how: Loading,
    stages: Stages,
    structure: PruneChoice = "unstructured",
    schedule: ScheduleChoice = "polynomial",
    importance: ImportanceChoice = "taylor",
    clusters: int | None = None,
    qat: bool = False,
    range_text: str | None = None,
    accept: bool = False,
) -> tuple[bytes, PruneOutcome]:
    """A .keras model pruned, fine-tuned on the data with its own loss, as another for that place.

    structure, schedule: which weights become zero together, and when; or channels, to remove those
    of least importance, so that sparsity of the multiply-adds are gone. clusters: the most
    different weights that a layer keeps. qat: train with int8's rounding at last. range_text: as
    --range says it. accept: a drop of accuracy as well. ForgeError where the data has no answers to
    learn, or accuracy drops.
    """
    _require_share(sparsity, none=qat or clusters is not None)
    settings = replace(
        tuning_for(quick),
        sparsity=sparsity,
        structure="unstructured" if structure == "channels" else structure,
        schedule=schedule,
    )
    model = loaded(path, how, stages)
    shape = input_shape(model)
    if data is None and shape not in (_DRAWN, (*_DRAWN, 1)):
        raise ForgeError(
            "a model of other inputs than doodles is pruned with data of its own",
            where=str(path),
            fix="give --data: a folder of pictures, a .npz, .npy or .csv, with labels",
        )
    name, count = data or DEFAULT_DATA, settings.drawings
    found = subject_of(
        model, path, name, range_text, count=count, seed=seed, stages=stages, to_learn=True
    )
    lab = lab_of(*found, settings, seed)
    _tell_lesson(lab, stages)
    pruned: Pruned | Removed = Pruned(model, ())
    with reported(stages, TITLES) as progress:
        if sparsity:
            way = partial(remove_channels, how=importance) if structure == "channels" else prune
            pruned = way(
                model,
                lab.lesson,
                settings,
                loss=lab.loss(model),
                settled=lab.settled,
                seed=seed,
                progress=progress,
            )
        made = further(pruned.model, lab, clusters=clusters, qat=qat, progress=progress)
    subject, after = lab.subject, replace(lab.subject, model=made.model)
    outcome = PruneOutcome(
        str(output),
        subject.measure,
        subject.score(lab.held_out, lab.inputs),
        after.score(lab.held_out, lab.inputs),
        len(lab.held_out),
        zeros_of(made.model),
        pruned.kept,
        distinct=distinct_of(made.model) if clusters is not None else None,
        aware=qat,
        left=made.left,
    )
    if isinstance(pruned, Removed):
        outcome = replace(outcome, cost_before=pruned.before, cost_after=pruned.after)
    require_kept(outcome.before, outcome.accuracy, "pruning", outcome.measure, accept=accept)
    return _keras_file(made.model), outcome


def _require_share(sparsity: float, *, none: bool) -> None:
    """none: whether no zeros may be asked for, because something else is done."""
    if not 0 < sparsity < 1 and not (none and sparsity == 0):
        raise ForgeError(f"sparsity {sparsity} is not between 0 and 1", fix="e.g. --sparsity 0.75")


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


def _tell_lesson(lab: Lab, stages: Stages) -> None:
    """Says what is learned from."""
    count = len(lab.lesson.inputs)
    _, name = lab.subject.learned()
    stages.note(f"loss: {name}; {count:,} samples to train on, {len(lab.held_out):,} held out")


@dataclass(frozen=True, eq=False)
class Quantized:
    """An int8 model, and what is known of it.

    model: the .tflite bytes, which say the range of the inputs and the classes' names. measured:
    None without labels. samples, inputs: a few of the data, and as real values, float32 (n, ...).
    explained: its layers beside the float model's, where that was asked for or accuracy dropped;
    before it was trained with int8's rounding.
    """

    model: bytes
    classes: tuple[str, ...]
    measured: Measured | None
    samples: Samples
    inputs: Calibration
    explained: Explained | None = None

    @property
    def dropped(self) -> bool:
        """Whether accuracy is known to have dropped by more than is accepted in silence."""
        return self.measured is not None and self.measured.dropped


def quantized_file(
    path: Path,
    data: str | None,
    stages: Stages,
    *,
    how: Loading = CHECKED,
    seed: int = 0,
    range_text: str | None = None,
    accept: bool = False,
    explain: bool = False,
    equalize: bool = False,
    qat: bool = False,
) -> Quantized:
    """A .keras model as int8 .tflite bytes, calibrated on the data and measured on it.

    data: as for training, or inputs without labels, for which there are no names. range_text: as
    --range says it. accept: a drop of accuracy as well. explain: layer by layer, as it is before it
    learns. equalize: with channels brought to one range, where float answers stay. qat: trained on
    with int8's rounding first, on a part of the data that is not measured on. ForgeError where the
    range of the inputs is not clear, there is nothing to learn, or accuracy drops.
    """
    model = loaded(path, how, stages)
    if data is None:
        raise ForgeError(
            "a .keras model is quantized with data to calibrate on",
            where=str(path),
            fix="give --data: doodles, quickdraw, a folder of pictures, a .npz, .npy or .csv",
        )
    settings = tuning_for(False)
    count = settings.drawings if qat else _DRAWINGS
    subject, decision = subject_of(
        model, path, data, range_text, count=count, seed=seed, stages=stages, to_learn=qat
    )
    training, test = (part_of(subject.samples, part) for part in (TRAINING, TEST))
    lab = lab_of(subject, decision, settings, seed) if qat else None
    if lab is not None:
        training, test = lab.training, lab.held_out
    calibration = spread(training, _CALIBRATION, seed)
    if equalize:
        model = _equalized(model, calibration.real(decision.range), stages)
        subject = replace(subject, model=model)
    work = _Work(subject, decision, calibration, test, seed, stages)
    said = None
    if lab is None or explain:
        found = work.quantized(model)
        if explain or found.dropped:
            said = work.explained(found)
    if lab is not None:
        if explain and found.measured is not None:
            stages.note(f"before training: {found.measured}")
        found = work.quantized(_aware(model, lab, stages))
    if found.measured is not None:
        found.measured.require_kept(accept=accept, **_reason(said))
    return replace(found, explained=said)


@dataclass(frozen=True, eq=False)
class _Work:
    """What a model is quantized with. subject: the float model; test: what both are measured on."""

    subject: Subject
    decision: Decision
    calibration: Samples
    test: Samples
    seed: int
    stages: Stages

    def quantized(self, model: Model) -> Quantized:
        """model: the subject's own, or one that was made of it."""
        said: list[str] = []
        with self.stages.stage("Quantize to int8"):
            inputs = self.calibration.real(self.decision.range)
            small = quantize(model, inputs, note=said.append)
        for line in said:
            self.stages.note(line)
        chosen = spread(self.test, count_to_measure(tflite.read(small)), self.seed)
        return _measured(self.subject, self.decision, small, chosen, self.stages)

    def explained(self, found: Quantized) -> Explained:
        """Of the subject's own model."""
        with self.stages.stage("Compare float and int8 layer by layer"):
            return explained(
                found.model,
                self.subject,
                self.decision,
                self.calibration,
                found.inputs,
                dropped=found.dropped,
            )


def _equalized(model: Model, inputs: Calibration, stages: Stages) -> Model:
    found = equalized(model, inputs)
    names = ", ".join(f"{count} of {name!r}" for name, count in found.layers.items())
    stages.note(f"channels brought to one range: {names or 'none'}; the float answers are the same")
    return found.model


def _aware(model: Model, lab: Lab, stages: Stages) -> Model:
    _tell_lesson(lab, stages)
    with reported(stages, TITLES) as progress:
        made = further(model, lab, clusters=None, qat=True, progress=progress)
    if made.left:
        stages.note(f"not trained with int8's rounding: {'; '.join(made.left)}")
    return made.model


def sketched_file(path: Path, stages: Stages, *, how: Loading = CHECKED, seed: int = 0) -> bytes:
    """A .keras model as int8 .tflite bytes, calibrated on noise: it costs what the model costs."""
    model = loaded(path, how, stages)
    noise = np.random.default_rng(seed).normal(size=(_NOISES, *input_shape(model)))
    with stages.stage("Quantize to int8"):
        return quantize(model, noise.astype(np.float32))


def _reason(said: Explained | None) -> dict[str, str]:
    """Why accuracy drops, and the cure, where that is known."""
    if said is None or not said.findings:
        return {}
    first = said.findings[0]
    cure = f"{first.cure}; tinyforge quantize --explain --accept-accuracy shows all layers"
    return {"why": f"{first} ({first.where})", "cure": cure}


def _measured(
    subject: Subject, decision: Decision, small: bytes, chosen: Samples, stages: Stages
) -> Quantized:
    """An int8 model with what is known of it, measured on the chosen samples beside the float
    model."""
    graph = tflite.read(small)
    inputs = chosen.real(decision.range)
    goal, measured, outputs = subject.goal, None, None
    if goal is not None:
        with stages.stage(f"Compare float and int8 on {len(chosen):,} samples"):
            outputs = real_outputs(small, graph, inputs, subject.head)
            measured = Measured(
                goal.measure,
                subject.score(chosen, inputs),
                score(goal, outputs, chosen, inputs),
                len(chosen),
                chosen.source,
                decision.range.text,
            )
    for warning in warnings(goal, chosen, inputs, outputs, graph):
        stages.note(warning)
    said = msgspec.structs.replace(about(graph), range=decision.range.text, resized=chosen.resized)
    if measured is not None and goal is not None and goal.task is Task.CLASSES:
        said = msgspec.structs.replace(
            said,
            classes=chosen.classes,
            float_accuracy=measured.float_model,
            examples=len(chosen),
        )
    model = tflite.write(with_about(graph, said))
    return Quantized(model, said.classes, measured, chosen, inputs)


def read_for(
    name: str,
    model: Model,
    range_text: str | None,
    *,
    seed: int,
    count_per_class: int = _DRAWINGS,
) -> tuple[Samples, Range | None]:
    """The data for a model, and the range that it is to be brought into; None where nothing says
    so, or it is."""
    to = parse(range_text) if range_text else None
    shapes = input_shapes(model)
    if len(shapes) > 1:
        return read_several(name, shapes, to), None
    (shape,) = shapes.values()
    return datasets.read(name, shape, count_per_class=count_per_class, seed=seed), to


def loaded(path: Path, how: Loading, stages: Stages) -> Model:
    """A model's file, with what there is to be told of it told."""
    said: list[str] = []
    with stages.stage("Load the model"):
        model = load_keras(path, how, note=said.append)
    for line in said:  # not while a bar is drawn
        stages.note(line)
    return model


def _keras_file(model: Model) -> bytes:
    with quiet(), tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        return file.read_bytes()


def zeros_of(model: Model) -> float:
    """The share of zeros among the weights of kernels: biases and the like do not count."""
    kernels = [w for w in model.get_weights() if w.ndim > 1]
    zeros = sum(int(np.count_nonzero(w == 0)) for w in kernels)
    return zeros / sum(int(w.size) for w in kernels)
