"""Operators whose value is known before an inference are constants: the graph without them.

Keras leaves arithmetic on the batch's size in front of a Flatten or Reshape: SHAPE, STRIDED_SLICE,
PACK. A device's batch is 1, so all of it is known; and so is whatever else has constant inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph.passes.pruned import pruned
from tinyforge.graph.passes.shapes import shapes_of
from tinyforge.graph.passes.values import (
    COMPUTES,
    CONVERTS,
    MOST_ELEMENTS,
    MOVES,
    Array,
    Known,
    evaluated,
)
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS

# What may be computed in all, in bytes and multiply-accumulates: constants of no model for a
# microcontroller come near it.
_BUDGET = 1 << 26


def folding(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Folds operators of constants, and gives computed tensors the shapes that then follow."""
    work = Folding(graph)
    work.run()
    if not work.changed:
        return graph, ()
    return pruned(replace(graph, tensors=tuple(work.tensors), operators=tuple(work.kept))), ()


class Folding:
    """One walk over the operators. tensors: as they are known so far; kept: operators that stay.

    given: whose shapes are the file's, where graph has other inputs.
    """

    def __init__(self, graph: Graph, *, given: Graph | None = None) -> None:
        self.graph = graph
        self.given = graph if given is None else given
        self.tensors = list(graph.tensors)
        self.kept: list[Operator] = []
        self.changed = False
        self._budget = _BUDGET

    def run(self) -> None:
        for op in self.graph.operators:
            values = self._values(op)
            if values is None:
                self._infer(op)
                self.kept.append(op)
                continue
            for t, value in zip(op.outputs, values, strict=True):
                self.tensors[t] = replace(self.tensors[t], shape=value.shape, data=value)
            self.changed = True

    def _sources(self, op: Operator) -> list[Tensor | None]:
        return [None if t < 0 else self.tensors[t] for t in op.inputs]

    def _results(self, op: Operator) -> list[Tensor]:
        return [self.tensors[t] for t in op.outputs]

    def _values(self, op: Operator) -> tuple[Array, ...] | None:
        """What an operator gives where that is known; None where it is not."""
        sources, results = self._sources(op), self._results(op)
        if not results or not set(op.outputs).isdisjoint(self.graph.outputs):
            return None  # the graph's outputs are computed
        if op.op in ("SHAPE", "RANK") and len(sources) == 1 and sources[0] is not None:
            value = sources[0].shape if op.op == "SHAPE" else len(sources[0].shape)
            wide = results[0].dtype is DType.INT64
            return _typed((np.array(value, np.int64 if wide else np.int32),), results)
        if any(t is not None and t.data is None for t in sources) or not sources:
            return None
        found = self._computed(op, sources, results)
        if found is None:
            return None
        self._budget -= sum(value.nbytes for value in found)
        return found if self._budget >= 0 else None

    def _computed(
        self, op: Operator, sources: Sequence[Tensor | None], results: Sequence[Tensor]
    ) -> tuple[Array, ...] | None:
        folder = MOVES.get(op.op) or CONVERTS.get(op.op)
        if folder is None and not any(_quantized(t) for t in (*sources, *results)):
            folder = COMPUTES.get(op.op)
        if folder is not None:
            inputs = [None if t is None else t.data for t in sources]
            found = evaluated(folder, Known(op, inputs, sources, results))
            if found is not None:
                return _typed(found, results)
        return self._by_reference(op)

    def _by_reference(self, op: Operator) -> tuple[Array, ...] | None:
        """An int8 operator by its model of TensorFlow Lite Micro's arithmetic."""
        known = OPS.get(op.op)
        if known is None or known.states or sum(t.size for t in self._results(op)) > MOST_ELEMENTS:
            return None
        graph = replace(self.graph, tensors=tuple(self.tensors), operators=(op,))
        fixed = {*known.checked}
        if known.weighted:
            fixed |= {known.weighted.weights, known.weighted.bias}
        computed = {
            t
            for position, t in enumerate(op.inputs)
            if t >= 0 and position not in fixed and _quantized(self.tensors[t])
        }
        unknown = [replace(t, data=None) if t.index in computed else t for t in self.tensors]
        try:
            known.check(replace(graph, tensors=tuple(unknown)), op)
        except ForgeError:
            return None  # whoever checks the graph says so
        self._budget -= known.macs(graph, op)
        if self._budget < 0:
            return None
        operands = [
            data for t in op.inputs if t >= 0 and (data := self.tensors[t].data) is not None
        ]
        return known.outputs(graph, op, operands)

    def _infer(self, op: Operator) -> None:
        """The shapes of what stays, where they follow from others than the file's, or where the
        file does not know them."""
        sources, results = self._sources(op), self._results(op)
        as_in_file = all(t is None or self._as_in_file(t) for t in sources)
        if as_in_file and all(-1 not in t.signature for t in results):
            return
        found = shapes_of(op, sources, results)
        for t, shape in zip(results, found or (), strict=False):
            if shape != t.shape:
                self.tensors[t.index] = replace(t, shape=shape)
                self.changed = True

    def _as_in_file(self, t: Tensor) -> bool:
        tensors = self.given.tensors
        return t.index < len(tensors) and t.shape == tensors[t.index].shape


def _quantized(t: Tensor | None) -> bool:
    return t is not None and t.quant is not None and t.dtype in (DType.INT8, DType.INT16)


def _typed(found: Sequence[Array], results: Sequence[Tensor]) -> tuple[Array, ...] | None:
    """The values, if they are of the types that their tensors say."""
    typed = tuple(np.ascontiguousarray(v).reshape(v.shape) for v in found)
    same = all(v.dtype.name.upper() == t.dtype.name for v, t in zip(typed, results, strict=True))
    return typed if same else None
