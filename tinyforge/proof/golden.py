"""A project's golden vectors: how many it carries, and which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.proof import discriminate
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples, synthetic
from tinyforge.tflite.about import remembers

_BYTES = 4096  # of inputs in flash; at least one input, whatever its size
_CANDIDATES = 24  # of each kind


def most(graph: Graph) -> int:
    """How many golden vectors a model's project carries at most."""
    return max(1, _BYTES // graph.input_bytes)


def chosen(graph: Graph, examples: Examples, seed: int, *, plan: Plan | None = None) -> Chosen:
    """Those few inputs that see most single changes of the model, of the user's examples first;
    those that are to be kept, where there are any.

    plan: of the compiled model, whose self-test looks at layers too; None: at answers alone.
    """
    count = most(graph) if examples.kept is None else len(examples.kept)
    given = examples.inputs[:0] if examples.drawn else examples.inputs
    if not remembers(graph):
        spread = np.linspace(0, len(given) - 1, min(len(given), _CANDIDATES)).astype(int)
        given = given[spread]
    drawn = synthetic(graph, max(count, _CANDIDATES), seed).inputs
    watched = _digested(plan) if plan else frozenset[int]()
    return discriminate.choose(
        graph, given, drawn, count, seed, watched=watched, kept=examples.kept
    )


def _digested(plan: Plan) -> frozenset[int]:
    """What a compiled model leaves of its layers whole; rows that nobody needs are not made."""
    operators = (plan.graph.operators[index] for index in plan.paces)
    made = (t for op in operators for t in op.outputs)
    return frozenset(t for t in made if plan.places[t].made == plan.places[t].rows)


def leading(golden: Chosen, examples: Examples) -> Examples:
    """The examples, with the golden vectors first where nobody gave any; in a sequence they are
    already."""
    if not examples.drawn:
        return examples
    return replace(examples, inputs=np.concatenate([golden.inputs, examples.inputs]))
