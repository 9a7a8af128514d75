"""From a classifier's scores to answers, and how many of them are right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.packed import split, typed


def classes(output: Tensor) -> int:
    """How many classes an output of scores tells apart. One score is a probability: two."""
    return 2 if output.size == 1 else output.size


def named_head(graph: Graph, count: int) -> int | None:
    """The output, by position, whose classes so many names are of: the first that tells as many
    apart, else one that is a class itself. None where there is none."""
    outputs = graph.output_tensors
    scores = [i for i, t in enumerate(outputs) if t.quant and classes(t) == count]
    itself = [i for i, t in enumerate(outputs) if t.dtype is DType.INT32 and t.size == 1]
    return next(iter([*scores, *itself]), None)


def head_of(graph: Graph, count: int, where: str) -> int:
    """The output (its position) that labels of classes 0 to count - 1 are of.

    The only one; of several the one that tells just so many classes apart, else the only one that
    tells so many or more. ForgeError where none or several do. where: of the labels.
    """
    if len(graph.outputs) == 1:
        return 0
    # A map of scores is no classifier's.
    scores = [i for i, t in enumerate(graph.output_tensors) if t.size == t.shape[-1]]
    exact = [i for i in scores if classes(graph.output_tensors[i]) == count]
    found = exact or [i for i in scores if classes(graph.output_tensors[i]) >= count]
    if len(found) == 1:
        return found[0]
    fitting = ", ".join(repr(graph.output_tensors[i].name) for i in found) or "none of them"
    raise ForgeError(
        f"labels of {count} classes for a model of {len(graph.outputs)} outputs: which one they "
        f"are of is not clear; it could be {fitting}",
        where=where,
        fix="leave the labels out, or name the array labels_0, labels_1, ... after its output",
    )


def answers(
    scores: npt.NDArray[np.int8] | npt.NDArray[np.float32], output: Tensor | None = None
) -> npt.NDArray[np.int64]:
    """The class of each row: (n, outputs) to (n,).

    scores: of the model's tensor output, raw bytes; or real, where output is None. One score is a
    probability: class 1 from one half up. Several: the largest, of equals the first. Whole numbers
    without a scale are the classes themselves.
    """
    values = scores if output is None else typed(np.asarray(scores, np.int8), output)
    if output is not None and output.quant is None and output.dtype is not DType.FLOAT32:
        return np.asarray(values[:, 0], np.int64)
    if values.shape[1] > 1:
        return np.asarray(values.argmax(axis=1), np.int64)
    real = values[:, 0].astype(np.float64)
    if output is not None and output.quant is not None:
        real = (real - output.zero_point) * output.scale
    return (real >= 0.5).astype(np.int64)


def accuracy(outputs: npt.NDArray[np.int8], output: Tensor, labels: npt.NDArray[np.int64]) -> float:
    """The share of right answers. outputs: that output's raw bytes. labels: (n,)."""
    return float((answers(outputs, output) == labels).mean())


def head_accuracy(
    outputs: npt.NDArray[np.int8], graph: Graph, head: int, labels: npt.NDArray[np.int64] | None
) -> float | None:
    """accuracy() of one of a model's outputs. outputs: of all of them. None without labels."""
    if labels is None:
        return None
    output = graph.output_tensors[head]
    return accuracy(split(outputs, graph.output_tensors)[head], output, labels)


def balanced_accuracy(found: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """The mean over the classes of each one's share of right answers: both (n,).

    For data with very different numbers of examples a class.
    """
    return float(np.mean([(found[labels == c] == c).mean() for c in np.unique(labels)]))
