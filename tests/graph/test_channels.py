"""Removal of channels: each rule on a graph made for it, against TensorFlow Lite Micro.

In these graphs every scale is such that sums become outputs as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tests.corpus.constant_channels import driven
from tests.corpus.layers import RELU, SAME, VALID
from tests.corpus.wide import wide
from tests.memory import graphs
from tinyforge.graph import Graph, Quant
from tinyforge.graph.channels import Narrowed, narrowed
from tinyforge.ops import OPS
from tinyforge.proof import oracle
from tinyforge.proof.channels import narrowed_trace
from tinyforge.tflite import require_quantized, write

_ONE = Quant((1.0,), (0,))


class Net:
    """A builder whose layers have the weights that they are given. All scales are 1."""

    def __init__(self) -> None:
        self.b = GraphBuilder()

    def input(self, *shape: int, zero_point: int = 0) -> int:
        return self.b.input(shape, 1.0, zero_point)

    def conv(
        self,
        x: int,
        weights: npt.ArrayLike,
        bias: Sequence[int] | None = None,
        *,
        zero_point: int = 0,
        padding: int = VALID,
        activation: int = 0,
    ) -> int:
        """weights: (output channels, height, width, input channels)."""
        values = np.array(weights, np.int8)
        _, height, width, _ = self.b.tensors[x].shape
        sizes = [
            layers.output_size(n, k, 1, padding)
            for n, k in zip((height, width), values.shape[1:3], strict=True)
        ]
        operands = [x, self.b.constant(values, Quant((1.0,) * len(values), (0,) * len(values)))]
        operands.append(-1 if bias is None else self.b.constant(np.array(bias, np.int32), _ONE))
        shape = (1, *sizes, len(values))
        return self.b.op(
            "CONV_2D", operands, shape, 1.0, zero_point,
            padding=padding, stride_h=1, stride_w=1, fused_activation_function=activation,
        )  # fmt: skip

    def mixed(
        self, x: int, weights: npt.ArrayLike, bias: Sequence[int] | None = None, zero_point: int = 0
    ) -> int:
        """A 1x1 convolution. weights: (output channels, input channels)."""
        values = np.array(weights, np.int8)
        return self.conv(x, values[:, np.newaxis, np.newaxis], bias, zero_point=zero_point)

    def depthwise(
        self,
        x: int,
        weights: npt.ArrayLike,
        bias: Sequence[int],
        *,
        padding: int,
        multiplier: int = 1,
    ) -> int:
        """weights: (height, width, output channels)."""
        values = np.array(weights, np.int8)[np.newaxis]
        _, height, width, _ = self.b.tensors[x].shape
        sizes = [
            layers.output_size(n, k, 1, padding)
            for n, k in zip((height, width), values.shape[1:3], strict=True)
        ]
        count = values.shape[3]
        quant = Quant((1.0,) * count, (0,) * count, 3)
        operands = [
            x,
            self.b.constant(values, quant),
            self.b.constant(np.array(bias, np.int32), _ONE),
        ]
        return self.b.op(
            "DEPTHWISE_CONV_2D", operands, (1, *sizes, count), 1.0,
            padding=padding, stride_h=1, stride_w=1, depth_multiplier=multiplier,
        )  # fmt: skip

    def build(self, *outputs: int) -> Graph:
        return self.b.build(outputs)


def checked(graph: Graph) -> Narrowed:
    """The narrowed graph, each of whose tensors equals what is left of TensorFlow Lite Micro's."""
    pytest.importorskip("tflite_micro")
    found = narrowed(graph)
    rng = np.random.default_rng(1)
    inputs = rng.integers(-128, 128, (6, graph.input_bytes)).astype(np.int8)
    inputs[0], inputs[1] = -128, 127
    expected = narrowed_trace(found, oracle.tflm_trace(write(graph), graph, inputs))
    for op in found.graph.operators:
        OPS[op.op].check(found.graph, op)
    actual = oracle.reference_trace(found.graph, inputs)
    assert actual.keys() == expected.keys()
    for t, values in actual.items():
        np.testing.assert_array_equal(values, expected[t], graph.tensors[t].name)
    return found


def left(found: Narrowed, t: int) -> list[int]:
    """The channels of a tensor that are left."""
    if t not in found.lost:
        return list(range(found.graph.tensors[t].shape[-1]))
    return np.flatnonzero(found.lost[t].kept).tolist()


def bias_of(found: Narrowed, layer: int) -> list[int]:
    data = found.graph.tensors[found.graph.operators[layer].inputs[2]].data
    assert data is not None
    return data.tolist()


def constants(net: Net, x: int, values: Sequence[int], zero_point: int = 0) -> int:
    """Channels of these values, and a last one that varies."""
    weights = np.zeros((len(values) + 1, net.b.tensors[x].shape[-1]), np.int8)
    weights[-1] = 1
    return net.mixed(x, weights, [*(v - zero_point for v in values), 0], zero_point)


def test_a_constant_channel_goes_into_the_next_bias() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 3, 2), [5, -100], zero_point=-4)
    y = net.mixed(x, [[3, -2, 1], [0, 7, -1]], [10, 20])
    found = checked(net.build(y))
    assert left(found, x) == [2]
    assert found.graph.tensors[x].shape == (1, 2, 3, 1)
    assert bias_of(found, 1) == [10 + 3 * (5 + 4) - 2 * (-100 + 4), 20 + 7 * (-100 + 4)]
    assert bias_of(found, 0) == [0]


def test_a_layer_without_bias_gets_one_where_it_needs_it() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 3, 2), [5])
    found = checked(net.build(net.mixed(x, [[3, 1], [-1, 2]])))
    assert bias_of(found, 1) == [15, -5]
    require_quantized(found.graph)
    net = Net()
    x = constants(net, net.input(1, 2, 3, 2), [0])
    found = checked(net.build(net.mixed(x, [[3, 1], [-1, 2]])))
    assert left(found, x) == [1]
    assert found.graph.operators[1].inputs[2:] == (-1,)


_CENTRE = np.zeros((3, 3), np.int8)
_CENTRE[1, 1] = 1


@pytest.mark.parametrize(
    ("value", "window", "padding", "gone"),
    [
        (5, np.ones((3, 3)), VALID, True),
        (5, np.ones((3, 3)), SAME, False),
        (-4, np.ones((3, 3)), SAME, True),  # the zero point: what padding counts as
        (5, _CENTRE, SAME, True),  # nothing of it is in the padding
    ],
)
def test_padding_keeps_what_is_another_value(
    value: int, window: npt.NDArray[np.int8], padding: int, gone: bool
) -> None:
    net = Net()
    x = constants(net, net.input(1, 4, 5, 2), [value], zero_point=-4)
    weights = np.stack([window, np.full((3, 3), -1)], axis=-1)[np.newaxis]
    y = net.conv(x, weights, [2], padding=padding)
    found = checked(net.build(y))
    assert left(found, x) == ([1] if gone else [0, 1])


def test_a_depthwise_channel_goes_with_its_input() -> None:
    """It may be constant although its input is not, or is nobody's input any more."""
    net = Net()
    x = constants(net, net.input(1, 4, 5, 2), [7])
    y = net.depthwise(x, np.ones((3, 3, 2)), [1, 2], padding=VALID)
    z = net.mixed(y, [[1, 2]], [0])
    found = checked(net.build(z))
    assert left(found, x) == left(found, y) == [1]
    assert bias_of(found, 2) == [9 * 7 + 1]


def test_a_depthwise_channel_that_padding_makes_vary_stays() -> None:
    net = Net()
    x = constants(net, net.input(1, 4, 5, 2), [7, 0])
    y = net.depthwise(x, np.ones((3, 3, 3)), [1, 1, 1], padding=SAME)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert left(found, x) == left(found, y) == [0, 2]


def test_channels_that_a_depthwise_layer_makes_of_one_go_together() -> None:
    net = Net()
    x = net.mixed(net.input(1, 4, 5, 2), [[1, 0], [0, 1]], [0, 0])
    # Of the first channel both are constant, of the second one.
    y = net.depthwise(x, [[[0, 0, 1, 0]]], [3, 4, 0, 5], padding=VALID, multiplier=2)
    found = checked(net.build(net.mixed(y, [[1, 2, 3, 4]], [0])))
    assert left(found, x) == [1]
    assert left(found, y) == [2, 3]
    assert bias_of(found, 2) == [3 + 8]


def test_an_addition_of_two_constants_is_one() -> None:
    net = Net()
    source = net.input(1, 3, 3, 2)
    first, second = constants(net, source, [5, 6]), constants(net, source, [-2, 0])
    y = net.b.op("ADD", [first, second], (1, 3, 3, 3), 1.0)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert left(found, first) == left(found, second) == left(found, y) == [2]
    assert bias_of(found, 3) == [3 + 12]


def test_an_addition_of_one_constant_keeps_both() -> None:
    net = Net()
    source = net.input(1, 3, 3, 2)
    first = constants(net, source, [5, 6])
    second = net.mixed(source, [[0, 0], [1, 1], [1, 0]], [3, 0, 0])
    y = net.b.op("ADD", [first, second], (1, 3, 3, 3), 1.0)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert left(found, first) == left(found, second) == left(found, y) == [1, 2]


def test_a_channel_stays_while_one_of_its_readers_needs_it() -> None:
    net = Net()
    x = constants(net, net.input(1, 4, 4, 2), [5])
    y = net.mixed(x, [[1, 1]], [0])
    z = net.conv(x, np.ones((1, 3, 3, 2)), [0], padding=SAME)
    found = checked(net.build(y, z))
    assert left(found, x) == [0, 1]


def test_a_dense_layer_loses_the_columns_of_a_flat_picture() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 2, 1), [5])
    y = layers.reshape(net.b, x, (1, 8))
    weights = net.b.constant(np.arange(1, 9, dtype=np.int8)[np.newaxis], _ONE)
    z = net.b.op("FULLY_CONNECTED", [y, weights, -1], (1, 1), 1.0)
    found = checked(net.build(z))
    assert found.graph.tensors[y].shape == (1, 4)
    assert left(found, y) == [1, 3, 5, 7]
    narrow = found.graph.tensors[found.graph.operators[2].inputs[1]].data
    assert narrow is not None
    assert narrow.tolist() == [[2, 4, 6, 8]]
    assert bias_of(found, 2) == [5 * (1 + 3 + 5 + 7)]


def test_a_dense_layer_may_read_a_picture_as_it_is() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 2, 1), [5])
    weights = net.b.constant(np.arange(1, 9, dtype=np.int8)[np.newaxis], _ONE)
    z = net.b.op("FULLY_CONNECTED", [x, weights, -1], (1, 1), 1.0)
    found = checked(net.build(z))
    assert left(found, x) == [1]
    assert bias_of(found, 1) == [5 * (1 + 3 + 5 + 7)]


def test_a_flat_picture_may_be_constant_pixel_by_pixel() -> None:
    """At the border the channel is another value than inside, in each pixel always the same."""
    net = Net()
    x = constants(net, net.input(1, 3, 3, 1), [5])
    y = net.conv(x, np.ones((2, 3, 3, 2)) * [[[[1, 0]]], [[[0, 1]]]], [0, 0], padding=SAME)
    z = layers.reshape(net.b, y, (1, 18))
    weights = net.b.constant(np.ones((1, 18), np.int8), _ONE)
    graph = net.build(net.b.op("FULLY_CONNECTED", [z, weights, -1], (1, 1), 1.0))
    found = checked(graph)
    assert left(found, y) == [1]
    assert not found.lost[y].constant.any()
    assert bias_of(found, 3) == [4 * 20 + 4 * 30 + 45]


def test_joined_channels_go_where_they_come_from() -> None:
    net = Net()
    source = net.input(1, 3, 3, 2)
    first, second = constants(net, source, [5, 6]), constants(net, source, [-2])
    y = layers.moved(net.b, "CONCATENATION", [first, second], (1, 3, 3, 5), axis=-1)
    found = checked(net.build(net.mixed(y, [[1, 2, 3, 4, 5]], [0])))
    assert (left(found, first), left(found, second), left(found, y)) == ([2], [1], [2, 4])
    assert bias_of(found, 3) == [5 + 12 - 8]


def test_pictures_joined_by_rows_share_their_channels() -> None:
    net = Net()
    source = net.input(1, 3, 3, 2)
    first, second = constants(net, source, [5, 6]), constants(net, source, [5, 7])
    y = layers.moved(net.b, "CONCATENATION", [first, second], (1, 6, 3, 3), axis=1)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert left(found, first) == left(found, second) == left(found, y) == [1, 2]


def test_a_constant_part_of_a_join_keeps_all() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 2, 2), [5])
    part = net.b.constant(np.ones((1, 2, 2, 1), np.int8), Quant((1.0,), (0,)))
    y = layers.moved(net.b, "CONCATENATION", [x, part], (1, 2, 2, 3), axis=3)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert not found.lost


@pytest.mark.parametrize(
    ("paddings", "gone"),
    [
        ([(0, 0), (1, 1), (1, 1), (0, 0)], [1]),
        ([(0, 0), (0, 0), (0, 0), (0, 0)], [0, 1]),
        ([(0, 0), (0, 0), (0, 0), (0, 1)], []),  # channels of padding: which is which is not kept
    ],
)
def test_a_padded_channel_is_constant_if_the_padding_is_the_same(
    paddings: list[tuple[int, int]], gone: list[int]
) -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 2, 2), [5, 0])
    shape = tuple(n + sum(p) for n, p in zip((1, 2, 2, 3), paddings, strict=True))
    y = layers.moved(net.b, "PAD", [x], shape, paddings)
    found = checked(net.build(net.mixed(y, [range(1, shape[3] + 1)], [0])))
    assert left(found, x) == [c for c in range(3) if c not in gone]


@pytest.mark.parametrize("op", ["AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "RELU", "SQUEEZE", "MUL"])
def test_constants_pass_through(op: str) -> None:
    net = Net()
    x = constants(net, net.input(1, 1, 4, 2), [5, -6] if op != "RELU" else [5, 6])
    b = net.b
    if op == "MEAN":
        axes = b.constant(np.array([1, 2], np.int32))
        y = b.op(op, [x, axes], (1, 1, 1, 3), 1.0, keep_dims=True)
    elif op == "SQUEEZE":
        pool = layers.pool_2d(b, x, "MAX_POOL_2D", kernel=(1, 4))
        y = layers.moved(b, op, [pool], (3,))
        y = layers.reshape(b, y, (1, 1, 1, 3))
    elif op == "MUL":
        by = b.constant(np.array([2, 1, 1], np.int8), _ONE)
        y = b.op(op, [x, by], (1, 1, 4, 3), 1.0)
    elif op == "RELU":
        y = layers.unary(b, op, x, 1.0, 0)
    else:
        y = layers.pool_2d(b, x, op, kernel=(1, 2), padding=SAME)
    found = checked(net.build(net.mixed(y, [[1, 2, 3]], [0])))
    assert left(found, x) == left(found, y) == [2]
    expected = {"MUL": 10 - 12, "RELU": 5 + 12}.get(op, 5 - 12)
    assert bias_of(found, len(found.graph.operators) - 1) == [expected]


def test_a_channel_that_nobody_reads_goes_also_where_it_varies() -> None:
    net = Net()
    x = net.mixed(net.input(1, 2, 2, 2), [[1, 0], [0, 1], [1, 1]], [0, 0, 0])
    found = checked(net.build(net.mixed(x, [[1, 0, 2], [3, 0, 4]], [0, 0])))
    assert left(found, x) == [0, 2]
    assert not found.lost[x].constant.any()


def test_what_only_removed_channels_read_is_read_by_nobody() -> None:
    net = Net()
    x = net.mixed(net.input(1, 2, 2, 2), [[1, 0], [0, 1]], [0, 0])
    # Its first channel reads the first of x, and is always at an end.
    y = net.conv(x, [[[[1, 0]]], [[[0, 1]]]], [-100000, 0], activation=RELU)
    found = checked(net.build(net.mixed(y, [[1, 1]], [0])))
    assert left(found, y) == [1]
    assert left(found, x) == [1]
    assert not found.lost[x].constant.any()


def test_outputs_keep_all_their_channels() -> None:
    net = Net()
    x = constants(net, net.input(1, 2, 2, 2), [5, 6])
    y = net.mixed(x, [[0, 0, 0], [0, 0, 1]], [3, 0])
    found = checked(net.build(x, y))
    assert not found.lost


def test_one_channel_stays_where_all_are_constant() -> None:
    net = Net()
    x = net.mixed(net.input(1, 2, 2, 2), [[0, 0], [0, 0], [0, 0]], [5, 6, 7])
    found = checked(net.build(net.mixed(x, [[1, 2, 3]], [0])))
    assert left(found, x) == [2]
    assert bias_of(found, 1) == [5 + 12]


def test_sums_that_could_overflow_are_left_alone() -> None:
    """Neither are they understood, nor is anything added to them."""
    net = Net()
    x = constants(net, net.input(1, 2, 2, 2), [100])
    y = net.mixed(x, [[127, 1]], [2**31 - 1000])
    graph = net.build(y)
    assert not narrowed(graph).lost


def test_a_scale_that_wraps_says_nothing_of_its_outputs() -> None:
    """Sums of 0 to 2**20 and more, shifted by 12 bits to the left: 2**20 becomes 0 again."""
    b = GraphBuilder()
    x = b.input((1, 2, 2, 1), 1.0, -128)
    quant = Quant((4096.0,), (0,))
    weights = b.constant(np.array([[[[0]]], [[[127]]]], np.int8), quant)
    bias = b.constant(np.array([1 << 20, 1 << 19], np.int32), quant)
    y = b.op(
        "CONV_2D", [x, weights, bias], (1, 2, 2, 2), 1.0, padding=VALID, stride_h=1, stride_w=1
    )
    mixed = b.constant(np.ones((1, 1, 1, 2), np.int8), _ONE)
    z = b.op("CONV_2D", [y, mixed, -1], (1, 2, 2, 1), 1.0, padding=VALID, stride_h=1, stride_w=1)
    found = checked(b.build([z]))
    assert not found.lost


def test_groups_and_wide_values_are_left_alone() -> None:
    for seed in range(4):
        graph = wide(driven(models.residual(seed), seed))
        assert graph is not None
        assert not narrowed(graph).lost
    net = Net()
    x = constants(net, net.input(1, 2, 2, 2), [5])
    found = checked(net.build(net.conv(x, np.ones((2, 1, 1, 1)), [0, 0])))  # two groups
    assert not found.lost


KINDS = {
    "classifier": models.classifier,
    "residual": models.residual,
    "separable": models.separable,
    "pictures": lambda seed: graphs.random_pictures(seed, 12),
    "blocks": lambda seed: graphs.random_blocks(seed, 3),
    "moves": lambda seed: graphs.random_moves(seed, 12),
    "signals": lambda seed: graphs.random_signals(seed, 8),
}


@pytest.mark.parametrize("kind", KINDS)
def test_random_networks_with_constant_channels(kind: str) -> None:
    lost = 0
    for seed in range(12):
        lost += len(checked(driven(KINDS[kind](seed), seed)).lost)
    assert lost >= 3
