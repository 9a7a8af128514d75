"""Results that would lie halfway between two steps, but for a scale's rounding to float32.

There the last bits of a factor decide, and so whether it is formed in float32 or in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import harness
from tests.ops.draw import Random
from tinyforge.graph import Graph, Quant

SHAPE = (1, 256, 1)
VALUES = np.arange(-128, 128).astype(np.int8).reshape(SHAPE)
RATIOS = (0.5, 0.75, 1.25, 1.5)
COUNT = 60


def unary(op: str, first: float, second: float, out: float) -> Graph:
    """x; the second scale has no meaning."""
    return single_op(op, inputs=[TensorSpec(SHAPE, first)], output=TensorSpec(SHAPE, out))


def difference(op: str, first: float, second: float, out: float) -> Graph:
    """x - 0 or x + 0, of one scale."""
    zero = Constant(np.zeros((1, 1, 1), np.int8), Quant((first,), (0,)))
    return single_op(op, inputs=[TensorSpec(SHAPE, first), zero], output=TensorSpec(SHAPE, out))


def product(op: str, first: float, second: float, out: float) -> Graph:
    """x * 1, of two scales."""
    one = Constant(np.ones((1, 1, 1), np.int8), Quant((second,), (0,)))
    return single_op(op, inputs=[TensorSpec(SHAPE, first), one], output=TensorSpec(SHAPE, out))


def fully_connected(op: str, first: float, second: float, out: float) -> Graph:
    """x * 1, as a layer of one weight."""
    one = Constant(np.ones((1, 1), np.int8), Quant((second,), (0,)))
    options = {"keep_num_dims": True}
    source, output = TensorSpec(SHAPE, first), TensorSpec(SHAPE, out)
    return single_op(op, inputs=[source, one], output=output, options=options)


MAKERS: Mapping[str, Callable[[str, float, float, float], Graph]] = {
    **dict.fromkeys(("ABS", "LEAKY_RELU", "QUANTIZE", "RELU"), unary),
    **dict.fromkeys(("ADD", "SUB"), difference),
    **dict.fromkeys(("BATCH_MATMUL", "MUL", "PRELU"), product),
    "FULLY_CONNECTED": fully_connected,
}


@pytest.mark.parametrize("op", MAKERS)
def test_ties_go_the_way_of_tflm(op: str, tmp_path: Path) -> None:
    r = Random(np.random.default_rng([1, *op.encode()]))
    graphs, telling = [], 0
    for _ in range(COUNT):
        first, second, ratio = r.scale(), r.scale(), r.pick(*RATIOS)
        unit = first * second if MAKERS[op] in (product, fully_connected) else first
        out = float(np.float32(unit / ratio))
        graphs.append(MAKERS[op](op, first, second, out))
        telling += float(np.float32(unit) / np.float32(out)) == ratio != unit / out
    assert telling > COUNT / 4
    harness.assert_equal_tflm([(graph, [VALUES]) for graph in graphs], tmp_path)
