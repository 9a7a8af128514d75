"""How much drawing and training a run does, and how a model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.spec import ScheduleChoice, StructureChoice

Shape = tuple[int, ...]

KERAS_SUFFIXES = frozenset({".keras", ".h5", ".hdf5"})  # a SavedModel is a folder


@dataclass(frozen=True)
class Settings:
    """drawings: doodles a class. fractions: of training, validation and held-out pictures.

    epochs: of the float model.

    prune_epochs: of fine-tuning while weights are taken away. batch: pictures a step.
    learning_rate: at the start; it falls to zero along a cosine. sparsity: share of zero weights.
    calibration: training pictures shown to the quantizer. prune_steps: of the optimizer while
    pruning, at least: small sets are gone through more often. structure, schedule: which weights
    become zero together, and when (training/sparsity.py). by_layer: sparsities of layers by name,
    where they have their own.
    """

    drawings: int
    fractions: tuple[float, float, float]
    epochs: int
    prune_epochs: int
    learning_rate: float
    batch: int = 64
    sparsity: float = 0.75
    calibration: int = 256
    prune_steps: int = 0
    structure: StructureChoice = "unstructured"
    schedule: ScheduleChoice = "polynomial"
    by_layer: tuple[tuple[str, float], ...] = ()


# Both hold out more than a thousand doodles.
FULL = Settings(
    drawings=7000,
    fractions=(0.86, 0.05, 0.09),
    epochs=8,
    prune_epochs=4,
    learning_rate=8e-3,
)
QUICK = Settings(
    drawings=2100,
    fractions=(0.7, 0.06, 0.24),
    epochs=5,
    prune_epochs=3,
    learning_rate=1e-2,
)


@dataclass(frozen=True)
class Loading:
    """How a Keras model is loaded.

    trust: as Keras does, which may run code from the file. shape: of an input whose size is left
    open, without the batch. custom: a Python file with layers and functions of the user's own.
    """

    trust: bool = False
    shape: Shape | None = None
    custom: Path | None = None


CHECKED = Loading()


def shape_of(text: str | None) -> Shape | None:
    """A shape as the command line has it, "32,32,3". ForgeError if it is none."""
    if text is None:
        return None
    sizes = text.replace("x", ",").strip("() ").split(",")
    if not all(size.strip().isdecimal() and int(size) > 0 for size in sizes):
        raise ForgeError(
            f"{text!r:.80} is not a shape",
            where="--input-shape",
            fix="give the sizes of one input without the batch, e.g. --input-shape 32,32,3",
        )
    return tuple(int(size) for size in sizes)
