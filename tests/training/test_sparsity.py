"""Schedules are the toolkit's; the weights that go are those that a plain search finds."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.training.test_prune import pruned
from tinyforge.datasets import Splits
from tinyforge.training import Settings
from tinyforge.training.model import Model
from tinyforge.training.runtime import tfmot
from tinyforge.training.sparsity import BLOCKS, mask_of, share_by


def test_schedules_are_the_toolkits() -> None:
    pruning = tfmot().sparsity.keras
    theirs = {
        "polynomial": pruning.PolynomialDecay(0.4 * 0.8, 0.8, begin_step=0, end_step=40),
        "constant": pruning.ConstantSparsity(0.8, begin_step=0),
    }
    for step, name in itertools.product(range(41), ("polynomial", "constant")):
        _, expected = theirs[name](step)
        assert share_by(name, 0.8, step / 40) == pytest.approx(float(expected), abs=1e-6)


def plain_mask(kernel: Any, share: float, inputs: int, outputs: int) -> Any:
    """Block after block, in loops, the one of the least mean first."""
    mask, left = np.ones(kernel.shape, np.float32), round(share * kernel.size)
    places = list(np.ndindex(kernel.shape[:-2]))
    rows, columns = (
        range(0, kernel.shape[-2], inputs),
        range(0, kernel.shape[-1], outputs),
    )
    blocks = [
        (*place, slice(i, i + inputs), slice(o, o + outputs))
        for place, i, o in itertools.product(places, rows, columns)
    ]
    for block in sorted(blocks, key=lambda b: np.abs(kernel[b]).mean()):
        if kernel[block].size > left:
            break
        left -= kernel[block].size
        mask[block] = 0
    return mask


@pytest.mark.parametrize("structure", ["unstructured", "blocks"])
@pytest.mark.parametrize("shape", [(3, 3, 8, 6), (3, 3, 1, 5), (7, 3), (5, 6, 4), (10, 1)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_the_least_go_as_a_plain_search_finds(
    structure: Any, shape: tuple[int, ...], share: float
) -> None:
    kernel = np.random.default_rng(len(shape)).normal(size=shape)
    mask = mask_of(kernel, share, structure)
    assert mask.shape == shape
    assert np.array_equal(mask, plain_mask(kernel, share, *BLOCKS[structure]))


def test_pruned_in_blocks_each_is_zero_or_whole(
    model: Model, splits: Splits, tiny: Settings
) -> None:
    settings = replace(tiny, sparsity=0.7, structure="blocks", schedule="constant", prune_epochs=1)
    found = pruned(model, splits, settings).model
    middle = next(w for w in found.get_weights() if w.shape == (3, 3, 12, 24))
    counts = np.count_nonzero(middle.reshape(9, 3, 4, 12, 2), axis=(2, 4))
    assert set(counts.ravel()) == {0, 8}
    assert (middle == 0).mean() == pytest.approx(0.7, abs=8 / middle.size)
