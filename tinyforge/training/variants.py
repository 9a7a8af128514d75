"""The variants of a model side by side, to see what each method does."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.types import Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.proof.score import Task
from tinyforge.tflite.about import about, with_about
from tinyforge.training.lab import Lab, Result
from tinyforge.training.model import Model
from tinyforge.training.prune import prune
from tinyforge.training.quantize import quantize, to_float_tflite
from tinyforge.training.recipe import Recipe

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Variant:
    """One form of the model.

    model: the .tflite file. gzip_bytes: its compressed size. nonzero, weights: of all kernels
    (biases not counted). result: on what is held out, of int8 by TensorFlow Lite Micro itself; None
    where the data does not say what is right.
    """

    recipe: Recipe
    model: bytes
    gzip_bytes: int
    nonzero: int
    weights: int
    result: Result | None

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def tflite_bytes(self) -> int:
        return len(self.model)


@dataclass(frozen=True, eq=False)
class Unmade:
    """A variant that cannot be made, and why."""

    name: str
    error: ForgeError


def make_variants(
    lab: Lab,
    recipes: Sequence[Recipe],
    *,
    progress: Progress = silent,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[Variant | Unmade, ...]:
    """A variant of each recipe, in their order; one that cannot be made does not stop the others.

    The lesson is in the numbers: pruning alone shrinks only the compressed size, because zeros are
    stored like any other weight; int8 is what shrinks the file. note: told what converting did.
    """
    tunings = dict.fromkeys(recipe.tuning for recipe in recipes)
    models = {tuning: _tried(partial(_tuned, tuning, lab, progress)) for tuning in tunings}
    made: list[Variant | Unmade] = []
    for done, recipe in enumerate(recipes):
        progress("convert", done, len(recipes))
        found = models[recipe.tuning]
        if not isinstance(found, ForgeError):
            found = _tried(partial(_variant, recipe, found, lab, note))
        made.append(Unmade(recipe.name, found) if isinstance(found, ForgeError) else found)
    progress("convert", len(recipes), len(recipes))
    return tuple(made)


def _tried(work: Callable[[], T]) -> T | ForgeError:
    """What work gives, or the ForgeError that it raises."""
    try:
        return work()
    except ForgeError as error:
        return error


def _tuned(tuning: Recipe, lab: Lab, progress: Progress) -> Model:
    """The Keras model that a recipe is converted from."""
    if not tuning.sparsity:
        return lab.subject.model
    lesson = lab.lesson
    loss, _ = lab.subject.learned()
    return prune(
        lab.subject.model,
        lesson,
        replace(lab.settings, sparsity=tuning.sparsity, structure=tuning.structure),
        loss=loss,
        settled=lab.settled,
        seed=lab.seed,
        progress=progress,
    ).model


def _variant(recipe: Recipe, model: Model, lab: Lab, note: Callable[[str], None]) -> Variant:
    before = lab.of_float(model)
    if recipe.int8:
        content = _told(quantize(model, lab.calibration, note=note), before, lab)
        result = lab.of_int8(content)
    else:
        content, result = to_float_tflite(model), before
    kernels = _kernels(content)
    return Variant(
        recipe=recipe,
        model=content,
        gzip_bytes=len(gzip.compress(content, mtime=0)),
        nonzero=sum(int(np.count_nonzero(kernel)) for kernel in kernels),
        weights=sum(kernel.size for kernel in kernels),
        result=result,
    )


def _told(model: bytes, before: Result | None, lab: Lab) -> bytes:
    """An int8 model whose file says of its data what is known. before: of its float model."""
    graph, goal = tflite.read(model), lab.subject.goal
    said = msgspec.structs.replace(about(graph), range=lab.range.text)
    if goal is not None and goal.task is Task.CLASSES and before is not None:
        said = msgspec.structs.replace(
            said,
            classes=lab.held_out.classes,
            float_accuracy=before.score,
            examples=len(lab.held_out),
        )
    return tflite.write(with_about(graph, said))


def _kernels(model: bytes) -> list[npt.NDArray[Any]]:
    """The constants of two dimensions or more: kernels, not biases or shapes."""
    tensors = tflite.read(model).tensors
    return [t.data for t in tensors if t.data is not None and len(t.shape) > 1]
