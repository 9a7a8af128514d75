"""A project's golden vectors: how many it carries, and which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import Graph
from tinyforge.memory.lowered import smallest
from tinyforge.memory.network import is_alias
from tinyforge.ops import OPS
from tinyforge.proof import discriminate
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples, synthetic

_BYTES = 4096  # of inputs in flash; at least one input, whatever its size
_CANDIDATES = 24  # of each kind


def most(graph: Graph) -> int:
    """How many golden vectors a model's project carries at most."""
    return max(1, _BYTES // graph.input_bytes)


def chosen(graph: Graph, examples: Examples, seed: int, *, layers: bool = False) -> Chosen:
    """Those few inputs that see most single changes of the model, of the user's examples first.

    layers: whether the self-test will look at layers too, not at answers alone.
    """
    count = most(graph)
    given = examples.inputs[:0] if examples.drawn else examples.inputs
    if not graph.states:
        spread = np.linspace(0, len(given) - 1, min(len(given), _CANDIDATES)).astype(int)
        given = given[spread]
    drawn = synthetic(graph, max(count, _CANDIDATES), seed).inputs
    watched = _digested(graph) if layers else frozenset[int]()
    return discriminate.choose(graph, given, drawn, count, seed, watched=watched)


def _digested(graph: Graph) -> frozenset[int]:
    """What the compiled model leaves of its layers, whichever plan is chosen: all but what may be
    there for a moment only, within another layer."""
    if not all(op.op in OPS for op in graph.operators):
        return frozenset()
    chains = smallest(graph).chains.values()
    within = {op.index for chain in chains for op in chain.operators[:-1]}
    kept = [op for op in graph.operators if op.index not in within and not is_alias(op)]
    return frozenset(t for op in kept for t in op.outputs)


def leading(golden: Chosen, examples: Examples) -> Examples:
    """The examples, with the golden vectors first where nobody gave any; in a sequence they are
    already."""
    if not examples.drawn:
        return examples
    return replace(examples, inputs=np.concatenate([golden.inputs, examples.inputs]))
