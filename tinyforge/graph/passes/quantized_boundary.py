"""Models that take and give float32 or uint8, but compute in int8 or int16: drops the conversions.

The device API converts real values itself, with the same rounding: forge_quantize_input is
TensorFlow Lite Micro's QUANTIZE, forge_dequantize_output its DEQUANTIZE. So the tensors behind the
conversions become the model's inputs and outputs, under the names that those had.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyforge.graph.types import DType, Graph, Operator, Tensor

_INNER = (DType.INT8, DType.INT16)


@dataclass(frozen=True)
class _Conversion:
    """An operator at the graph's boundary. outer: what users see; inner: what is behind it."""

    op: Operator
    outer: int
    inner: int


def quantized_boundary(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Drops a QUANTIZE at an input and a DEQUANTIZE or QUANTIZE at an output; notes say so.

    One that something else reads past stays, and so does one that changes more than the type.
    """
    notes: list[str] = []
    while (found := _first(graph)) is not None:
        notes.append(_note(graph, found))
        graph = _bypassed(graph, found)
    return graph, tuple(notes)


def _first(graph: Graph) -> _Conversion | None:
    for op in graph.operators:
        found = _at_input(graph, op) or _at_output(graph, op)
        if found and _same_values(graph.tensors[found.outer], graph.tensors[found.inner]):
            return found
    return None


def _at_input(graph: Graph, op: Operator) -> _Conversion | None:
    """A QUANTIZE that is all that reads an input."""
    if op.op != "QUANTIZE" or len(op.inputs) != 1 or len(op.outputs) != 1:
        return None
    (outer,), (inner,) = op.inputs, op.outputs
    alone = graph.consumers[outer] == (op,) and outer not in graph.outputs
    return _Conversion(op, outer, inner) if outer in graph.inputs and alone else None


def _at_output(graph: Graph, op: Operator) -> _Conversion | None:
    """A conversion of what an operator computes to an output that nothing else reads. What it
    converts may be an output too, and be converted to others."""
    if op.op not in ("DEQUANTIZE", "QUANTIZE") or len(op.inputs) != 1 or len(op.outputs) != 1:
        return None
    (inner,), (outer,) = op.inputs, op.outputs
    alone = not graph.consumers[outer]
    computed = inner in graph.producers
    return _Conversion(op, outer, inner) if outer in graph.outputs and computed and alone else None


def _note(graph: Graph, found: _Conversion) -> str:
    outer, inner = graph.tensors[found.outer], graph.tensors[found.inner]
    role, function, side = (
        ("input", "forge_quantize_input", graph.inputs)
        if found.outer in graph.inputs
        else ("output", "forge_dequantize_output", graph.outputs)
    )
    return (
        f"note: {role} {outer.name!r} is {outer.dtype.name.lower()} in the file and "
        f"{inner.dtype.name.lower()} in the firmware; {function}{'_at' * (len(side) > 1)} converts "
        "real values as the model did"
    )


def _same_values(outer: Tensor, inner: Tensor) -> bool:
    """Whether int8 or int16 holds what the conversion gives or takes: float32; or int8 what uint8
    does, 128 steps higher."""
    if inner.dtype not in _INNER:
        return False
    if inner.quant is None or inner.quant.per_channel:
        return False
    if outer.dtype is DType.FLOAT32:
        return True
    if (inner.dtype, outer.dtype) != (DType.INT8, DType.UINT8):
        return False
    if outer.quant is None or outer.quant.per_channel:
        return False
    return outer.scale == inner.scale and outer.zero_point == inner.zero_point + 128


def _bypassed(graph: Graph, found: _Conversion) -> Graph:
    """The graph without the operator and the outer tensor; the numbers of others move up."""

    def moved(indices: tuple[int, ...]) -> tuple[int, ...]:
        through = (found.inner if i == found.outer else i for i in indices)
        return tuple(i - (i > found.outer) for i in through)

    tensors = list(graph.tensors)
    if found.inner not in graph.outputs:  # which has a name already that users know
        tensors[found.inner] = replace(tensors[found.inner], name=tensors[found.outer].name)
    del tensors[found.outer]
    operators = [op for op in graph.operators if op is not found.op]
    return replace(
        graph,
        tensors=tuple(replace(t, index=i) for i, t in enumerate(tensors)),
        operators=tuple(
            replace(op, index=i, inputs=moved(op.inputs), outputs=moved(op.outputs))
            for i, op in enumerate(operators)
        ),
        inputs=moved(graph.inputs),
        outputs=moved(graph.outputs),
    )
