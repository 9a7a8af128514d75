"""A depthwise bias that is left out as input -1 is no input at all."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.graph.types import Graph, Operator


def absent_bias(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Shortens such operand lists. TensorFlow Lite Micro runs a DEPTHWISE_CONV_2D of two operands,
    but crashes on three of which the last is -1."""
    operators = tuple(_shortened(op) if _left_out(op) else op for op in graph.operators)
    if not any(map(_left_out, graph.operators)):
        return graph, ()
    return replace(graph, operators=operators), ()


def _left_out(op: Operator) -> bool:
    return op.op == "DEPTHWISE_CONV_2D" and op.inputs[2:] == (-1,)


def _shortened(op: Operator) -> Operator:
    return replace(op, inputs=op.inputs[:2])
