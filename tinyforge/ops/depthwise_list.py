"""DEPTHWISE_CONV_2D on cores whose products have 32 bits: firmware/kernels/depthwise_list.h."""

from __future__ import annotations

from collections.abc import Sequence

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, option, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.depthwise_3x3 import inputs_bias, reach
from tinyforge.ops.forms import Windowed, aligned
from tinyforge.ops.narrow import narrow, stream
from tinyforge.ops.quantization import channel_requantization
from tinyforge.ops.window import Window, weights_window

_TAP_BYTES = 8  # two pointers


def kernels(graph: Graph, op: Operator) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    source, weights, win = tensor(graph, op, 0), tensor(graph, op, 1), weights_window(graph, op)
    if option(op, "depth_multiplier") != 1 or not source.dtype is weights.dtype is DType.INT8:
        return ()
    scaling = narrow(channel_requantization(graph, op), *reach(graph, op))
    if scaling is None:
        return ()
    taps, channels = win.kernel[0] * win.kernel[1], source.shape[3]
    bias = inputs_bias(graph, op)
    kernel = Kernel(
        header="depthwise_list.h",
        struct="forge_depthwise_list",
        function="forge_depthwise_list_columns",
        fields={
            **win.fields(),
            "channels": channels,
            "input_zero_point": source.zero_point,
            "weights": Table("int8_t", weights_table(weights)),
            "stream": Table("int32_t", stream(bias[:, None], scaling.words)),
            **scaling.fields(),
        },
        inputs=(source.index,),
        form=Windowed(win, tile_bytes=aligned(channels) + _TAP_BYTES * taps),
        way="a list of taps",
        cycles=_cycles(win, channels),
    )
    return (kernel,)


def _cycles(win: Window, channels: int) -> int:
    """Instructions on a Cortex-M0+, about."""
    taps = win.kernel[0] * win.kernel[1]
    pixels = win.pictures * win.output[0] * win.output[1]
    return pixels * (90 + 16 * taps + channels * (5 * taps + 45))
