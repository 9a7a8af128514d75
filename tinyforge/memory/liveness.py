"""Which bytes are alive during which step of a schedule.

Values that lie on the same bytes form one buffer: an output that a layer writes over an input
which nobody reads again. A buffer all of whose values are streamed is a ring of a few rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from tinyforge.memory.network import Layer, Network
from tinyforge.memory.schedule import Schedule
from tinyforge.ops.forms import Form

Numbers = npt.NDArray[np.int64]

# When what is there before the first step is written; and of what never happens.
BEFORE, _NEVER = -1, -2

_MOST_ROWS = 4096  # of a buffer; one whose values divide it more finely is alive as one piece


@dataclass(frozen=True, eq=False)
class Rows:
    """When each row of a value, or of a buffer, is written first and read last; equal sizes.

    Steps count from 0; the network's inputs are written before, at -1, and its outputs are read
    after the last. A row that is never made has -2.
    """

    nbytes: int
    first: Numbers
    last: Numbers

    def refined(self, factor: int) -> Rows:
        """The same with each row divided."""
        if factor == 1:
            return self
        return Rows(
            self.nbytes // factor, np.repeat(self.first, factor), np.repeat(self.last, factor)
        )


@dataclass(frozen=True, eq=False)
class Buffer:
    """Consecutive bytes. values: what lies in it, in the order it is written.

    rows: of the buffer, alive from step first to last, both included. ring: whether the values'
    rows follow each other in it round and round. layers: for scratch memory or tiles, whose.
    """

    values: tuple[int, ...]
    rows: Rows
    ring: bool = False
    layers: tuple[int, ...] = ()

    @cached_property
    def nbytes(self) -> int:
        return self.rows.nbytes * len(self.rows.first)

    @cached_property
    def alive(self) -> range:
        """The steps in which some row is."""
        return range(int(self.rows.first.min()), int(self.rows.last.max()) + 1)

    @cached_property
    def full(self) -> range:
        """The steps in which every row is."""
        return range(int(self.rows.first.max()), int(self.rows.last.min()) + 1)


def buffers(network: Network, plan: Schedule) -> tuple[Buffer, ...]:
    """All buffers of a schedule, scratch memory included."""
    return _Liveness(network, plan).buffers()


def peak(found: Sequence[Buffer], steps: int, since: int = BEFORE) -> int:
    """The most bytes that are alive at once, in any step since that: no placement needs less."""
    if not found:
        return 0
    nbytes = np.repeat([b.rows.nbytes for b in found], [len(b.rows.first) for b in found])
    begin = np.concatenate([b.rows.first for b in found]) - BEFORE
    end = np.concatenate([b.rows.last for b in found]) + 1 - BEFORE
    change = np.zeros(steps + 3, np.int64)
    np.add.at(change, begin, nbytes)
    np.subtract.at(change, end, nbytes)
    return int(np.cumsum(change)[since - BEFORE :].max())


@lru_cache(maxsize=4096)
def _last_reader(form: Form, rows: int, taken: int) -> Numbers:
    """For an input of so many rows, the last of the steps taken that reads each; -1 for none."""
    last = np.full(rows, -1, np.int64)
    for step in range(taken):
        needed = form.reads(step)
        if needed:
            begin = needed.start * rows // form.input_rows
            last[begin : -(-needed.stop * rows // form.input_rows)] = step
    return last


@lru_cache(maxsize=4096)
def _writer(form: Form, taken: int) -> Numbers:
    """For each row of the output the step that finishes it; -1 for none of those taken."""
    steps = np.full(form.output_rows, -1, np.int64)
    for step in range(taken):
        for row in form.writes(step):
            steps[row] = step
    return steps


def _times(plan: Schedule) -> dict[int, Numbers]:
    """When each layer takes its steps; one more at the end, that it never takes."""
    layers = np.array(plan.taken)
    order = np.argsort(layers, kind="stable")
    first = np.searchsorted(layers[order], list(plan.forms))
    end = np.searchsorted(layers[order], list(plan.forms), side="right")
    return {
        index: np.append(order[a:b], _NEVER)
        for index, a, b in zip(plan.forms, first, end, strict=True)
    }


class _Liveness:
    def __init__(self, network: Network, plan: Schedule) -> None:
        self.network = network
        self.plan = plan
        self.count = len(plan.taken)
        self.times = _times(plan)
        self.values = {v: self._value(v) for v in network.nbytes}

    def _value(self, value: int) -> Rows:
        readers = [
            (self.times[r.index], r.taking(value, self._form(r)))
            for r in self.network.readers[value]
        ]
        maker = self.network.maker.get(value)
        made = self._form(maker).output_rows if maker else 1
        count = math.lcm(made, *(form.input_rows for _, form in readers))
        if count > _MOST_ROWS:
            count = made
        if maker is None:
            first = np.full(count, BEFORE, np.int64)
        else:
            times = self.times[maker.index]
            first = np.repeat(times[_writer(self._form(maker), len(times) - 1)], count // made)
        last = first.copy()
        for times, form in readers:
            last = np.maximum(last, times[_last_reader(form, len(first), len(times) - 1)])
        if value in self.network.outputs:
            last[:] = self.count
        return Rows(self.network.nbytes[value] // len(first), first, last)

    def _form(self, layer: Layer) -> Form:
        return self.plan.forms[layer.index]

    def buffers(self) -> tuple[Buffer, ...]:
        groups = self._groups()
        found = [self._buffer(group) for group in groups]
        return (*found, *self._scratch(), *self._tiles())

    def _scratch(self) -> Iterator[Buffer]:
        for index, form in self.plan.forms.items():
            if form.scratch_bytes:
                times = self.times[index]
                rows = Rows(form.scratch_bytes, times[:1], times[-2:-1])
                yield Buffer((), rows, layers=(index,))

    def _tiles(self) -> Iterator[Buffer]:
        """One for layers that take their steps in turns: none of them leaves anything in it."""
        spans = sorted(
            (self.times[index][0], self.times[index][-2], form.tile_bytes, index)
            for index, form in self.plan.forms.items()
            if form.tile_bytes
        )
        while spans:
            (first, last, _, _), count = spans[0], 1
            while count < len(spans) and spans[count][0] <= last:
                last = max(last, spans[count][1])
                count += 1
            together, spans = spans[:count], spans[count:]
            rows = Rows(max(s[2] for s in together), np.array([first]), np.array([last]))
            yield Buffer((), rows, layers=tuple(index for *_, index in together))

    def _groups(self) -> list[list[int]]:
        """Values by the bytes they share."""
        groups = {v: [v] for v in self.network.inputs}
        home = {v: groups[v] for v in self.network.inputs}
        for layer in self.network.layers:
            for out in layer.makes:
                shared = self._shared(layer, out, home)
                group = groups.setdefault(out, []) if shared is None else home[shared]
                group.append(out)
                home[out] = group
        return list(groups.values())

    def _shared(self, layer: Layer, out: int, home: Mapping[int, Sequence[int]]) -> int | None:
        """A value on whose bytes an output lies, if there is one. In a variable's place lies what
        it becomes, and before that only what is assigned to it, which then is there already."""
        becomes = self.network.becomes
        if out in becomes:
            return becomes[out]  # who else reads the variable is done
        over = layer.over if len(layer.makes) == 1 else ()
        variable = self.network.homes.get(out)
        if variable is not None and variable not in layer.reads:
            over = (variable, *over)
        for v in over:
            place = home[v][0]
            taken = place in becomes.values() and place != variable
            if not taken and self._may_lie_over(home[v], out):
                return v
        return None

    def _may_lie_over(self, group: Sequence[int], out: int) -> bool:
        """Whether no byte of the group is needed after the one that takes its place is written.

        Only the latest value's may be: it was written when no other was needed.
        """
        rows, new = self.values[group[-1]], self.values[out]
        if self.plan.streamed.issuperset(group) and len(rows.first) != len(new.first):
            return False  # a ring has rows of one size
        count = math.lcm(len(rows.first), len(new.first))
        if count > _MOST_ROWS:
            return bool(rows.last.max() <= new.first.min())
        last = np.repeat(rows.last, count // len(rows.last))
        written = np.repeat(new.first, count // len(new.first))
        return not ((written != _NEVER) & (last > written)).any()

    def _buffer(self, group: Sequence[int]) -> Buffer:
        rows = self._united([self._made(self.values[v]) for v in group])
        if self.plan.streamed.issuperset(group):
            return Buffer(tuple(group), _ring(rows), ring=True)
        return Buffer(tuple(group), rows)

    def _made(self, rows: Rows) -> Rows:
        """Without the last rows, where nobody needed them: they are never made."""
        count = int(np.count_nonzero(rows.first != _NEVER))
        if count == len(rows.first):
            return rows
        return Rows(rows.nbytes, rows.first[:count], rows.last[:count])

    def _united(self, parts: Sequence[Rows]) -> Rows:
        """When the bytes of all parts are alive, from the first writer to the last reader."""
        if len(parts) == 1:
            return parts[0]
        nbytes = math.gcd(*(part.nbytes for part in parts))
        total = max(part.nbytes * len(part.first) for part in parts)
        if total // nbytes > _MOST_ROWS:
            first = np.array([min(part.first.min() for part in parts)])
            return Rows(total, first, np.array([max(part.last.max() for part in parts)]))
        fine = [part.refined(part.nbytes // nbytes) for part in parts]
        count = total // nbytes
        first = np.full(count, np.iinfo(np.int64).max)
        last = np.full(count, _NEVER, np.int64)
        for part in fine:
            n = len(part.first)
            first[:n] = np.minimum(first[:n], part.first)
            last[:n] = np.maximum(last[:n], part.last)
        return Rows(nbytes, first, last)


def _ring(rows: Rows) -> Rows:
    """As few rows as hold what is alive; row y lies in the (y % rows)th.

    Rows are made in order: while one is alive, all between it and the latest one are in the ring.
    """
    total = len(rows.first)
    made = np.searchsorted(rows.first, rows.last, side="right")  # when it is read last
    count = max(1, int((made - np.arange(total)).max()))
    if count == total:
        return rows
    return Rows(
        rows.nbytes,
        rows.first[:count],
        np.array([rows.last[i::count].max() for i in range(count)]),
    )
