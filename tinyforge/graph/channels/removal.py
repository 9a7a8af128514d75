"""Which channels a graph can do without, exactly.

Those that cannot vary, where whoever reads them can take them into a bias, and those that nobody
reads. A channel that goes may leave others unread: it is asked again until nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph.channels.intervals import Interval, intervals
from tinyforge.graph.channels.links import Group, channels, groups
from tinyforge.graph.channels.readers import Reader, reader_of
from tinyforge.graph.types import Graph

Int = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lost:
    """A tensor that lost channels. kept: which of its channels are left. constant: which cannot
    vary, whether they are left or not; values: int64, what those are. All (channels,)."""

    kept: Mask
    constant: Mask
    values: Int


def removable(graph: Graph) -> dict[int, Lost]:
    """Tensors that can do without some of their channels, by index; each keeps at least one."""
    found = groups(graph)
    if not found:
        return {}
    work = _Removal(graph, intervals(graph))
    waiting = found
    while True:
        left = [group for group in waiting if not work.take(group)]
        if len(left) == len(waiting):
            return work.lost()
        waiting, work.spared = left, {}


class _Removal:
    """What has gone so far. spared: of each tensor, what its readers can do without, as far as it
    was asked for since something went."""

    def __init__(self, graph: Graph, bounds: Mapping[int, Interval]) -> None:
        constants = {t: _constant(x) for t, x in bounds.items()}
        self.constant = {t: constant for t, (constant, _) in constants.items()}
        self.values = {t: values for t, (_, values) in constants.items()}
        self.kept = {t: np.ones(channels(graph.tensors[t]), np.bool_) for t in bounds}
        self.readers: dict[int, list[Reader]] = {}
        for reader in filter(None, (reader_of(graph, op) for op in graph.operators)):
            self.readers.setdefault(reader.source, []).append(reader)
        self.spared: dict[int, Mask] = {}

    def take(self, group: Group) -> bool:
        """Whether the channels can go, which they then have."""
        if not all(self._can_go(t, numbers) for t, numbers in group.items()):
            return False
        for t, numbers in group.items():
            self.kept[t][numbers] = False
        return True

    def _can_go(self, t: int, numbers: Int) -> bool:
        if t not in self.spared:
            self.spared[t] = self._spared(t)
        return bool(self.spared[t][numbers].all()) and self.kept[t].sum() > len(numbers)

    def _spared(self, t: int) -> Mask:
        readers: Sequence[Reader] = self.readers.get(t, ())
        answers = (r.spared(self.constant[t], self.values[t], self.kept[r.made]) for r in readers)
        return np.asarray(np.all([np.ones_like(self.constant[t]), *answers], axis=0))

    def lost(self) -> dict[int, Lost]:
        return {
            t: Lost(kept, self.constant[t], self.values[t])
            for t, kept in self.kept.items()
            if not kept.all()
        }


def _constant(x: Interval) -> tuple[Mask, Int]:
    """Which channels are one value in all places, and what that is."""
    count = x.low.shape[-1] if x.low.ndim else 1
    low, high = x.low.reshape(-1, count).min(axis=0), x.high.reshape(-1, count).max(axis=0)
    return low == high, low.astype(np.int64)
