"""What portable C takes where it is compiled for size (-Os): loops stay rolled, and layers share
functions, which are called for each stretch of inputs and each output.

Fitted to layers that lie beside each other in a model, between what gcc and zig make of them: int8
layers with weights are within a third of either, most others within a factor of two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel, option, output, suffix, tensor
from tinyforge.ops.forms import Accumulated, Windowed
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, weights_window


@dataclass(frozen=True)
class _Dot:
    """Each stretch of inputs that lie side by side, each four of them, and each left over."""

    stretch: float
    four: float
    left: float


@dataclass(frozen=True)
class _Dots:
    """Each window, each output; and the products of four channels, or of one that is left."""

    window: float
    output: float
    of_four: _Dot
    of_one: _Dot


@dataclass(frozen=True)
class _Taps:
    """Each window, each output; of four channels, or of one that is left, each row of a window and
    each tap there."""

    window: float
    output: float
    row: float
    of_four: float
    of_one: float


@dataclass(frozen=True)
class _Simply:
    """Each value that is taken in or multiplied, and each that is made."""

    value: float
    made: float


@dataclass(frozen=True)
class _Core:
    """conv, dense, depthwise: of int8. like_conv, like_depthwise: of other types, by what their
    kernels' names end in; dense layers are like convolutions. products: of any other operator that
    multiplies. pools: by operator. taken: of an input that becomes few values as it comes.
    elements: of other operators, each element they make, and of those that are not named."""

    conv: _Dots
    dense: _Dots
    depthwise: _Taps
    like_conv: Mapping[str, _Simply]
    like_depthwise: Mapping[str, _Simply]
    products: _Simply
    pools: Mapping[str, _Simply]
    taken: _Simply
    elements: Mapping[str, float]
    element: float


_MOVING = ("CONCATENATION", "PAD", "PADV2", "SPLIT", "SPLIT_V", "SLICE", "PACK", "UNPACK")
_LOOKING_UP = ("LOGISTIC", "TANH", "HARD_SWISH")
_REDUCING = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")

_WIDE = _Core(
    conv=_Dots(125, 97, _Dot(119, 45, 34), _Dot(62, 25, 14)),
    dense=_Dots(0, 81, _Dot(0, 53, 38), _Dot(53, 17.5, 10)),
    depthwise=_Taps(50, 87, 33, 36.5, 20),
    like_conv={"_i16": _Simply(6.5, 140), "_int4": _Simply(12, 300)},
    like_depthwise={"_i16": _Simply(12, 240), "_int4": _Simply(19.5, 245)},
    products=_Simply(4.8, 20),
    pools={"MAX_POOL_2D": _Simply(21, 0), "AVERAGE_POOL_2D": _Simply(9, 62)},
    taken=_Simply(5, 25),
    elements={
        **dict.fromkeys(_MOVING, 3.0),
        **dict.fromkeys(_LOOKING_UP, 12.0),
        "ADD": 125,
        "SUB": 125,
        "SOFTMAX": 150,
    },
    element=43,
)
_NARROW = _Core(
    conv=_Dots(159, 99, _Dot(90, 118, 29.5), _Dot(60, 53, 13)),
    dense=_Dots(0, 89, _Dot(0, 120, 30), _Dot(8, 39, 10)),
    depthwise=_Taps(139, 97, 33, 44, 27),
    like_conv={"_i16": _Simply(8.7, 190), "_int4": _Simply(15.5, 450)},
    like_depthwise={"_i16": _Simply(12, 350), "_int4": _Simply(19, 320)},
    products=_Simply(9.5, 20),
    pools={"MAX_POOL_2D": _Simply(13, 48), "AVERAGE_POOL_2D": _Simply(7, 226)},
    taken=_Simply(9.5, 60),
    elements={
        **dict.fromkeys(_MOVING, 2.0),
        **dict.fromkeys(_LOOKING_UP, 10.0),
        "ADD": 170,
        "SUB": 170,
        "SOFTMAX": 220,
    },
    element=55,
)


def size_cycles(graph: Graph, op: Operator, kernel: Kernel, target: Target) -> int:
    """Of an inference by the kernel that runs anywhere; on a narrow target instructions."""
    core = _NARROW if target.narrow else _WIDE
    way = _WEIGHTED.get(op.op, _without_weights)
    return math.ceil(way(graph, op, kernel, core))


def _convolution(graph: Graph, op: Operator, kernel: Kernel, core: _Core) -> float:
    del kernel
    kind = suffix(tensor(graph, op, 0), tensor(graph, op, 1))
    if kind:
        return _simply(graph, op, OPS[op.op].macs(graph, op), core.like_conv[kind])
    win, weights = weights_window(graph, op), tensor(graph, op, 1)
    groups = tensor(graph, op, 0).shape[3] // weights.shape[3]
    columns = win.inside[1]
    runs = columns if win.dilation[1] == 1 else [1 for count in columns for _ in range(count)]
    stretches = [run * weights.shape[3] for run in runs]
    each = _dots(stretches, weights.shape[0] // groups, core.conv)
    windows, made = win.pictures * win.output[0] * win.output[1], output(graph, op).size
    rows = win.pictures * sum(win.inside[0])
    return rows * groups * each + windows * core.conv.window + made * core.conv.output


def _dense(graph: Graph, op: Operator, kernel: Kernel, core: _Core) -> float:
    kind = suffix(tensor(graph, op, 0), tensor(graph, op, 1))
    if kind:
        return _simply(graph, op, OPS[op.op].macs(graph, op), core.like_conv[kind])
    channels, depth = tensor(graph, op, 1).shape
    made = output(graph, op).size
    if isinstance(kernel.form, Accumulated):
        pieces = kernel.form.steps
        dots = channels * pieces * _dot(depth // pieces, core.dense.of_one)
    else:
        dots = made // channels * _dots([depth], channels, core.dense)
    return dots + made * core.dense.output


def _depthwise(graph: Graph, op: Operator, kernel: Kernel, core: _Core) -> float:
    del kernel
    kind = suffix(tensor(graph, op, 0), tensor(graph, op, 1))
    if kind:
        return _simply(graph, op, OPS[op.op].macs(graph, op), core.like_depthwise[kind])
    win, c, channels = weights_window(graph, op), core.depthwise, output(graph, op).shape[3]
    fours, ones = divmod(channels, 4) if option(op, "depth_multiplier") == 1 else (0, channels)
    rows, taps = sum(win.inside[0]), sum(win.inside[0]) * sum(win.inside[1])
    each_picture = (
        win.output[0] * win.output[1] * (c.window + channels * c.output)
        + rows * win.output[1] * (fours + ones) * c.row
        + taps * (fours * c.of_four + ones * c.of_one)
    )
    return win.pictures * each_picture


_WEIGHTED = {
    "CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "DEPTHWISE_CONV_2D": _depthwise,
}


def _without_weights(graph: Graph, op: Operator, kernel: Kernel, core: _Core) -> float:
    """Or with weights, of an operator that few models have."""
    source, macs = graph.tensors[op.inputs[0]], OPS[op.op].macs(graph, op)
    if macs:
        return _simply(graph, op, macs, core.products)
    if op.op in core.pools and isinstance(kernel.form, Windowed):
        return _simply(graph, op, _seen(kernel.form.window, source.shape[-1]), core.pools[op.op])
    if op.op in _REDUCING or isinstance(kernel.form, Accumulated):
        return _simply(graph, op, source.size, core.taken)
    return _made(graph, op) * core.elements.get(op.op, core.element)


def _simply(graph: Graph, op: Operator, values: int, costs: _Simply) -> float:
    return values * costs.value + _made(graph, op) * costs.made


def _made(graph: Graph, op: Operator) -> int:
    return sum(graph.tensors[t].size for t in op.outputs)


def _seen(win: Window, channels: int) -> int:
    """Values in all windows."""
    rows, columns = map(sum, win.inside)
    return win.pictures * rows * columns * channels


def _dots(stretches: Sequence[int], channels: int, costs: _Dots) -> float:
    """All channels' products with stretches of so many inputs."""
    fours, ones = divmod(channels, 4)
    return sum(fours * _dot(n, costs.of_four) + ones * _dot(n, costs.of_one) for n in stretches)


def _dot(inputs: int, costs: _Dot) -> float:
    return costs.stretch + inputs // 4 * costs.four + inputs % 4 * costs.left
