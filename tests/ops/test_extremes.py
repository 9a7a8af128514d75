"""Scales from 1e-38 to 1e38, zero points at the ends, biases near 2**31: TensorFlow Lite Micro's
bytes, or refused by the layer's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import Constant, GraphBuilder, TensorSpec
from tests.ops import harness
from tests.ops.cases import NAMES, random_case
from tests.ops.draw import Random
from tinyforge.errors import ForgeError
from tinyforge.ops import OPS

SEEDS = range(10_000, 10_004)
WITH_CODE = [name for name in NAMES if OPS[name.partition("/")[0]].lower is not None]


class Extreme(Random):
    def scale(self, low: float = 1e-3, high: float = 0.3) -> float:
        ends = self.pick(None, (-38, -8), (2, 38), (-12, 4))
        if ends is None:
            return super().scale(low, high)
        return float(np.float32(10.0 ** self.rng.uniform(*ends)))

    def zero_point(self) -> int:
        return 0 if self.wide else int(self.pick(-128, 127, 0))

    def bias(self, source: TensorSpec, weights: Constant, channels: int) -> Constant | None:
        found = super().bias(source, weights, channels)
        if found is None or self.wide:
            return found
        ends = [2**31 - 1, -(2**31), 2**31 - 5000, 3000 - 2**31, 0]
        return Constant(self.rng.choice(ends, channels).astype(np.int32), found.quant)


def test_every_operator_is_exact_or_refused(tmp_path: Path) -> None:
    exact, refused = [], 0
    for name in WITH_CODE:
        for seed in SEEDS:
            try:
                with np.errstate(over="ignore"):
                    graph, inputs = random_case(name, seed, Extreme)
            except ForgeError as error:  # a product of scales that no file may hold
                assert "is not a positive, normal number" in error.what
                continue
            (op,) = graph.operators
            try:
                OPS[op.op].check(graph, op)
                exact.append((graph, inputs))
            except ForgeError as error:
                refused += 1
                assert error.where == graph.where(op)
    assert len(exact) > 4 * refused > 80
    harness.assert_equal_tflm(exact, tmp_path)


@pytest.mark.parametrize("op", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize(("scale", "fits"), [(1e-8, True), (2e-9, False), (1e-30, False)])
def test_a_clamp_beyond_32_bits_is_refused(op: str, scale: float, fits: bool) -> None:
    b = GraphBuilder()
    x = b.input((1, 4, 4, 1), scale, -128)
    graph = b.build([layers.pool_2d(b, x, op, activation=layers.RELU6)])
    (pool,) = graph.operators
    if fits:
        OPS[op].check(graph, pool)
        return
    with pytest.raises(ForgeError, match=r"clamps to 6, which scale .* is too small for") as error:
        OPS[op].check(graph, pool)
    assert error.value.where == graph.where(pool)
