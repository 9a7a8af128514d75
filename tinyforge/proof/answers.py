"""From a classifier's scores to answers, and how many of them are right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Tensor


def answers(
    scores: npt.NDArray[np.int8] | npt.NDArray[np.float32], output: Tensor | None = None
) -> npt.NDArray[np.int64]:
    """The class of each row: (n, outputs) to (n,).

    scores: int8, of the model's tensor output; or real, where output is None. One score is a
    probability: class 1 from one half up. Several: the largest, of equals the first.
    """
    if scores.shape[1] > 1:
        return np.asarray(scores.argmax(axis=1), np.int64)
    real = scores[:, 0].astype(np.float64)
    if output is not None:
        real = (real - output.zero_point) * output.scale
    return (real >= 0.5).astype(np.int64)


def accuracy(outputs: npt.NDArray[np.int8], output: Tensor, labels: npt.NDArray[np.int64]) -> float:
    """The share of right answers. labels: (n,)."""
    return float((answers(outputs, output) == labels).mean())


def balanced_accuracy(found: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """The mean over the classes of each one's share of right answers: both (n,).

    For data with very different numbers of examples a class.
    """
    return float(np.mean([(found[labels == c] == c).mean() for c in np.unique(labels)]))
