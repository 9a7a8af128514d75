"""How much drawing and training a run does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """drawings: doodles a class. fractions: of training, validation and held-out pictures.

    epochs: of the float model.

    prune_epochs: of fine-tuning while weights are taken away. batch: pictures a step.
    learning_rate: at the start; it falls to zero along a cosine. sparsity: share of zero weights.
    calibration: training pictures shown to the quantizer.
    """

    drawings: int
    fractions: tuple[float, float, float]
    epochs: int
    prune_epochs: int
    learning_rate: float
    batch: int = 64
    sparsity: float = 0.75
    calibration: int = 256


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
