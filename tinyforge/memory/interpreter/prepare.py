"""What the kernels' Prepare functions allocate, in their order.

Source: tensorflow/lite/micro/kernels/*_common.cc and kernels/cmsis_nn/*.cc of TensorFlow Lite Micro
90b983c2, built with KERNELS_OPTIMIZED_FOR_SPEED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tinyforge.graph import DType
from tinyforge.memory.interpreter import cmsis_nn
from tinyforge.memory.interpreter.layer import OUT, Layer, Persistent, Scratch, Step, integer


def looks_at(*positions: int) -> Callable[[Layer], Iterable[Step]]:
    """A Prepare that only looks at these tensors."""
    return lambda layer: layer.temps(*positions)


def _per_channel(channels: int) -> Iterator[Persistent]:
    yield Persistent("multipliers of channels", channels * 4)
    yield Persistent("shifts of channels", channels * 4)


def _unpacked(layer: Layer) -> Iterator[Scratch]:
    """int4 weights are unpacked for each inference."""
    if layer.need(1).dtype is DType.INT4:
        yield Scratch(layer.need(1).size)


def conv_2d(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(OUT, 0, 1)
    yield from _per_channel(layer.need(1).shape[0])
    yield from _unpacked(layer)
    yield from layer.temps(0, 1, 2, OUT)


def conv_2d_cmsis_nn(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1, OUT)
    yield from _per_channel(layer.need(1).shape[0])
    yield from layer.temps(0, 1, 2, OUT)
    yield from _scratch(cmsis_nn.convolution(layer.window(), layer.need(1).shape[3], layer.simd))


def depthwise_conv_2d(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(OUT, 0, 1)
    yield from _per_channel(layer.need(1).shape[3])
    yield from _unpacked(layer)
    yield from layer.temps(0, 1, 2, OUT)


def depthwise_conv_2d_cmsis_nn(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1, OUT)
    yield from _per_channel(layer.need(1).shape[3])
    yield from layer.temps(0, 1, 2, OUT)
    yield from _scratch(cmsis_nn.depthwise(layer.window(), layer.need(1).shape[3], layer.simd))


def depthwise_conv_2d_cmsis_nn_2023(layer: Layer) -> Iterator[Step]:
    outputs = layer.need(1).shape[3]
    yield from layer.temps(0, 1, OUT)
    yield from _per_channel(outputs)
    yield from layer.temps(0, 1, 2, OUT)
    yield from _scratch(cmsis_nn.depthwise_2023(layer.window(), outputs, layer.simd))


def transpose_conv(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(OUT, 2, 1)
    yield from _per_channel(layer.need(1).shape[0])
    wide, bias = layer.need(2).dtype is DType.INT16, layer.tensor(3)
    yield Scratch(layer.need(OUT).size * (8 if wide else 4))
    if wide and bias is not None and bias.dtype is DType.INT16:
        yield Scratch(bias.size * 8)
    yield from layer.temps(2, 1, 3, OUT)


def transpose_conv_cmsis_nn(layer: Layer) -> Iterator[Step]:
    outputs, height, width, _ = layer.need(1).shape
    _, rows, columns, channels = layer.need(2).shape
    yield from layer.temps(OUT, 2, 1)
    yield from _per_channel(outputs)
    for nbytes in cmsis_nn.transpose_convolution(
        (rows, columns, channels),
        (height, width),
        (integer(layer.op.options["stride_h"]), integer(layer.op.options["stride_w"])),
        outputs,
        layer.simd,
    ):
        yield Scratch(nbytes)
    yield from layer.temps(2, 1, 3, OUT)


def fully_connected(layer: Layer) -> Iterator[Step]:
    weights = layer.need(1)
    yield from layer.temps(0, 1, 2, OUT)
    yield from _unpacked(layer)
    if weights.quant and weights.quant.per_channel:
        yield from _per_channel(len(weights.quant.scale))


def fully_connected_cmsis_nn(layer: Layer) -> Iterator[Step]:
    """Of higher rank and with a multiple of four inputs it runs as a 1x1 convolution, which wants
    its one multiplier and shift repeated for every output."""
    weights, bias, output = layer.need(1), layer.tensor(2), layer.need(OUT)
    yield from fully_connected(layer)
    if len(output.shape) > 2 and weights.shape[-1] % 4 == 0:
        if not (weights.quant and weights.quant.per_channel):
            yield Scratch(output.shape[-1] * 8)
        return
    sums = cmsis_nn.fully_connected(output.shape[-1], layer.simd)
    if sums and weights.data is not None and (bias is None or bias.data is not None):
        yield Persistent("sums of weights", sums)
    else:
        yield from _scratch(sums)


def average_pool_2d_cmsis_nn(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT, 0, OUT)
    yield from _scratch(cmsis_nn.average_pool(layer.need(OUT).shape[3], layer.simd))


def softmax(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT)
    if layer.need(0).dtype is DType.INT16:
        for curve in ("exp", "1 / (1 + x)"):
            yield Persistent(f"table of {curve}", 513 * 2)


def svdf(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1, 2, 3, 4, OUT)
    yield Scratch(layer.need(1).shape[0] * 4)
    yield Scratch(layer.need(OUT).size * 4)


def svdf_cmsis_nn(layer: Layer) -> Iterator[Step]:
    yield from svdf(layer)
    sums = cmsis_nn.svdf(layer.need(1).shape[0], layer.simd)
    if sums:
        yield Persistent("sums of weights", sums)


def lstm(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(*range(24), OUT)
    yield from _int16_of_each_unit(layer, 4)


def lstm_cmsis_nn(layer: Layer) -> Iterator[Step]:
    """Read from the sources; never measured on a device."""
    yield from layer.temps(*range(24), OUT)
    for _ in range(8):
        yield Persistent("sums of weights", layer.need(18).size * 4)
    yield from _int16_of_each_unit(layer, 3)


def _int16_of_each_unit(layer: Layer, count: int) -> Iterator[Scratch]:
    for _ in range(count):
        yield Scratch(layer.need(18).size * 2)


def mean_or_sum(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT, 1)
    if layer.need(0).dtype in (DType.INT8, DType.INT16):
        yield Scratch(layer.need(OUT).size * 4)
    yield Scratch(len(layer.need(0).shape) * 4)
    yield Scratch(layer.need(1).size * 4)
    yield from _reduction(layer)


def _reduction(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1)
    if layer.need(0).dtype is DType.INT8:
        yield from layer.temps(OUT)


def min_max(layer: Layer) -> Iterator[Step]:
    yield from _reduction(layer)
    yield from layer.temps(0, OUT, 1)
    yield Scratch(len(layer.need(0).shape) * 4)
    yield Scratch(layer.need(1).size * 4)


def concatenation(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT, *range(len(layer.op.inputs)))


def mirror_pad(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1, OUT)
    yield Scratch(len(layer.need(0).shape) * 4)
    yield Scratch(len(layer.need(0).shape) * 4)


def new_dimensions(*positions: int) -> Callable[[Layer], Iterator[Step]]:
    """A Prepare that looks at these tensors, and writes its output's dimensions anew."""

    def prepared(layer: Layer) -> Iterator[Step]:
        yield from layer.temps(*positions)
        yield Persistent("dimensions", 4 + 4 * len(layer.need(OUT).shape))

    return prepared


def add_n(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT)
    for position in range(1, len(layer.op.inputs)):
        yield from layer.temps(position)
    yield Persistent("state of layers", "10i")
    yield Scratch(f"{len(layer.op.inputs)}P")


def cumsum(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, 1, OUT)
    yield Persistent("state of layers", "9i")


def embedding_lookup(layer: Layer) -> Iterator[Step]:
    yield from new_dimensions(0, 1, OUT)(layer)
    yield Persistent("state of layers", "i P")


def log_softmax(layer: Layer) -> Iterator[Step]:
    yield from layer.temps(0, OUT)
    yield Persistent("state of layers", "5i 2P")


def _scratch(nbytes: int) -> Iterator[Scratch]:
    """A request that is left out when it would be for nothing."""
    if nbytes:
        yield Scratch(nbytes)
