"""The variants of a model, made where TensorFlow is: of the user's, or of one trained here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyforge.datasets import Samples
from tinyforge.datasets.ranges import Range, parse
from tinyforge.stages import Stages, reported
from tinyforge.training.lab import Lab
from tinyforge.training.material import (
    DEFAULT_DATA,
    TITLES,
    lab_of,
    load_splits,
    loaded,
    settings_for,
    subject_of,
    tell_few,
    tuning_for,
)
from tinyforge.training.model import train
from tinyforge.training.recipe import Amounts, Recipe
from tinyforge.training.settings import Loading
from tinyforge.training.subject import Subject
from tinyforge.training.variants import Unmade, Variant, make_variants

_NO_PARTS = (
    "note: the data does not say which part is to test on; a quarter is held out of tuning, which "
    "flatters a model that was trained on it: give train and test folders, or x_train and x_test"
)


@dataclass(frozen=True, eq=False)
class Made:
    """Variants, and what they were measured on. measure: what their scores are; "" without any.
    head: of several outputs the one that is measured, by position."""

    variants: tuple[Variant | Unmade, ...]
    held_out: Samples
    range: Range
    measure: str
    head: int


def made_of_file(
    path: Path,
    data: str,
    recipes: Sequence[Recipe],
    amounts: Amounts,
    *,
    how: Loading,
    seed: int,
    quick: bool,
    range_text: str | None,
    stages: Stages,
) -> Made:
    """Variants of a Keras model: tuned and calibrated on a part of the data, measured on the rest.

    range_text: as --range says it. ForgeError where the data is not the model's, or the range of
    its inputs is not clear.
    """
    lab = lab_of_file(
        path, data, how=how, seed=seed, quick=quick, range_text=range_text, stages=stages
    )
    return _made(lab, recipes, amounts, stages)


def lab_of_file(
    path: Path,
    data: str,
    *,
    how: Loading,
    seed: int,
    quick: bool,
    range_text: str | None,
    stages: Stages,
) -> Lab:
    """A Keras model, and what it is tuned, calibrated and measured on. As made_of_file()."""
    model, settings = loaded(path, how, stages), tuning_for(quick)
    count = settings.drawings
    found = subject_of(model, path, data, range_text, count=count, seed=seed, stages=stages)
    lab = lab_of(*found, settings, seed)
    if lab.subject.samples.parts is None:
        stages.note(_NO_PARTS)
    tell_few(lab, stages)
    return lab


def made_of_drawings(
    data: str | None,
    recipes: Sequence[Recipe],
    amounts: Amounts,
    *,
    seed: int,
    quick: bool,
    stages: Stages,
) -> Made:
    """Variants of the small CNN, trained on these drawings."""
    settings = settings_for(quick)
    splits = load_splits(data, settings, seed, stages)
    with reported(stages, TITLES) as progress:
        model = train(splits, settings, seed=seed, progress=progress)
    name = data or DEFAULT_DATA
    training, held_out = splits.training.samples(name), splits.held_out.samples(name)
    subject = Subject.of(model, held_out, None)
    lab = Lab(subject, parse("0..1"), training, held_out, settings, seed)
    return _made(lab, recipes, amounts, stages)


def _made(lab: Lab, recipes: Sequence[Recipe], amounts: Amounts, stages: Stages) -> Made:
    variants = make_variants(lab, recipes, amounts, stages)
    subject = lab.subject
    return Made(variants, lab.held_out, lab.range, subject.measure, subject.head)
