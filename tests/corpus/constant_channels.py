"""Models with channels that cannot vary: others whose biases drive some of their sums to an end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import DType, Graph

_FAR = 1 << 26  # beyond what the weights of small layers can bring back


def driven(graph: Graph, seed: int, share: float = 0.3) -> Graph:
    """The graph, its biases so far from 0 for a share of all output channels that these are always
    the least or the greatest value; of some other channels all weights are 0."""
    rng = np.random.default_rng(seed)
    tensors = list(graph.tensors)
    for op in graph.operators:
        if op.op not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") or op.inputs[2:] < (0,):
            continue
        bias, weights = tensors[op.inputs[2]], tensors[op.inputs[1]]
        if bias.dtype is not DType.INT32 or bias.data is None or weights.data is None:
            continue
        count = bias.size
        fate = rng.random(count)
        ends = np.where(rng.random(count) < 0.75, -_FAR, _FAR)
        values = np.where(fate < share, ends, bias.data.reshape(-1)).astype(np.int32)
        tensors[bias.index] = replace(bias, data=values.reshape(bias.shape))
        axis = 3 if op.op == "DEPTHWISE_CONV_2D" else 0
        data = np.moveaxis(weights.data.copy(), axis, 0)
        data[fate > 0.5 + share / 2] = 0
        tensors[weights.index] = replace(weights, data=np.moveaxis(data, 0, axis))
    return replace(graph, tensors=tuple(tensors))
