"""What MAX_POOL_2D and AVERAGE_POOL_2D share: everything but the sum over a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
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
from tinyforge.ops.quantization import activation_name, activation_range
from tinyforge.ops.window import Window, window


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


def summary(graph: Graph, op: Operator) -> str:
    activation = activation_name(option(op, "fused_activation_function"))
    return ", ".join(filter(None, (pool_window(graph, op).summary(), activation)))
