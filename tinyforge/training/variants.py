"""The variants of a model side by side, to see what each method does."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.stages import Stages, Titled, reported
from tinyforge.tflite.about import with_about
from tinyforge.training.curves import Epoch, Recorded
from tinyforge.training.lab import Lab, Result
from tinyforge.training.material import TITLES
from tinyforge.training.metadata import about_data
from tinyforge.training.model import Model
from tinyforge.training.noise.explain import by_layer
from tinyforge.training.noise.record import LayerNoise
from tinyforge.training.quantize import quantize, to_float_tflite
from tinyforge.training.recipe import Amounts, Recipe
from tinyforge.training.tuning import TUNED

T = TypeVar("T")

_WORDS = 300  # characters of an exception


@dataclass(frozen=True, eq=False)
class Variant:
    """One form of the model.

    model: the .tflite file. gzip_bytes: its compressed size. nonzero, weights: of all kernels
    (biases not counted). result: on what is held out, of int8 by TensorFlow Lite Micro itself; None
    where the data does not say what is right. noise: of int8, its layers beside its float model's;
    none where that cannot be compared. epochs: of the training that made it. said: what converting
    did to it.
    """

    recipe: Recipe
    model: bytes
    gzip_bytes: int
    nonzero: int
    weights: int
    result: Result | None
    noise: tuple[LayerNoise, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def tflite_bytes(self) -> int:
        return len(self.model)


@dataclass(frozen=True, eq=False)
class Tuned:
    """A Keras model, and the training since the one that was given."""

    model: Model
    epochs: tuple[Epoch, ...] = ()


@dataclass(frozen=True, eq=False)
class Unmade:
    """A variant that cannot be made, and why."""

    name: str
    error: ForgeError


def make_variants(
    lab: Lab, recipes: Sequence[Recipe], amounts: Amounts, stages: Stages
) -> tuple[Variant | Unmade, ...]:
    """A variant of each recipe, in their order; one that cannot be made does not stop the others.

    The lesson is in the numbers: pruning alone shrinks only the compressed size, because zeros are
    stored like any other weight; int8 is what shrinks the file.
    """
    tuned: dict[tuple[str, ...], Tuned | ForgeError] = {(): Tuned(lab.subject.model)}
    for recipe in recipes:
        for count in range(1, len(recipe.steps) + 1):
            steps = recipe.steps[:count]
            if steps not in tuned:
                tuned[steps] = _tried(partial(_tuned, steps, tuned, lab, amounts, stages))
    made: list[Variant | Unmade] = []
    with stages.stage("Convert and measure the variants", len(recipes)) as tell:
        for recipe in recipes:
            found = _tried(partial(_variant, recipe, tuned[recipe.steps], lab))
            made.append(Unmade(recipe.name, found) if isinstance(found, ForgeError) else found)
            tell(len(made))
    for line in dict.fromkeys(
        line for one in made if isinstance(one, Variant) for line in one.said
    ):
        stages.note(line)  # once, and not while a bar is drawn
    return tuple(made)


def _tried(work: Callable[[], T]) -> T | ForgeError:
    """What work gives, or the ForgeError that it raises; any other exception as one."""
    try:
        return work()
    except ForgeError as error:
        return error
    except Exception as error:  # whatever TensorFlow happens to raise of one variant
        last = (str(error).strip().splitlines() or [""])[-1]
        return ForgeError(f"TensorFlow cannot do this: {type(error).__name__}: {last[:_WORDS]}")


def _tuned(
    steps: tuple[str, ...],
    tuned: Mapping[tuple[str, ...], Tuned | ForgeError],
    lab: Lab,
    amounts: Amounts,
    stages: Stages,
) -> Tuned:
    """The last of the steps, done to what the others left. ForgeError of one of them."""
    before = tuned[steps[:-1]]
    if isinstance(before, ForgeError):
        raise before
    with reported(Titled(stages, "+".join(steps)), TITLES) as progress:
        recorded = Recorded(progress)
        model = TUNED[steps[-1]](before.model, lab, amounts, recorded)
    return Tuned(model, (*before.epochs, *recorded.epochs))


def _variant(recipe: Recipe, tuned: Tuned | ForgeError, lab: Lab) -> Variant:
    if isinstance(tuned, ForgeError):
        raise tuned
    model, before = tuned.model, lab.of_float(tuned.model)
    said: list[str] = []
    noise: tuple[LayerNoise, ...] = ()
    if recipe.int8:
        content = _told(quantize(model, lab.calibration, note=said.append), before, lab)
        result = lab.of_int8(content)
        noise = by_layer(content, model, lab.inputs)
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
        noise=noise,
        epochs=tuned.epochs,
        said=tuple(said),
    )


def _told(model: bytes, before: Result | None, lab: Lab) -> bytes:
    """An int8 model whose file says of its data what is known. before: of its float model."""
    graph, score = tflite.read(model), None if before is None else before.score
    said = about_data(graph, lab.held_out, lab.range, lab.subject.goal, score)
    return tflite.write(with_about(graph, said))


def _kernels(model: bytes) -> list[npt.NDArray[Any]]:
    """The constants of two dimensions or more: kernels, not biases or shapes."""
    tensors = tflite.read(model).tensors
    return [t.data for t in tensors if t.data is not None and len(t.shape) > 1]
