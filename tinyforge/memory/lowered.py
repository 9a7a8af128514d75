"""A graph with the kernels that run it: all that order, streams, placement and code see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyforge.graph import Graph
from tinyforge.ops.chains import Chain, chains
from tinyforge.ops.kernels import Kernels, portable
from tinyforge.ops.target import ANY, Target


@dataclass(frozen=True, eq=False)
class LoweredGraph:
    """kernels: of operators with code, as each runs by itself. chains: what runs as one, by the
    last operator. in_ram: operators whose tables lie in RAM. target: what kernels are for."""

    graph: Graph
    kernels: Kernels
    chains: Mapping[int, Chain] = field(default_factory=dict)
    in_ram: frozenset[int] = frozenset()
    target: Target = ANY


def smallest(graph: Graph) -> LoweredGraph:
    """With kernels that take least memory, as one wherever they can."""
    kernels = portable(graph)
    return LoweredGraph(graph, kernels, chains(graph, kernels))
