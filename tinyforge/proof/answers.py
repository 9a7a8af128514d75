"""From a classifier's int8 outputs to answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Tensor


def answers(outputs: npt.NDArray[np.int8], output: Tensor) -> npt.NDArray[np.int64]:
    """The class of each row: (n, bytes) int8 to (n,).

    One output is a probability: class 1 from one half up. Several: the largest, the first of
    equals, as argmax is defined everywhere.
    """
    if outputs.shape[1] > 1:
        return np.asarray(outputs.argmax(axis=1), np.int64)
    real = (outputs[:, 0].astype(np.float64) - output.zero_point) * output.scale
    return (real >= 0.5).astype(np.int64)


def accuracy(outputs: npt.NDArray[np.int8], output: Tensor, labels: npt.NDArray[np.int64]) -> float:
    """The share of right answers. labels: (n,)."""
    return float((answers(outputs, output) == labels).mean())


def balanced_accuracy(found: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """The mean over the classes of each one's share of right answers: both (n,).

    For data with very different numbers of examples a class.
    """
    return float(np.mean([(found[labels == c] == c).mean() for c in np.unique(labels)]))
