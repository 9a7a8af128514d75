"""Layers' values in 16 bits: an int8 graph in which these layers and what reads them run on int16.

What a layer takes is converted to int16 before it, and what its readers make is converted back to
int8, by QUANTIZE. 128 codes of int16 stand for one of int8, with 0 at zero: so the conversion to
int16 is exact, biases are those of int8 times 128, and int16 holds all that int8 does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor

SUFFIX = "_int16"  # of a tensor beside the one of int8, whose name it has else

_STEPS = 128  # of int16 in one of int8: 255 of these, a tensor's widest range, still fit
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_SUMS = ("ADD", "SUB", "MUL", "MEAN")
# What hands the codes of its input on, and therefore stays in 16 bits with it.
_HANDS_ON = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "PAD")
_BY_OPERANDS = ("ADD", "SUB", "MUL")


def layer_named(graph: Graph, text: str) -> int:
    """A layer by its number, or by a part of its name between slashes, to which Keras 3 adds _1.
    ForgeError where there is none, or several."""
    names = {op.index: graph.tensors[op.outputs[0]].name for op in graph.operators}
    called = {i: {str(i), name, *re.split("[/;]", name)} for i, name in names.items()}
    found = [i for i, those in called.items() if not those.isdisjoint((text, f"{text}_1"))]
    if len(found) != 1:
        which = f"layers {', '.join(map(str, found))} are all" if found else "no layer is"
        raise ForgeError(
            f"{which} called {text!r}",
            where="--int16",
            fix=f"give the number of a layer, 0 to {len(names) - 1}: tinyforge inspect shows them",
        )
    return found[0]


def with_int16(graph: Graph, layers: Sequence[int]) -> Graph:
    """The graph with the outputs of the operators of these numbers in int16; tensors keep their
    numbers, of operators there are more.

    Weights stay int8. ForgeError where a layer cannot run on int16, sets no range of its own, or
    nothing that could use the finer values reads them.
    """
    region = _Region()
    for layer in layers:
        op = graph.operators[layer]
        _require_maker(graph, op)
        region.take(graph, op)
    return _Rewriting(graph, region).done()


def _require_maker(graph: Graph, op: Operator) -> None:
    if op.op in _HANDS_ON:
        source = graph.producers.get(op.inputs[0])
        raise ForgeError(
            "the layer hands on the codes of what it reads",
            where=graph.where(op),
            fix="name a layer before it" if source is None else f"name layer {source.index}",
        )
    if not _runs(graph, op):
        raise ForgeError(
            "the layer is not one that is brought to int16",
            where=graph.where(op),
            fix=f"name a layer of int8: {', '.join((*_WEIGHTED, *_SUMS))}",
        )


def _runs(graph: Graph, op: Operator) -> bool:
    """Whether a layer can run on int16: it is int8, with its weights; all else is computed."""
    values = [graph.tensors[t] for t in (*_values(op), op.outputs[0])]
    computed = all(t.dtype is DType.INT8 and t.quant and t.data is None for t in values)
    if op.op in _WEIGHTED:
        return computed and graph.tensors[op.inputs[1]].dtype is DType.INT8
    return computed and op.op in _SUMS


def _values(op: Operator) -> tuple[int, ...]:
    """The operands that are values, not weights or parameters."""
    return op.inputs if op.op in _BY_OPERANDS else op.inputs[:1]


class _Region:
    """What runs on int16, by number. makers: operators whose outputs stay so; readers: of these,
    whose outputs are converted back where somebody takes int8."""

    def __init__(self) -> None:
        self.makers: set[int] = set()
        self.readers: set[int] = set()

    def take(self, graph: Graph, op: Operator) -> None:
        """The operator's output in int16. ForgeError where nobody can use it."""
        self.makers.add(op.index)
        behind, readers = [op], set()
        for maker in behind:  # which grows
            for reader in graph.consumers[maker.outputs[0]]:
                if reader.op in _HANDS_ON:
                    behind.append(reader)
                elif _runs(graph, reader):
                    readers.add(reader.index)
        if not readers:
            raise ForgeError(
                "nothing that runs on int16 reads what the layer makes",
                where=graph.where(op),
                fix=f"name a layer before {', '.join((*_WEIGHTED, *_SUMS))}",
            )
        self.makers |= {one.index for one in behind}
        self.readers |= readers

    def __contains__(self, op: Operator) -> bool:
        return op.index in self.makers or op.index in self.readers


class _Rewriting:
    """The new graph, operator by operator. _wide: int16 tensors, by those of int8."""

    def __init__(self, graph: Graph, region: _Region) -> None:
        self._graph = graph
        self._region = region
        self._tensors = list(graph.tensors)
        self._operators: list[Operator] = []
        self._wide: dict[int, int] = {}

    def done(self) -> Graph:
        for op in self._graph.operators:
            if op in self._region:
                self._on_int16(op)
            else:
                self._operators.append(op)
        operators = tuple(replace(op, index=i) for i, op in enumerate(self._operators))
        return replace(self._graph, tensors=tuple(self._tensors), operators=operators)

    def _on_int16(self, op: Operator) -> None:
        inputs = list(op.inputs)
        for position, t in enumerate(_values(op)):
            inputs[position] = self._taken(t)
        options = dict(op.options)
        if op.op in _WEIGHTED:
            if len(inputs) > 2 and inputs[2] >= 0:
                inputs[2] = self._bias(op, inputs[2])
            if "quantized_bias_type" in options:
                options["quantized_bias_type"] = DType.INT64.value
        (out,) = op.outputs
        made = self._made(out)
        changed = replace(op, inputs=tuple(inputs), outputs=(made,), options=options)
        self._operators.append(changed)
        if made != out:
            self._convert(made, out)

    def _taken(self, t: int) -> int:
        """An operand in int16, converted if nobody made it so."""
        if t not in self._wide:
            self._wide[t] = self._added(_finer(self._graph.tensors[t]))
            self._convert(t, self._wide[t])
        return self._wide[t]

    def _made(self, t: int) -> int:
        """An output in int16, in the place of that of int8 where nobody takes this one."""
        taken = t in self._graph.outputs or any(
            op not in self._region for op in self._graph.consumers[t]
        )
        finer = _finer(self._graph.tensors[t])
        if taken:
            self._wide[t] = self._added(finer)
        else:
            self._wide[t], self._tensors[t] = t, replace(finer, name=self._graph.tensors[t].name)
        return self._wide[t]

    def _bias(self, op: Operator, t: int) -> int:
        bias = self._tensors[t]
        assert bias.data is not None
        finer = replace(
            bias,
            dtype=DType.INT64,
            quant=None if bias.quant is None else _stepped(bias.quant),
            data=bias.data.astype(np.int64) * _STEPS,
        )
        if self._graph.consumers[t] != (op,):
            return self._added(finer)
        self._tensors[t] = finer
        return t

    def _convert(self, source: int, sink: int) -> None:
        self._operators.append(Operator(0, "QUANTIZE", (source,), (sink,), {}))

    def _added(self, tensor: Tensor) -> int:
        self._tensors.append(replace(tensor, index=len(self._tensors)))
        return len(self._tensors) - 1


def _finer(tensor: Tensor) -> Tensor:
    assert tensor.quant is not None
    finer = replace(_stepped(tensor.quant), zero_point=(0,))
    return replace(tensor, name=f"{tensor.name}{SUFFIX}", dtype=DType.INT16, quant=finer)


def _stepped(quant: Quant) -> Quant:
    return replace(quant, scale=tuple(scale / _STEPS for scale in quant.scale))
