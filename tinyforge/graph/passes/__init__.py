"""Passes: a Graph to another that computes the same, and what the user should know of it.

`adapt` is for models as they come from a file, before anything else looks at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyforge.graph.passes.absent_bias import absent_bias
from tinyforge.graph.passes.batch import single_batch
from tinyforge.graph.passes.dilated import dilated
from tinyforge.graph.passes.dimensions import dimensions
from tinyforge.graph.passes.folding import folding
from tinyforge.graph.passes.lacking import lacking
from tinyforge.graph.passes.moved_floats import moved_floats
from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.graph.passes.quantized_boundary import quantized_boundary
from tinyforge.graph.passes.tidied import tidied
from tinyforge.graph.passes.variables import variables, with_handles
from tinyforge.graph.types import Graph

Pass = Callable[[Graph], tuple[Graph, tuple[str, ...]]]

# Folding first: arithmetic on shapes reads inputs that are converted.
_ADAPT: tuple[Pass, ...] = (
    variables,
    single_batch,
    folding,
    dead_operators,
    dilated,
    tidied,
    dimensions,
    moved_floats,
    quantized_boundary,
    absent_bias,
    lacking,
)


def adapt(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The graph in the form in which engines run it; the very same where nothing is to be done."""
    notes: list[str] = []
    metadata = graph.metadata
    for one in _ADAPT:
        graph, said = one(graph)
        notes.extend(said)
    if graph.metadata != metadata:
        graph = replace(graph, metadata=metadata)
    return graph, tuple(notes)


__all__ = ["adapt", "with_handles"]
