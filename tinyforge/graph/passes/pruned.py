"""A graph without what nobody needs: operators no output depends on, and tensors of no operator."""

from __future__ import annotations

from dataclasses import replace

from tinyforge.graph.types import Graph, Operator


def dead_operators(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Drops operators that no output depends on. What ASSIGN_VARIABLE gives is for the next
    inference, and an operator without outputs is there for what it does."""
    needed = set(graph.outputs)
    kept: list[Operator] = []
    for op in reversed(graph.operators):
        if not op.outputs or op.op == "ASSIGN_VARIABLE" or not needed.isdisjoint(op.outputs):
            needed |= set(op.inputs)
            kept.append(op)
    if len(kept) == len(graph.operators):
        return graph, ()
    return pruned(replace(graph, operators=tuple(reversed(kept)))), ()


def pruned(graph: Graph) -> Graph:
    """Without tensors that no operator has and that are no input or output; all renumbered."""
    number = numbering(graph)

    def moved(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number.get(i, i) for i in indices)

    return replace(
        graph,
        tensors=tuple(replace(graph.tensors[t], index=i) for t, i in number.items()),
        operators=tuple(
            replace(op, index=i, inputs=moved(op.inputs), outputs=moved(op.outputs))
            for i, op in enumerate(graph.operators)
        ),
        inputs=moved(graph.inputs),
        outputs=moved(graph.outputs),
    )


def numbering(graph: Graph) -> dict[int, int]:
    """The tensors that stay when a graph is pruned, in order, and their numbers then."""
    used = {t for op in graph.operators for t in (*op.inputs, *op.outputs)}
    used |= {*graph.inputs, *graph.outputs}
    kept = [t.index for t in graph.tensors if t.index in used]
    return {t: i for i, t in enumerate(kept)}
