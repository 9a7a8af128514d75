"""Which layers run as one, and which do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.corpus.layers import SAME
from tinyforge.graph import Graph, Quant
from tinyforge.memory.lowered import smallest
from tinyforge.ops.chains import chains
from tinyforge.ops.kernels import kernels_of
from tinyforge.ops.target import target_of


class Net(GraphBuilder):
    """A picture of 8 x 8, and a convolution that sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(5)
        self.picture = self.input((1, 8, 8, 2), 0.05, 3)
        self.x = self.conv(self.picture)

    def conv(self, x: int, *, filters: int = 4, kernel: int = 3, stride: int = 1) -> int:
        return layers.conv_2d(
            self,
            self.rng,
            x,
            filters=filters,
            kernel=(kernel, kernel),
            stride=(stride, stride),
            padding=SAME,
        )

    def depthwise(self, x: int) -> int:
        return layers.depthwise_conv_2d(self, self.rng, x)

    def pool(self, x: int, kernel: int = 2, stride: int = 2, padding: int = layers.VALID) -> int:
        return layers.pool_2d(
            self,
            x,
            "MAX_POOL_2D",
            kernel=(kernel, kernel),
            stride=(stride, stride),
            padding=padding,
        )

    def add(self, x: int, y: int) -> int:
        return layers.binary(self, self.rng, "ADD", x, y)

    def relu(self, x: int) -> int:
        return layers.unary(self, "RELU", x, self.tensors[x].scale, 0)

    def scaled(self, x: int, *shape: int) -> int:
        factors = self.constant(
            self.rng.integers(-9, 9, shape).astype(np.int8), Quant((0.1,), (0,))
        )
        return layers.binary(self, self.rng, "MUL", x, factors)


def names(graph: Graph) -> list[str]:
    return ["+".join(op.op for op in chain.operators) for chain in smallest(graph).chains.values()]


TOGETHER: dict[str, tuple[Callable[[Net], int], str]] = {
    "a pool of windows apart": (lambda n: n.pool(n.x), "CONV_2D+MAX_POOL_2D"),
    "a pool that leaves pixels out": (lambda n: n.pool(n.x, 3, 3), "CONV_2D+MAX_POOL_2D"),
    "a pointwise convolution": (lambda n: n.conv(n.x, kernel=1), "CONV_2D+CONV_2D"),
    "an activation": (lambda n: n.relu(n.x), "CONV_2D+RELU"),
    "a factor a channel": (lambda n: n.scaled(n.x, 4), "CONV_2D+MUL"),
    "a factor": (lambda n: n.scaled(n.x, 1), "CONV_2D+MUL"),
    "an addition": (
        lambda n: n.add(n.x, n.conv(n.picture, kernel=1)),
        "CONV_2D+ADD",
    ),
    "a separable residual block": (
        lambda n: n.add(n.x, n.conv(n.depthwise(n.x), kernel=1)),
        "DEPTHWISE_CONV_2D+CONV_2D+ADD",
    ),
    "pooled, then by pixels": (
        lambda n: n.relu(n.conv(n.pool(n.x), kernel=1)),
        "CONV_2D+MAX_POOL_2D+CONV_2D+RELU",
    ),
}

APART: dict[str, Callable[[Net], int]] = {
    "windows that overlap": lambda n: n.pool(n.x, 3, 2),
    "windows in the padding": lambda n: n.pool(n.x, 3, 3, SAME),
    "a wider convolution": lambda n: n.conv(n.x),
    "a convolution that passes pixels over": lambda n: n.conv(n.x, kernel=1, stride=2),
    "a pool over all of the picture": lambda n: n.pool(n.x, 8, 8),
    "a factor a pixel": lambda n: n.scaled(n.x, 1, 8, 8, 1),
    "the same twice": lambda n: n.add(n.x, n.x),
    "what is no picture": lambda n: n.relu(layers.reshape(n, n.x, (1, 256))),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_layers_that_run_as_one(case: str) -> None:
    make, expected = TOGETHER[case]
    n = Net()
    assert names(n.build([make(n)])) == [expected]


@pytest.mark.parametrize("case", APART)
def test_layers_that_do_not(case: str) -> None:
    n = Net()
    assert names(n.build([APART[case](n)])) == []


def test_an_output_that_others_need_is_made() -> None:
    read_twice, shown = Net(), Net()
    graph = read_twice.build([read_twice.relu(read_twice.x), read_twice.pool(read_twice.x)])
    assert names(graph) == []
    assert names(shown.build([shown.relu(shown.x), shown.x])) == []


def test_of_two_branches_the_one_with_more_work_joins_the_addition() -> None:
    for order in (1, -1):
        n = Net()
        short, long = n.conv(n.x, kernel=1), n.conv(n.x)
        graph = n.build([n.add(*(short, long)[::order])])
        (chain,) = smallest(graph).chains.values()
        assert chain.first is graph.producers[long]


def test_tiles_lie_one_after_the_other() -> None:
    n = Net()
    graph = n.build([n.relu(n.conv(n.pool(n.x), filters=3, kernel=1))])
    (chain,) = smallest(graph).chains.values()
    # Four pixels of 4 channels; one of 4; one of 3, and a byte that aligns what follows.
    assert [stage.offset for stage in chain.stages] == [0, 16, 20]
    assert chain.tile_bytes == 23
    assert [stage.tile for stage in chain.stages] == [(2, 2), (1, 1), (1, 1)]
    form = chain.form(graph)
    assert (form.steps, form.input_rows, form.rows) == (4, 8, 2)
    # Two rows of a window of three, at the edges less.
    rows = [form.reads(step) for step in range(4)]
    assert rows == [range(3), range(1, 5), range(3, 7), range(5, 8)]


@pytest.mark.parametrize(("core", "columns"), [("cortex-m4", 2), ("cortex-m55", 4)])
def test_quick_kernels_make_several_pixels_at_once(core: str, columns: int) -> None:
    n, target = Net(), target_of(core)
    graph = n.build([n.conv(n.x, kernel=1)])
    quick = {op.index: kernels_of(graph, op, target)[-1] for op in graph.operators}
    (chain,) = chains(graph, quick, target).values()
    assert chain.columns == columns
