"""From data to a trained model's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyforge.stages import Stages, reported
from tinyforge.training.accuracy import accuracy_float
from tinyforge.training.material import TITLES, keras_file, load_splits, settings_for, zeros_of
from tinyforge.training.model import train


@dataclass(frozen=True)
class Outcome:
    """What train says. accuracy: on pictures held out. zeros: share of kernel weights."""

    model: str
    accuracy: float
    pictures: int
    zeros: float


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
    return keras_file(model), outcome
