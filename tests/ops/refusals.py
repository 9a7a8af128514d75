"""Asks an operator's check about a graph of that operator alone."""

from __future__ import annotations

import pytest

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.ops import OPS


def accepted(graph: Graph) -> None:
    """The check has nothing to say: so a refusal beside it has the reason that it names."""
    (op,) = graph.operators
    OPS[op.op].check(graph, op)


def refused(graph: Graph, why: str) -> None:
    """The check raises ForgeError with these words, and says which layer it means."""
    (op,) = graph.operators
    with pytest.raises(ForgeError, match=why) as error:
        OPS[op.op].check(graph, op)
    assert op.op in str(error.value)
