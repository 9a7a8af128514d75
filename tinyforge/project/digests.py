"""What the self-test compares beside answers: digests of all that the compiled layers leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.project.templates import render
from tinyforge.proof.oracle import Trace

# Odd, so that a single changed byte is never lost, whatever follows it; 3 modulo 8, so that its
# powers repeat as late as they can. A multiplication and an addition a byte.
FACTOR = 0x9E3779B3


@dataclass(frozen=True)
class Finished:
    """Where rows of an output lie as a layer finishes them: of made rows so many in step first, the
    next ones in each step after it, row y at offset + y % room * size in the arena. layer: its
    place among those with functions."""

    layer: int
    first: int
    room: int
    offset: int
    size: int
    rows: int
    made: int


@dataclass(frozen=True)
class Digests:
    """values: of what layers leave, one a golden vector, of a sequence from its beginning. layers,
    steps: how many there are. fast_bytes: as the plan's."""

    values: tuple[int, ...]
    pieces: tuple[Finished, ...]
    layers: int
    steps: int
    fast_bytes: int | None = None


def digests(graph: Graph, plan: Plan, symbols: Sequence[int], expected: Trace) -> Digests | None:
    """The digests of a compiled model; None where its layers leave nothing.

    symbols: the layers with functions, in their order. expected: the oracle's trace of the golden
    vectors.
    """
    numbers = {index: number for number, index in enumerate(symbols)}
    pieces = tuple(
        Finished(numbers[index], first, place.room, place.offset, place.row_bytes, rows, made)
        for index in symbols
        if index in plan.paces
        for first, rows, made in (plan.paces[index],)
        for place in (plan.places[t] for t in graph.operators[index].outputs)
    )
    if not pieces:
        return None
    count = len(next(iter(expected.values())))
    values = []
    for vector in range(count):
        digest = 0
        for t, row in _finished(graph, plan):
            size = plan.places[t].row_bytes
            digest = digested(digest, expected[t][vector, row * size : (row + 1) * size])
        values.append(digest)
    return Digests(tuple(values), pieces, len(symbols), len(plan.steps), plan.fast_bytes)


def digested(digest: int, values: npt.NDArray[np.int8]) -> int:
    """What a digest becomes by more bytes: d * FACTOR + b of each in turn, modulo 2**32."""
    powers = _powers(len(values) + 1)
    return int(powers[0] * np.uint64(digest) + powers[1:] @ values.view(np.uint8)) % 2**32


@cache
def _powers(count: int) -> npt.NDArray[np.uint64]:
    """The first powers of the factor modulo 2**32, the highest one first."""
    found = [1]
    while len(found) < count:
        found.append(found[-1] * FACTOR % 2**32)
    return np.array(found[::-1], np.uint64)


def _finished(graph: Graph, plan: Plan) -> Iterator[tuple[int, int]]:
    """Tensors and rows of them, as they are finished."""
    for step, rows in zip(plan.steps, plan.finished, strict=True):
        if step.layer not in plan.paces:
            continue
        for t in graph.operators[step.layer].outputs:
            for row in rows:
                yield t, row


def digest_files(found: Digests) -> dict[str, str]:
    """Text by path below the project."""
    several = any(piece.rows > 1 for piece in found.pieces)
    members = [field.name for field in fields(Finished)]
    if not several:  # the same of all
        members = [name for name in members if name not in ("rows", "made")]
    pieces = [[getattr(piece, name) for name in members] for piece in found.pieces]
    widest = max(map(max, pieces))
    values = {
        "step_count": found.steps,
        "layer_count": found.layers,
        "members": ", ".join(members),
        "several": int(several),
        "pieces": pieces,
        "digests": [f"0x{value:08x}u" for value in found.values],
        "fast_bytes": found.fast_bytes,
        "factor": f"0x{FACTOR:08x}",
        "ctype": "uint16_t" if widest < 2**16 else "int32_t",
    }
    return {
        f"src/aot/digests.{suffix}": render(f"aot/digests.{suffix}.j2", **values)
        for suffix in ("h", "c")
    }
