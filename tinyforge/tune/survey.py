"""What is known of a model and its data before any candidate is tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyforge import tflite
from tinyforge.datasets.npy import npz
from tinyforge.errors import ForgeError
from tinyforge.proof.data import arrays
from tinyforge.stages import Stages
from tinyforge.training.channels import removable
from tinyforge.training.compared import lab_of_file
from tinyforge.training.prune import prunable
from tinyforge.training.quantize import quantize
from tinyforge.training.settings import Loading


@dataclass(frozen=True)
class Survey:
    """measure, score: of the float model, on so many samples held_out. range: that it takes inputs
    in. layers: whose weights can be pruned. channels: whether any can be removed. inputs: a .npz of
    the first samples held out, as --inputs takes it."""

    measure: str
    score: float
    held_out: int
    range: str
    layers: tuple[str, ...]
    channels: bool
    inputs: bytes


def survey(
    model: Path,
    data: str,
    *,
    how: Loading,
    seed: int,
    quick: bool,
    range_text: str | None,
    inputs: int,
    stages: Stages,
) -> Survey:
    """ForgeError where the model cannot be quantized, or the data does not say what is right: then
    no candidate could be tried. inputs: how many."""
    lab = lab_of_file(
        model, data, how=how, seed=seed, quick=quick, range_text=range_text, stages=stages
    )
    found = lab.of_float(lab.subject.model)
    if found is None:
        raise ForgeError(
            "the data has no answers to say which candidates are good",
            where=data,
            fix="give labels, a class or value for each sample; autoencoders need none",
        )
    assert lab.lesson is not None  # said now where nothing can be learned
    with stages.stage("Quantize the model as it is"):
        graph = tflite.read(quantize(lab.subject.model, lab.calibration))
    real = lab.held_out.real(lab.range)[:inputs]
    return Survey(
        measure=lab.subject.measure,
        score=found.score,
        held_out=len(lab.held_out),
        range=lab.range.text,
        layers=prunable(lab.subject.model),
        channels=removable(lab.subject.model),
        inputs=npz(arrays(graph, lab.held_out, real)),
    )
