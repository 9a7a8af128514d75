"""A narrowed graph against the oracle, which runs the whole one: what is left of each tensor must
be the same, and what is not there must be what it was said to be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.channels import Lost, Narrowed
from tinyforge.ops import OPS
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Channels, Proof


def narrowed_trace(narrowed: Narrowed, whole: Trace) -> Trace:
    """The oracle's trace of the whole graph, (inputs, bytes) a tensor, as that of the narrow one.

    ForgeError where a channel that was removed because it cannot vary is another value in it.
    """
    found = dict(whole)
    for t in narrowed.lost.keys() & whole.keys():
        lost = narrowed.lost[t]
        values = whole[t].reshape(len(whole[t]), -1, len(lost.kept))  # int8: a byte each
        _require_constant(narrowed.whole, t, lost, values)
        found[t] = values[:, :, lost.kept].reshape(len(values), -1)
    return found


def _require_constant(graph: Graph, t: int, lost: Lost, values: npt.NDArray[np.int8]) -> None:
    """values: (inputs, places, channels)."""
    claimed = lost.constant & ~lost.kept
    wrong = np.argwhere((values != lost.values) & claimed)
    if len(wrong):
        row, place, channel = wrong[0].tolist()
        raise ForgeError(
            f"channel {channel} was removed because it is always {lost.values[channel]}, but for "
            f"input {row} the oracle has {values[row, place, channel]}",
            where=graph.where(graph.producers[t]),
            fix="this is an error of tinyforge: report it, with the model",
        )


def removed_channels(narrowed: Narrowed) -> Channels | None:
    """What a graph is without, counted in the layers that have weights; None where it is whole."""
    if not narrowed.lost:
        return None
    graph, lost = narrowed.whole, narrowed.lost
    made = [t for op in graph.operators if _weighted(op.op) for t in op.outputs]
    gone = [lost[t] for t in made if t in lost]
    return Channels(
        constant=sum(int((one.constant & ~one.kept).sum()) for one in gone),
        unread=sum(int((~one.constant & ~one.kept).sum()) for one in gone),
        of=sum(graph.tensors[t].shape[-1] for t in made),
        weight_bytes=_weight_bytes(graph) - _weight_bytes(narrowed.graph),
        macs=_macs(graph) - _macs(narrowed.graph),
    )


def removed_by_layer(narrowed: Narrowed) -> dict[int, int]:
    """How many channels are gone from a layer's output, by its index."""
    makers = narrowed.whole.producers
    return {makers[t].index: int((~lost.kept).sum()) for t, lost in narrowed.lost.items()}


def with_channels(proof: Proof, narrowed: Narrowed) -> Proof:
    """A proof with what its graph is without, where it is of the compiled engine."""
    if proof.engine != "aot":
        return proof
    removed = removed_by_layer(narrowed)
    rows = proof.instructions_by_layer
    return replace(
        proof,
        channels=removed_channels(narrowed),
        instructions_by_layer=tuple(replace(r, removed=removed.get(r.index, 0)) for r in rows),
    )


def _weighted(op: str) -> bool:
    return op in OPS and OPS[op].weighted is not None


def _weight_bytes(graph: Graph) -> int:
    """Of all constants that layers have."""
    return sum(t.nbytes for t in graph.tensors if t.data is not None and graph.consumers[t.index])


def _macs(graph: Graph) -> int:
    return sum(OPS[op.op].macs(graph, op) for op in graph.operators if op.op in OPS)
