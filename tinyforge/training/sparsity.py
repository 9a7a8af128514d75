"""Which weights of a kernel become zero, and how many of them by when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.ops.sparse import BLOCK
from tinyforge.spec import ScheduleChoice, StructureChoice

# Input channels (a kernel's last axis but one) by output channels (its last), as kernels for sparse
# layers leave them out.
_OUTPUTS, _INPUTS = BLOCK
BLOCKS: Mapping[StructureChoice, tuple[int, int]] = {
    "unstructured": (1, 1),
    "blocks": (_INPUTS, _OUTPUTS),
}

_START = 0.4  # share of the sparsity that the first cut takes: these weights hardly matter
_POWER = 3


def share_by(schedule: ScheduleChoice, sparsity: float, done: float) -> float:
    """The share of zeros when that part of the schedule is done, from 0 to 1.

    polynomial: a cubic that slows down towards the sparsity (Zhu and Gupta, arXiv 1710.01878).
    constant: all of it from the first cut on. As PolynomialDecay and ConstantSparsity of the
    TensorFlow Model Optimization toolkit have them.
    """
    if schedule == "constant":
        return sparsity
    first = _START * sparsity
    return float(sparsity + (first - sparsity) * (1 - done) ** _POWER)


def mask_of(
    kernel: npt.NDArray[Any], share: float, structure: StructureChoice
) -> npt.NDArray[np.float32]:
    """0 where a weight is to be zero, else 1; float32, shaped as the kernel (..., inputs, outputs).

    Whole blocks go, those of the least mean size first, as many as fit into the share of the
    weights. Where channels are not divisible the last block is what is left of one.
    """
    inputs, outputs = BLOCKS[structure]
    taken = _by_block(np.ones(kernel.shape), inputs, outputs)
    sizes = _by_block(np.abs(kernel), inputs, outputs) / taken
    order = np.argsort(sizes, axis=None, kind="stable")
    blocks = np.searchsorted(np.cumsum(taken.ravel()[order]), np.rint(share * kernel.size), "right")
    mask = np.ones(sizes.size, np.float32)
    mask[order[:blocks]] = 0
    whole = mask.reshape(sizes.shape).repeat(inputs, axis=-2).repeat(outputs, axis=-1)
    return whole[..., : kernel.shape[-2], : kernel.shape[-1]]


def _by_block(values: npt.NDArray[Any], inputs: int, outputs: int) -> npt.NDArray[Any]:
    """Sums over blocks of the last two axes."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[-2], inputs), axis=-2)
    return np.add.reduceat(rows, np.arange(0, values.shape[-1], outputs), axis=-1)
