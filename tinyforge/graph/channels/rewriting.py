"""A graph without some of its channels: the same operators on tensors that are narrower."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph.channels.links import channels
from tinyforge.graph.channels.readers import reader_of
from tinyforge.graph.channels.removal import Lost
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

# Operators whose constant operands have as many channels as their outputs, or one for all.
_BY_ELEMENT = ("ADD", "ADD_N", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB")


def without(graph: Graph, lost: Mapping[int, Lost]) -> Graph:
    """The graph without what was lost; operators and computed tensors keep their numbers, and
    constants that become others get new ones."""
    return _Rewriting(graph, lost).run()


class _Rewriting:
    """tensors: so far, those that are computed narrow already."""

    def __init__(self, graph: Graph, lost: Mapping[int, Lost]) -> None:
        self.graph = graph
        self.lost = lost
        self.tensors = [
            replace(t, shape=(*t.shape[:-1], int(lost[t.index].kept.sum())), signature=())
            if t.index in lost
            else t
            for t in graph.tensors
        ]

    def run(self) -> Graph:
        operators = tuple(
            self._rewritten(op)
            if not self.lost.keys().isdisjoint((*op.inputs, *op.outputs))
            else op
            for op in self.graph.operators
        )
        return replace(self.graph, tensors=tuple(self.tensors), operators=operators)

    def _rewritten(self, op: Operator) -> Operator:
        rule = _RULES.get(op.op)
        return op if rule is None else rule(self, op)

    def kept(self, t: int) -> Mask:
        """Which channels of a computed tensor are left."""
        if t in self.lost:
            return self.lost[t].kept
        return np.ones(channels(self.graph.tensors[t]), np.bool_)

    def constant(self, like: Tensor, data: Array, quant: Quant | None) -> int:
        """The number of a new constant."""
        index = len(self.tensors)
        self.tensors.append(replace(like, index=index, shape=data.shape, quant=quant, data=data))
        return index

    def bias(self, op: Operator, kept: Mask, more: Array) -> tuple[int, ...]:
        """The bias as an operand list's end, for the output channels that are left and with what
        is added to them, (output channels,); none where there is none and nothing is added."""
        index = op.inputs[2] if len(op.inputs) > 2 else -1
        if index < 0 and not more.any():
            return op.inputs[2:]
        if index < 0:
            name = f"{self.graph.tensors[op.outputs[0]].name}/bias"
            like, quant = Tensor(0, name, (), DType.INT32), _of(self._sums(op), kept)
            return (self.constant(like, more[kept].astype(np.int32), quant),)
        like = self.graph.tensors[index]
        assert like.data is not None
        data = (like.data.reshape(-1) + more)[kept].astype(like.data.dtype)
        return (self.constant(like, data, _of(like.quant, kept)),)

    def _sums(self, op: Operator) -> Quant:
        """What a step of the sums of products is."""
        source, weights = (self.graph.tensors[t] for t in op.inputs[:2])
        assert weights.quant is not None
        scales = tuple(source.scale * scale for scale in weights.quant.scale)
        return Quant(scales, (0,) * len(scales))


def _mixing(work: _Rewriting, op: Operator) -> Operator:
    """Weights (output channels, ..., input channels): what was constant goes into the bias."""
    reader = reader_of(work.graph, op)
    assert reader is not None, "only such operators lose channels"
    source, made = work.kept(reader.source), work.kept(reader.made)
    more = np.zeros(len(made), np.int64)
    if reader.source in work.lost:
        values = work.lost[reader.source].values
        more = reader.folded(np.where(source, reader.zero_point, values))
    like = work.graph.tensors[op.inputs[1]]
    assert like.data is not None
    taps = like.data.reshape(*reader.weights.shape)[made][:, :, source]
    # Of a dense layer, taps and channels are one dimension.
    data = taps.reshape(len(taps), *like.shape[1:-1], -1)
    weights = work.constant(like, data, _of(like.quant, made))
    return replace(op, inputs=(op.inputs[0], weights, *work.bias(op, made, more)))


def _depthwise(work: _Rewriting, op: Operator) -> Operator:
    """Weights (1, height, width, output channels)."""
    made, like = work.kept(op.outputs[0]), work.graph.tensors[op.inputs[1]]
    assert like.data is not None
    weights = work.constant(like, like.data[..., made], _of(like.quant, made))
    bias = work.bias(op, made, np.zeros(len(made), np.int64))
    return replace(op, inputs=(op.inputs[0], weights, *bias))


def _of(quant: Quant | None, kept: Mask) -> Quant | None:
    """The quantization of a constant with so many channels, of those that are left."""
    if quant is None or not quant.per_channel:
        return quant
    scales = tuple(s for s, left in zip(quant.scale, kept, strict=True) if left)
    zero_points = tuple(z for z, left in zip(quant.zero_point, kept, strict=True) if left)
    return replace(quant, scale=scales, zero_point=zero_points)


def _by_element(work: _Rewriting, op: Operator) -> Operator:
    """Constant operands of as many channels lose the same ones."""
    kept = work.kept(op.outputs[0])
    inputs = list(op.inputs)
    for position, index in enumerate(op.inputs):
        t = work.graph.tensors[index]
        if t.data is not None and channels(t) == len(kept):
            inputs[position] = work.constant(t, t.data[..., kept], t.quant)
    return replace(op, inputs=tuple(inputs))


def _reshaped(work: _Rewriting, op: Operator) -> Operator:
    """To another shape, which is an option, an operand or both."""
    shape = work.tensors[op.outputs[0]].shape
    operands = [
        work.constant(t, np.array(shape, t.dtype.numpy), None)
        for t in (work.graph.tensors[i] for i in op.inputs[1:] if i >= 0)
    ]
    options = {**op.options, "new_shape": shape}
    return replace(op, inputs=(op.inputs[0], *operands), options=options)


def _squeezed(work: _Rewriting, op: Operator) -> Operator:
    """Which dimensions go is said: what is one channel now might go with them."""
    listed = op.options["squeeze_dims"]
    ones = tuple(d for d, n in enumerate(work.graph.tensors[op.inputs[0]].shape) if n == 1)
    return replace(op, options={**op.options, "squeeze_dims": listed or ones})


Rule = Callable[[_Rewriting, Operator], Operator]
_RULES: Mapping[str, Rule] = {
    "CONV_2D": _mixing,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _mixing,
    "RESHAPE": _reshaped,
    "SQUEEZE": _squeezed,
    **dict.fromkeys(_BY_ELEMENT, _by_element),
}
