"""What MAX_POOL_2D and AVERAGE_POOL_2D share: everything but the sum over a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    HEADERS,
    INT8_OR_INT16,
    Kernel,
    Values,
    check_activation,
    check_computed,
    check_counts,
    check_rank,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.forms import Windowed
from tinyforge.ops.quantization import activation_range, with_activation
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, window

_FOUR = 4
_MOST_TAPS = 256  # whose sum fits int16
_MOST_TAPS_BY_INVERSE = 4080  # of means that are exact, by vectors


@dataclass(frozen=True)
class Costs:
    """Cycles of a pixel; of so many of its channels, and of each row and each value of these. On
    cores with vectors, instructions.

    Compilers unroll the kernel's loops as they like: between two of them it is a factor of 2.
    """

    pixel: float
    part: float
    row: float
    tap: float
    lanes: int = _FOUR


def pool_window(graph: Graph, op: Operator) -> Window:
    kernel = (option(op, "filter_height"), option(op, "filter_width"))
    return window(graph, op, kernel)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_rank(graph, op, (source, out), 4)
    check_activation(graph, op, (source, out), INT8_OR_INT16)
    check_computed(graph, op, source)
    require(
        source.shape[3] == out.shape[3],
        f"{source.shape[3]} channels in, {out.shape[3]} out",
        graph,
        op,
    )
    require(
        source.zero_point == out.zero_point and abs(source.scale - out.scale) <= 1e-6,
        "a pool cannot rescale: input and output must have the same scale and zero point",
        graph,
        op,
    )
    pool_window(graph, op)
    activation_range(graph, op, option(op, "fused_activation_function"), out)


def clamped(graph: Graph, op: Operator, values: npt.NDArray[np.int64]) -> Values:
    """Pooled values, (pictures, height, width, channels), through the fused activation."""
    code = option(op, "fused_activation_function")
    low, high = activation_range(graph, op, code, output(graph, op))
    return np.clip(values, low, high).astype(output(graph, op).dtype.numpy)


def window_taps(
    graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]], fill: int
) -> npt.NDArray[np.int64]:
    """Every window's contents, (pictures, height, width, window height and width, channels)."""
    win = pool_window(graph, op)
    return np.stack([win.taps(picture.astype(np.int64), fill) for picture in inputs[0]])


def lower(graph: Graph, op: Operator, name: str, function: str = "columns") -> Kernel:
    source = tensor(graph, op, 0)
    win = pool_window(graph, op)
    code = option(op, "fused_activation_function")
    low, high = activation_range(graph, op, code, output(graph, op))
    return Kernel(
        header="pool" + HEADERS[suffix(source)],
        struct="forge_pool_2d",
        function=f"{name}{suffix(source)}_{function}",
        fields={
            **win.fields(),
            "channels": source.shape[3],
            "activation_min": low,
            "activation_max": high,
        },
        inputs=(source.index,),
        form=Windowed(win),
    )


def four_channels(
    graph: Graph, op: Operator, target: Target, name: str, costs: Costs
) -> Sequence[Kernel]:
    """The kernel that takes four int8 channels at once: firmware/kernels/pool_4.h."""
    source, win = tensor(graph, op, 0), pool_window(graph, op)
    taps = win.kernel[0] * win.kernel[1]
    if not (target.dsp and source.dtype is DType.INT8 and source.shape[3] >= _FOUR):
        return ()
    if taps > _MOST_TAPS:
        return ()
    kernel = replace(
        lower(graph, op, f"{name}_4"),
        header="pool_4.h",
        way="four channels at once",
        cycles=_cycles(win, source.shape[3], costs),
    )
    return (kernel,)


def by_lanes(
    graph: Graph, op: Operator, target: Target, name: str, costs: Costs
) -> Sequence[Kernel]:
    """The kernel that takes 8 or 16 int8 channels at once: firmware/kernels/pool_lanes.h."""
    source, win = tensor(graph, op, 0), pool_window(graph, op)
    if not (target.mve and source.dtype is DType.INT8):
        return ()
    height, width = win.kernel
    if width > _MOST_TAPS or height * width > _MOST_TAPS_BY_INVERSE:
        return ()
    kernel = replace(
        lower(graph, op, f"{name}_lanes"),
        header="pool_lanes.h",
        way=f"{costs.lanes} channels at once",
        cycles=_cycles(win, source.shape[3], costs),
    )
    return (kernel,)


def _cycles(win: Window, channels: int, costs: Costs) -> int:
    # Of all windows together, those inside the image.
    rows, columns = (
        sum(0 <= x * step - before + k < size for x in range(out) for k in range(kernel))
        for size, out, kernel, step, before in zip(
            win.input, win.output, win.kernel, win.stride, win.padding, strict=True
        )
    )
    height, width = win.output
    parts = -(-channels // costs.lanes)
    each = costs.part * height * width + costs.row * rows * width + costs.tap * rows * columns
    return round(win.pictures * (costs.pixel * height * width + parts * each))


def summary(graph: Graph, op: Operator) -> str:
    return with_activation(op, pool_window(graph, op).summary())
