"""From a Keras model's file to int8 .tflite bytes, measured beside it, and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinyforge import tflite
from tinyforge.datasets import Samples
from tinyforge.datasets.decide import Decision
from tinyforge.datasets.samples import TEST, TRAINING, part_of, spread
from tinyforge.errors import ForgeError
from tinyforge.int16 import in_int16
from tinyforge.proof.measure import Measured, count_to_measure, real_outputs, warnings
from tinyforge.proof.score import score
from tinyforge.report.wording import plural
from tinyforge.stages import Stages, reported
from tinyforge.tflite.about import with_about
from tinyforge.training.equalize import equalized
from tinyforge.training.further import further
from tinyforge.training.lab import Lab
from tinyforge.training.material import (
    DRAWINGS,
    TITLES,
    lab_of,
    loaded,
    subject_of,
    tell_lesson,
    tuning_for,
)
from tinyforge.training.metadata import about_data
from tinyforge.training.model import Model, input_shape
from tinyforge.training.noise.explain import explained
from tinyforge.training.noise.record import Explained
from tinyforge.training.quantize import Calibration, quantize
from tinyforge.training.settings import CHECKED, Loading
from tinyforge.training.subject import Subject

_CALIBRATION = 256  # samples
_NOISES = 8  # samples of noise, where ranges do not matter


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
    int16: Sequence[str] = (),
) -> Quantized:
    """A .keras model as int8 .tflite bytes, calibrated on the data and measured on it.

    data: as for training, or inputs without labels, for which there are no names. range_text: as
    --range says it. accept: a drop of accuracy as well. explain: layer by layer, as it is before it
    learns. equalize: with channels brought to one range, where float answers stay. qat: trained on
    with int8's rounding first, on a part of the data that is not measured on. int16: layers of the
    int8 model whose values are to have 16 bits, by number or name. ForgeError where the
    range of the inputs is not clear, there is nothing to learn, or accuracy drops.
    """
    if data is None:
        raise ForgeError(
            "a .keras model is quantized with data to calibrate on",
            where=str(path),
            fix="give --data: doodles, quickdraw, a folder of pictures, a .npz, .npy or .csv, or "
            "FILE.py:FUNCTION",
        )
    model = loaded(path, how, stages)
    settings = tuning_for(False)
    count = settings.drawings if qat else DRAWINGS
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
    work = _Work(subject, decision, calibration, test, seed, tuple(int16), stages)
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
    """What a model is quantized with. subject: the float model; test: what both are measured on;
    int16: layers whose values have 16 bits."""

    subject: Subject
    decision: Decision
    calibration: Samples
    test: Samples
    seed: int
    int16: tuple[str, ...]
    stages: Stages

    def quantized(self, model: Model) -> Quantized:
        """model: the subject's own, or one that was made of it."""
        said: list[str] = []
        with self.stages.stage("Quantize to int8"):
            inputs = self.calibration.real(self.decision.range)
            small = quantize(model, inputs, note=said.append)
            if self.int16:
                small = tflite.write(in_int16(tflite.read(small), self.int16))
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
    tell_lesson(lab, stages)
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
    cures = [first.cure]
    if said.finer:
        best = said.finer[0]
        cures.append(
            f"--int16 {best.layer} brings the outputs from {best.before:.0f} to {best.after:.0f} dB"
        )
    cures.append("tinyforge quantize --explain --accept-accuracy shows all layers")
    return {"why": f"{first} ({first.where})", "cure": "; ".join(cures)}


def _measured(
    subject: Subject, decision: Decision, small: bytes, chosen: Samples, stages: Stages
) -> Quantized:
    """An int8 model with what is known of it, measured on the chosen samples beside the float
    model."""
    graph = tflite.read(small)
    inputs = chosen.real(decision.range)
    goal, measured, outputs = subject.goal, None, None
    if goal is not None:
        with stages.stage(f"Compare float and int8 on {plural(len(chosen), 'sample')}"):
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
    score_before = None if measured is None else measured.float_model
    said = about_data(graph, chosen, decision.range, goal, score_before)
    model = tflite.write(with_about(graph, said))
    return Quantized(model, said.classes, measured, chosen, inputs)
