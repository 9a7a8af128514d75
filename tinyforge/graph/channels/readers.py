"""What reads all channels of its input for each one that it makes, and which it can do without.

A channel that cannot vary adds the same to every sum: its bias can take that in. At the border of a
picture it does not where the window reaches out: padding counts as zero, whatever the channel is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph.channels.links import channels, links
from tinyforge.graph.types import Graph, Operator
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.window import weights_window

Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Reader:
    """A CONV_2D without groups, or a FULLY_CONNECTED.

    source, made: tensors. weights: (output channels, taps, input channels). partly: of each tap,
    whether it lies in the padding for some outputs.
    """

    source: int
    made: int
    weights: Int
    partly: Mask
    zero_point: int

    def spared(self, constant: Mask, values: Int, kept: Mask) -> Mask:
        """Input channels (input channels,) without which every output is the same, given another
        bias: those that no output reads that is kept, and constant ones.

        constant: which cannot vary, values: what they are. kept: output channels that are needed.
        """
        needed = self.weights[kept] != 0
        unread = ~needed.any(axis=(0, 1))
        at_border = needed[:, self.partly].any(axis=(0, 1))
        foldable = constant & ((values == self.zero_point) | ~at_border)
        return np.asarray(unread | foldable)

    def folded(self, values: Int) -> Int:
        """What channels of these values add to the sums: (output channels,)."""
        return np.asarray(np.einsum("otc,c->o", self.weights, values - self.zero_point))


def reader_of(graph: Graph, op: Operator) -> Reader | None:
    """None for operators that are no such reader, or whose channels must all stay."""
    if op.op not in ("CONV_2D", "FULLY_CONNECTED") or links(graph, op) is None:
        return None
    source, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    values = weights_table(weights).astype(np.int64)
    taps = values.reshape(len(values), -1, channels(source))
    partly = np.zeros(taps.shape[1], np.bool_)
    if op.op == "CONV_2D":
        window = weights_window(graph, op)
        inside = window.taps(np.ones((*window.input, 1), np.int64), 0)
        partly = (inside == 0).any(axis=(0, 1)).reshape(-1)
    return Reader(source.index, op.outputs[0], taps, partly, source.zero_point)
