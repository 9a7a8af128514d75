"""Tuning that ends as soon as it is known to lead nowhere."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tinyforge.errors import ForgeError
from tinyforge.training.lab import Lab
from tinyforge.training.model import Model

_FAR = 0.05  # of the score: with less there is hope that further training brings it back


class HopelessError(ForgeError):
    """score: what the model came to on what is held out, when its first fine-tuning was done."""

    def __init__(self, score: float) -> None:
        super().__init__(f"far from accurate enough after fine-tuning: {score:.4f}")
        self.score = score


@dataclass(frozen=True, eq=False)
class Watched(Lab):
    """A lab in which no model is trained on that is far below the score `least`; None: all are."""

    least: float | None = None

    @classmethod
    def of(cls, lab: Lab, least: float | None) -> Watched:
        return cls(**{field.name: getattr(lab, field.name) for field in fields(lab)}, least=least)

    def settled(self, model: Model) -> bool:
        """As Lab's, asked when a fine-tuning is done. HopelessError where more would be in vain."""
        if self.least is not None:
            found = self.of_float(model)
            if found is not None and found.score < self.least - _FAR:
                raise HopelessError(found.score)
        return super().settled(model)
