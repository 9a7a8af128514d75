"""How much drawing and training a run does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# progress(stage, done, total): called whenever something can be seen to have moved on.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """The Progress that shows nothing."""


@dataclass(frozen=True)
class Settings:
    """drawings: doodles a class, before the split. epochs: of the float model.

    prune_epochs: of fine-tuning while weights are taken away. batch: pictures a step.
    learning_rate: at the start; it falls to zero along a cosine. sparsity: share of zero weights.
    calibration: training pictures shown to the quantizer.
    """

    drawings: int
    epochs: int
    prune_epochs: int
    batch: int = 128
    learning_rate: float = 3e-3
    sparsity: float = 0.75
    calibration: int = 256


FULL = Settings(drawings=3500, epochs=12, prune_epochs=5)
QUICK = Settings(drawings=1500, epochs=6, prune_epochs=3)
