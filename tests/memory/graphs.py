"""Graphs whose memory is worth planning: named shapes, and random ones from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tinyforge.graph import DType, Graph


class Net:
    """A graph under construction. Methods take and give tensor indices."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = GraphBuilder()

    def shape(self, x: int) -> tuple[int, ...]:
        return self.builder.tensors[x].shape

    def size(self, x: int) -> int:
        return math.prod(self.shape(x))

    def input(self, *shape: int) -> int:
        return self.builder.input(shape, 0.02, int(self.rng.integers(-128, 128)))

    def dense(self, x: int, units: int) -> int:
        """Not in place; any size of output."""
        return layers.fully_connected(self.builder, self.rng, x, units=units)

    def conv(self, x: int, filters: int, kernel: int = 3) -> int:
        return layers.conv_2d(self.builder, self.rng, x, filters=filters, kernel=(kernel, kernel))

    def depthwise(self, x: int) -> int:
        return layers.depthwise_conv_2d(self.builder, self.rng, x)

    def spread(self, x: int) -> int:
        """A transposed convolution: twice as high and wide."""
        filters = self.shape(x)[3]
        return layers.transpose_conv(
            self.builder, self.rng, x, filters=filters, kernel=(3, 3), stride=(2, 2)
        )

    def pool(self, x: int) -> int:
        return layers.pool_2d(self.builder, x, "MAX_POOL_2D")

    def svdf(self, x: int, units: int, memory: int, state: DType = DType.INT8) -> int:
        """Not in place; with a state of units * memory elements."""
        return layers.svdf(self.builder, self.rng, x, units=units, memory=memory, state=state)

    def relu(self, x: int) -> int:
        """In place, where nobody needs x afterwards."""
        scale = self.builder.tensors[x].scale
        return layers.unary(self.builder, "RELU", x, scale, int(self.rng.integers(-128, 128)))

    def add(self, x: int, y: int) -> int:
        """In place over either, where nobody needs it afterwards. Shapes broadcast."""
        return layers.binary(self.builder, self.rng, "ADD", x, y)

    def softmax(self, x: int) -> int:
        return layers.softmax(self.builder, x)

    def reshape(self, x: int, *shape: int) -> int:
        return layers.reshape(self.builder, x, shape)

    def build(self, *outputs: int) -> Graph:
        return self.builder.build(outputs)


def chain() -> Graph:
    n = Net()
    x = n.input(1, 8)
    for units in (20, 3, 17, 5):
        x = n.dense(x, units)
    return n.build(x)


def residual() -> Graph:
    n = Net()
    x = n.dense(n.input(1, 8), 12)
    return n.build(n.relu(n.add(x, n.dense(n.dense(x, 20), 12))))


def diamonds() -> Graph:
    """Two branches that meet, twice; the shorter branch first or last is not the same."""
    n = Net()
    x = n.input(1, 9)
    for _ in range(2):
        long = n.dense(n.dense(x, 25), 6)
        x = n.add(n.dense(x, 6), long)
    return n.build(x)


def order_matters() -> Graph:
    """The model's own order makes four large tensors before it reduces any of them."""
    n = Net()
    x = n.input(1, 4)
    wide = [n.dense(x, 40) for _ in range(4)]
    narrow = [n.dense(w, 5) for w in wide]
    total = narrow[0]
    for y in narrow[1:]:
        total = n.add(total, y)
    return n.build(total)


def many_readers() -> Graph:
    """One tensor that three operators read, one of which could have written over it."""
    n = Net()
    x = n.dense(n.input(1, 5), 10)
    return n.build(n.add(n.add(n.relu(x), n.dense(x, 10)), n.relu(x)))


def reshape_chain() -> Graph:
    """Forms of the same bytes, the first of which is needed again after the last."""
    n = Net()
    x = n.dense(n.input(1, 6), 12)
    y = n.reshape(n.reshape(n.reshape(x, 1, 3, 4, 1), 1, 12), 1, 2, 6, 1)
    return n.build(n.add(n.relu(n.reshape(y, 1, 12)), x))


def input_is_output() -> Graph:
    """The input's own bytes are an output, so nothing may lie over them."""
    n = Net()
    x = n.input(1, 8)
    return n.build(n.reshape(x, 1, 2, 4), n.relu(n.dense(n.relu(x), 8)))


def reshape_alone() -> Graph:
    n = Net()
    return n.build(n.reshape(n.input(1, 7), 1, 7, 1))


def outputs_read_on() -> Graph:
    """Outputs of the graph that operators read as well; an in-place one must spare them."""
    n = Net()
    x = n.dense(n.input(1, 5), 11)
    y = n.relu(x)
    z = n.relu(y)
    return n.build(x, y, n.dense(z, 3))


def unused_outputs() -> Graph:
    """Results that nobody reads still need room while they are computed."""
    n = Net()
    x = n.dense(n.input(1, 5), 6)
    n.dense(x, 50)
    n.relu(x)
    y = n.dense(x, 4)
    n.reshape(y, 4, 1)
    return n.build(y)


def several_inputs() -> Graph:
    """The second input waits until the end; the third is never read."""
    n = Net()
    x, late, _ = n.input(1, 20), n.input(1, 7), n.input(1, 13)
    x = n.dense(n.reshape(x, 1, 20), 30)
    return n.build(n.add(n.dense(x, 7), late))


def same_operand_twice() -> Graph:
    n = Net()
    x = n.dense(n.input(1, 5), 9)
    return n.build(n.add(n.add(x, x), n.reshape(n.dense(n.input(1, 3), 9), 1, 9)))


def broadcast() -> Graph:
    """A sum may lie over its large operand, never over its small one."""
    n = Net()
    x = n.input(1, 12)
    row = n.reshape(n.dense(x, 12), 1, 4, 3)
    return n.build(n.add(n.add(n.reshape(n.dense(x, 3), 1, 1, 3), row), row))


def states() -> Graph:
    """States of both widths, in a chain and beside it; the layers are small and in place."""
    n = Net()
    x = n.relu(n.svdf(n.input(1, 6), 7, 3))
    y = n.svdf(n.relu(x), 5, 5, DType.INT16)
    return n.build(n.add(n.relu(n.dense(x, 5)), y), n.svdf(x, 2, 1))


def rows_broadcast() -> Graph:
    """What is made row by row is broadcast as a whole, under another shape."""
    n = Net()
    x = n.input(1, 6, 2, 1)
    values = n.reshape(n.conv(x, 1), 1, 1, 1, 12)
    return n.build(n.dense(n.reshape(n.add(n.conv(x, 12), values), 1, 144), 3))


SHAPES: Mapping[str, Callable[[], Graph]] = {
    f.__name__: f
    for f in (
        chain, residual, diamonds, order_matters, many_readers, reshape_chain, input_is_output,
        reshape_alone, outputs_read_on, unused_outputs, several_inputs, same_operand_twice,
        broadcast, rows_broadcast, states,
    )
}  # fmt: skip


def random_vectors(seed: int, count: int) -> Graph:
    """count operators on small vectors of odd sizes, one to three inputs, any outputs."""
    n = Net(seed)
    pick = n.rng.integers
    made = [n.input(1, int(pick(1, 25))) for _ in range(int(pick(1, 4)))]
    results: list[int] = []
    for _ in range(count):
        # Recent tensors are likelier, as in real models; old ones make long lives.
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(1.5)))]
        peers = [t for t in made if n.size(t) == n.size(x) and n.shape(t) == n.shape(x)]
        kind = int(pick(8))
        if kind < 3:
            y = n.dense(n.reshape(x, 1, n.size(x)) if len(n.shape(x)) != 2 else x, int(pick(1, 25)))
        elif kind < 4:
            y = n.reshape(x, *((1, n.size(x)) if len(n.shape(x)) > 2 else (1, 1, n.size(x))))
        elif kind < 6:
            y = n.add(x, peers[int(pick(len(peers)))])
        else:
            y = n.relu(x)
        made.append(y)
        results.append(y)
    read = {t for op in n.builder.build([results[-1]]).operators for t in op.inputs}
    outputs = [t for t in results if n.rng.random() < (0.1 if t in read else 0.7)]
    return n.build(*(outputs or results[-1:]))


def random_states(seed: int, count: int) -> Graph:
    """count operators on vectors of odd sizes, every third of them with a state."""
    n = Net(seed)
    pick = n.rng.integers
    made = [n.input(1, int(pick(1, 25)))]
    for _ in range(count):
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(1.0)))]
        peers = [t for t in made if n.shape(t) == n.shape(x)]
        match int(pick(6)):
            case 0 | 1:
                state = (DType.INT8, DType.INT16)[int(pick(2))]
                y = n.svdf(x, int(pick(1, 9)), int(pick(1, 9)), state)
            case 2 | 3:
                y = n.dense(x, int(pick(1, 25)))
            case 4:
                y = n.add(x, peers[int(pick(len(peers)))])
            case _:
                y = n.relu(x)
        made.append(y)
    return n.build(made[-1], *[t for t in made[1:-1] if n.rng.random() < 0.15])


def random_pictures(seed: int, count: int) -> Graph:
    """count operators on small pictures and vectors, one input, as in a real CNN with branches."""
    n = Net(seed)
    pick = n.rng.integers
    made = [n.input(1, int(pick(4, 8)), int(pick(4, 8)), int(pick(1, 4)))]
    for _ in range(count):
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(1.0)))]
        peers = [t for t in made if n.shape(t) == n.shape(x)]
        kind = int(pick(10))
        if len(n.shape(x)) == 2:
            narrower = int(pick(1, 9))
            y = n.dense(x, narrower) if kind < 4 else n.softmax(x) if kind < 7 else n.relu(x)
        elif kind < 3:
            y = n.conv(x, int(pick(1, 5)), int(pick(1, 4)))
        elif kind < 4:
            y = n.depthwise(x)
        elif kind < 5 and min(n.shape(x)[1:3]) > 1:
            y = n.pool(x)
        elif kind < 6:
            y = n.reshape(x, 1, n.size(x))
        elif kind < 8:
            y = n.add(x, peers[int(pick(len(peers)))])
        else:
            y = n.relu(x)
        made.append(y)
    return n.build(made[-1], *[t for t in made[1:-1] if n.rng.random() < 0.15])


def random_blocks(seed: int, count: int) -> Graph:
    """count blocks of layers that run pixel by pixel: residual, separable, pooled; or squeezed to a
    value a channel, which is broadcast."""
    n = Net(seed)
    pick = n.rng.integers
    x = n.input(1, *pick(5, 9, 2).tolist(), int(pick(1, 5)))
    for _ in range(count):
        y = n.conv(x, n.shape(x)[3], int(pick(1, 4)))
        kind = int(pick(7))
        if kind == 0:
            x = n.add(x, y)
        elif kind == 1:
            x = n.add(y, n.conv(n.relu(n.conv(x, 3)), n.shape(x)[3]))
        elif kind == 2:
            x = n.conv(n.depthwise(x), int(pick(1, 6)), 1)
        elif kind == 5:
            channels = n.shape(y)[3]
            squeezed = n.dense(n.reshape(y, 1, n.size(y)), channels)
            x = n.conv(n.add(y, n.reshape(squeezed, 1, 1, 1, channels)), 3, 1)
        elif kind == 6 and n.size(x) < 200:
            x = n.conv(n.spread(x), 2)
        elif kind == 3 and min(n.shape(y)[1:3]) > 3:
            x = n.relu(n.pool(y))
        else:
            x = n.relu(n.conv(y, 4))
    return n.build(n.dense(n.reshape(x, 1, n.size(x)), 3))


def random_signals(seed: int, count: int) -> Graph:
    """count operators on signals of [1, time, channels], as Conv1D models have them."""
    n = Net(seed)
    made = [n.input(1, int(n.rng.integers(6, 20)), int(n.rng.integers(1, 4)))]
    for _ in range(count):
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(0.7)))]
        made.append(_signal(n, x, [t for t in made if n.shape(t) == n.shape(x)]))
    x = made[-1]
    return n.build(n.dense(n.reshape(x, 1, n.size(x)), 3))


def _signal(n: Net, x: int, peers: list[int]) -> int:
    """What one more operator makes of x, or of x and an earlier signal."""
    b, pick = n.builder, n.rng.integers
    _, time, channels = n.shape(x)
    row = n.reshape(x, 1, 1, time, channels)
    kernel, stride, dilation = (int(pick(1, most)) for most in (6, 3, 3))
    match int(pick(9)):
        case 0 | 1 | 2:
            step = {"stride": (1, stride)} if dilation == 1 else {"dilation": (1, dilation)}
            filters = int(pick(1, 5))
            y = layers.conv_2d(b, n.rng, row, filters=filters, kernel=(1, kernel), **step)
        case 3:
            y = layers.depthwise_conv_2d(b, n.rng, row, kernel=(1, kernel))
        case 4 if time > 3:
            y = layers.pool_2d(b, row, "AVERAGE_POOL_2D", kernel=(1, 2), stride=(1, 2))
        case 5:
            return layers.moved(
                b, "PAD", [x], (1, time + kernel, channels), [(0, 0), (kernel, 0), (0, 0)]
            )
        case 6 if time < 12:
            return layers.moved(b, "CONCATENATION", [x, x], (1, 2 * time, channels), axis=1)
        case 7:
            return n.dense(x, int(pick(1, 5)))
        case _:
            return n.add(x, n.relu(peers[int(pick(len(peers)))]))
    return n.reshape(y, 1, *n.shape(y)[2:])


def random_moves(seed: int, count: int) -> Graph:
    """count operators on small pictures, most of which move values and do not change them."""
    n = Net(seed)
    made = [n.input(1, *n.rng.integers(3, 8, 2).tolist(), 2 * int(n.rng.integers(1, 3)))]
    for _ in range(count):
        x = made[-1 - min(len(made) - 1, int(n.rng.exponential(1.0)))]
        made += _moved(n, x, made)
    return n.build(made[-1], *[t for t in made[1:-1] if n.rng.random() < 0.1])


def _moved(n: Net, x: int, made: list[int]) -> list[int]:
    """What one more operator makes of x, or of x and an earlier picture beside it."""
    b, pick = n.builder, n.rng.integers
    _, height, width, channels = n.shape(x)

    def move(op: str, shape: tuple[int, ...], *operands: object, **options: int) -> list[int]:
        return [layers.moved(b, op, [x], shape, *operands, **options)]

    match int(pick(9)):
        case 0:
            return [n.conv(x, 2 * int(pick(1, 4)))]
        case 1:
            return [n.relu(x)]
        case 2 if height < 10 and width < 10:
            top, bottom, left, right = pick(0, 3, 4).tolist()
            shape = (1, height + top + bottom, width + left + right, channels)
            return move("PAD", shape, [(0, 0), (top, bottom), (left, right), (0, 0)])
        case 3:
            row, column = int(pick(height)), int(pick(width))
            shape = (1, height - row, width - column, channels)
            return move("SLICE", shape, [0, row, column, 0], [1, -1, -1, -1])
        case 4:
            shape = (1, -(-height // 2), width, channels)
            return move("STRIDED_SLICE", shape, [0] * 4, [0] * 4, [1, 2, 1, 1], end_mask=15)
        case 5:
            size = pick(1, 10, 2).tolist()
            return move("RESIZE_NEAREST_NEIGHBOR", (1, *size, channels), size)
        case 6:
            return move("TRANSPOSE", (1, width, height, channels), [0, 2, 1, 3])
        case 7 if channels % 2 == 0:
            return layers.halves(b, x)
        case _:
            like = (b.tensors[x].quant, height, width)
            peers = [t for t in made if (b.tensors[t].quant, *n.shape(t)[1:3]) == like]
            y = peers[int(pick(len(peers)))]
            shape = (1, height, width, channels + n.shape(y)[3])
            return [layers.moved(b, "CONCATENATION", [x, y], shape, axis=-1)]
