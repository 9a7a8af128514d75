"""Streams for dense.h of no more than the weights that there are: quads that two channels share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.ops.base import Table
from tinyforge.ops.dense import Dense, Int, as_words, by_pairs

# What pruning by blocks should leave out: so many neighbouring output channels, and input channels,
# at once, counted from the first. Where the inputs' channels are a multiple of these, each such
# block is a quad of the kernel's.
BLOCK = (2, 4)

_SPARSE = 2  # FORGE_DENSE_SPARSE
# Where more of the quads have weights, a byte more of each is not won back.
_MOST_QUADS = 0.9
_FURTHEST = 255  # quads that a byte can say


@dataclass(frozen=True, eq=False)
class Sparse(Dense):
    """Of each two channels no more than the quads with weights."""

    @property
    def skips_zeros(self) -> bool:
        return True

    @property
    def way(self) -> str:
        return f"sparse, 2x4 blocks{', by twos' if self.at_once == 2 else ''}"

    @property
    def counts(self) -> Int:
        """How many quads each two channels have in the stream."""
        return np.array([len(taken) for taken in self._taken()])

    @property
    def stream_bytes(self) -> int:
        counts = self.counts
        return int(4 + 4 * (9 + -(-counts // 4) + 2 * counts).sum())

    def fields(self) -> dict[str, int | Table]:
        twos = list(self._twos())
        words = np.array([sum(map(len, twos[: self.channels // 2]))], np.int32)
        return {
            **super().fields(),
            "dense.stream": Table("int32_t", np.concatenate([words, *twos])),
            "dense.bytes": _SPARSE,
        }

    def _taken(self) -> Iterator[npt.NDArray[np.intp]]:
        """The quads of each two channels in the stream."""
        size = np.abs(by_pairs(self.weights)).reshape(-1, 2, self.quads, 4).sum(axis=(1, 3))
        return (reached(np.flatnonzero(of_two)) for of_two in size)

    def _twos(self) -> Iterator[npt.NDArray[np.int32]]:
        """The words of each two channels."""
        scaled = np.stack([self.scaled.multiplier, self.scaled.offset, self.scaled.shift], axis=1)
        parts = (by_pairs(values) for values in (self.weights, self.bias, scaled))
        for taken, weights, bias, parameters in zip(self._taken(), *parts, strict=True):
            kept = weights.reshape(2, -1, 4)[:, taken]
            behind = np.diff(taken, prepend=0).astype(np.uint8)
            yield np.concatenate(
                [
                    as_words(np.array([len(taken), bias[0], bias[0] + 256 * bias[1]])),
                    np.pad(behind, (0, -len(behind) % 4)).view("<i4"),
                    as_words(_halves(kept[0] + 256 * kept[1])),
                    as_words(parameters),
                ]
            )


def _halves(both: Int) -> Int:
    """Two to a word, the first in the lower half."""
    pairs = both.reshape(-1, 2)
    return (pairs[:, 0] & 0xFFFF) | (pairs[:, 1] << 16)


def reached(quads: npt.NDArray[np.intp], furthest: int = _FURTHEST) -> npt.NDArray[np.intp]:
    """The same, at least one, and others between those that lie further from each other."""
    found = quads if len(quads) else np.zeros(1, np.intp)
    gaps = np.diff(found, prepend=0)
    far = gaps > furthest
    between: list[Any] = [
        np.arange(at - gap + furthest, at, furthest)
        for at, gap in zip(found[far], gaps[far], strict=True)
    ]
    return np.sort(np.concatenate([found, *between]))


def sparse(every: Sequence[Dense]) -> Iterator[Sparse]:
    """Of a layer's dense constants, where enough of their quads have no weights."""
    if any(found.byte_weights for found in every):
        words = every[0]
        one = Sparse(words.weights, words.bias, words.scaled, byte_weights=True)
        if one.counts.sum() <= _MOST_QUADS * len(one.counts) * one.quads:
            yield one
