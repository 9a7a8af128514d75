"""A model whose file fixes another batch than 1, as one that takes one input at a time.

That it is a batch, and not the first dimension of something else, shows in the shapes: with a batch
of 1 every tensor that is computed has the same shape but for its first dimension, which is the
batch in both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph.passes.folding import Folding
from tinyforge.graph.passes.pruned import pruned
from tinyforge.graph.types import Graph, Operator, Tensor

# Operators with the shape of what they make as an operand, and its position.
_SHAPED = {"RESHAPE": 1, "BROADCAST_TO": 1, "TRANSPOSE_CONV": 0}
# Operators that may take a batch's inputs together and yet keep its shape, and where the axis is.
_ACROSS = {"CUMSUM": 1, "REVERSE_V2": 1}


def single_batch(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Sets the batch to 1, and says so; the very same graph where that is not known to be right."""
    sizes = {t.shape[0] if len(t.shape) > 1 else 1 for t in graph.input_tensors}
    if len(sizes) != 1 or sizes == {1}:
        return graph, ()
    (batch,) = sizes
    as_it_is = Folding(graph)
    as_it_is.run()
    if any(_across(as_it_is.tensors, op) for op in as_it_is.kept):
        return graph, ()
    work = Folding(_with_batch_of_one(graph, batch), given=graph)
    work.run()
    if [op.index for op in work.kept] != [op.index for op in as_it_is.kept]:
        return graph, ()
    for op in work.kept:
        for t in op.outputs:
            before, after = as_it_is.tensors[t].shape, work.tensors[t].shape
            if before[:1] != (batch,) or after != (1, *before[1:]):
                return graph, ()
    note = f"note: the batch is {batch} in the file and 1 in the firmware: one input at a time"
    found = replace(graph, tensors=tuple(work.tensors), operators=tuple(work.kept))
    return pruned(found), (note,)


def _across(tensors: list[Tensor], op: Operator) -> bool:
    if op.op not in _ACROSS:
        return False
    axes, rank = tensors[op.inputs[_ACROSS[op.op]]].data, len(tensors[op.inputs[0]].shape)
    return axes is None or 0 in {int(a) % rank for a in axes.reshape(-1)}


def _with_batch_of_one(graph: Graph, batch: int) -> Graph:
    """Inputs, and shapes that are operands, with 1 in place of the batch."""
    tensors, operators = list(graph.tensors), []
    for t in graph.inputs:
        tensors[t] = replace(tensors[t], shape=(1, *tensors[t].shape[1:]))
    for op in graph.operators:
        position = _SHAPED.get(op.op)
        given = op.options.get("new_shape")
        if isinstance(given, tuple) and given[:1] == (batch,):
            op = replace(op, options={**op.options, "new_shape": (1, *given[1:])})  # noqa: PLW2901
        shape = None
        if position is not None and position < len(op.inputs):
            shape = tensors[op.inputs[position]]
        if position is not None and shape is not None and shape.data is not None:
            values = shape.data.reshape(-1)
            if values[:1].tolist() == [batch]:
                new = np.array([1, *values[1:]], shape.data.dtype)
                tensors.append(replace(shape, index=len(tensors), data=new))
                inputs = list(op.inputs)
                inputs[position] = len(tensors) - 1
                op = replace(op, inputs=tuple(inputs))  # noqa: PLW2901
        operators.append(op)
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))
