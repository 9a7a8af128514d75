"""Whether a model that was made of another still answers as that does."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.training.model import Model, arguments, forget, remembers

_TOLERANCE = 1e-5  # of the largest answer, at least of 1


def require_same(model: Model, copy: Model, made: str, fix: str) -> None:
    """Compares answers to four random inputs, one where state lasts. ForgeError, that names how the
    copy was made and the fix, where they differ by more than 1e-5 of the largest, at least of 1."""
    rng, batch = np.random.default_rng(0), 1 if remembers(model) else 4
    inputs = [rng.normal(size=(batch, *t.shape[1:])).astype(np.float32) for t in model.inputs]
    for theirs, ours in zip(_answers(model, inputs), _answers(copy, inputs), strict=True):
        off = float(np.abs(ours - theirs).max())
        if not off <= _TOLERANCE * max(1.0, float(np.abs(theirs).max())):
            raise ForgeError(
                f"{made}, the model's answers differ by {off:.3g}",
                where=f"model {model.name!r}",
                fix=fix,
            )


def _answers(model: Model, inputs: list[Any]) -> list[Any]:
    forget(model)
    answers = model(arguments(model, inputs), training=False)
    if isinstance(answers, dict):
        answers = [*answers.values()]
    return [np.asarray(a) for a in (answers if isinstance(answers, list | tuple) else [answers])]
