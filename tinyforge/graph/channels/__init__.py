"""Channels that say nothing, removed: the outputs are the same, bit for bit.

intervals: between which values each element lies. links: which channels go together. readers: who
can do without which. removal: what can go. rewriting: the graph without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.graph.channels.removal import Lost, removable
from tinyforge.graph.channels.rewriting import without
from tinyforge.graph.types import Graph


@dataclass(frozen=True, eq=False)
class Narrowed:
    """A graph without the channels that say nothing. whole: as it was. lost: by tensor, of those
    that lost channels. Operators and computed tensors have the same numbers in both."""

    graph: Graph
    whole: Graph
    lost: Mapping[int, Lost]


def narrowed(graph: Graph) -> Narrowed:
    """The graph without channels that cannot vary, or that nobody reads; itself where there are
    none. Its inputs and outputs are as they were."""
    # Tensors that no operator makes any more are nobody's: passes leave them where they were.
    lost = {t: channels for t, channels in removable(graph).items() if t in graph.producers}
    return Narrowed(without(graph, lost) if lost else graph, graph, lost)


__all__ = ["Lost", "Narrowed", "narrowed"]
