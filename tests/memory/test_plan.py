"""A plan, carried out byte by byte: no tensor is ever overwritten before its last reader."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.corpus import layers
from tests.memory import graphs
from tests.memory.picks import random_picks
from tests.ops.in_place import BROADCAST, IN_PLACE
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.ops.forms import Form
from tinyforge.ops.upright import rows_input
from tinyforge.tflite import read_file

CASES = {
    **{name: make() for name, make in graphs.SHAPES.items()},
    **{f"vectors_{seed}": graphs.random_vectors(seed, 4 + seed % 17) for seed in range(80)},
    **{f"pictures_{seed}": graphs.random_pictures(seed, 4 + seed % 9) for seed in range(30)},
    **{f"blocks_{seed}": graphs.random_blocks(seed, 2 + seed % 5) for seed in range(30)},
    **{f"signals_{seed}": graphs.random_signals(seed, 4 + seed % 9) for seed in range(30)},
    **{f"moves_{seed}": graphs.random_moves(seed, 4 + seed % 9) for seed in range(30)},
    **{f"picks_{seed}": random_picks(seed, 4 + seed % 9) for seed in range(20)},
    **{f"states_{seed}": graphs.random_states(seed, 4 + seed % 9) for seed in range(30)},
}


@cache
def planned(name: str, *, by_rows: bool = False) -> Plan:
    return plan(CASES[name], by_rows=by_rows)


class Arena:
    """Every byte's owner: which value, and which byte of it. A RESHAPE makes no new value."""

    def __init__(self, graph: Graph, found: Plan) -> None:
        self.graph = graph
        self.plan = found
        self.value = {t: t for t in (*graph.inputs, *graph.states)}
        for op in graph.operators:
            root = self.value[op.inputs[0]] if op.op == "RESHAPE" else None
            self.value |= {t: t if root is None else root for t in op.outputs}
        self.owners: list[tuple[int, int] | None] = [None] * found.arena_bytes

    def bytes_of(self, tensor: int, rows: range, count: int) -> dict[int, int]:
        """Rows of a tensor that has so many: byte of the tensor to address."""
        place = self.plan.places[tensor].of(count)
        size = self.graph.tensors[tensor].nbytes // count
        return {row * size + i: place.begin(row) + i for row in rows for i in range(size)}

    def write(self, tensor: int, rows: range, count: int) -> set[int]:
        addresses = self.bytes_of(tensor, rows, count)
        for i, address in addresses.items():
            self.owners[address] = (self.value[tensor], i)
        return set(addresses.values())

    def check(self, tensor: int, rows: range, count: int, when: str) -> set[int]:
        """These rows hold the tensor's value."""
        addresses = self.bytes_of(tensor, rows, count)
        name = self.graph.tensors[tensor].name
        for i, address in addresses.items():
            assert self.owners[address] == (self.value[tensor], i), f"{name}, byte {i}, {when}"
        return set(addresses.values())

    def take(self, index: int, number: int) -> None:
        """One step: everything it reads is there, and it writes over nothing it still reads."""
        op = self.graph.operators[index]
        form = form_of(self.graph, self.plan, op)
        where = f"step {number} of {self.graph.where(op)}"
        own = self.own_memory(index, form, number, where)
        reads = [r for r in self.reads(op, form, number) if r[0] in self.value]
        before = [self.check(*read, where) for read in reads]
        for out in op.outputs:
            new = self.bytes_of(out, form.writes(number), form.output_rows)
            for read, old in zip(reads, before, strict=True):
                if old & set(new.values()):
                    assert self.may_lie_over(op, read[0]), where
                    assert new == self.bytes_of(*read), where
            assert not own & self.write(out, form.writes(number), form.output_rows), where

    def reads(self, op: Operator, form: Form, number: int) -> Iterator[tuple[int, range, int]]:
        """Tensors, and the rows of so many that a step reads."""
        chain = self.plan.chains.get(op.index)
        if chain is None:
            height = self.graph.tensors[op.outputs[0]].shape[-3:-2]
            for t in op.inputs:
                if op.op in BROADCAST and self.graph.tensors[t].shape[-3:-2] != height:
                    yield t, range(1), 1
                else:
                    yield t, form.reads(number), form.input_rows
            return
        first = chain.kernel.form
        rows = chain.stages[0].tile[0]
        for row in range(number * rows, number * rows + rows):
            yield chain.first.inputs[0], first.reads(row), first.input_rows
        between = {t for inner in chain.operators for t in inner.outputs}
        for stage in chain.stages:
            for t in set(stage.operator.inputs) - between:
                yield t, range(number, number + 1), form.output_rows

    def own_memory(self, index: int, form: Form, number: int, where: str) -> set[int]:
        """What a layer keeps from step to step is still there; tiles it begins anew."""
        nbytes = form.scratch_bytes or form.tile_bytes
        begin = self.plan.scratch.get(index, 0)
        addresses = set(range(begin, begin + nbytes))
        if number == 0 or form.tile_bytes:
            for address in addresses:
                self.owners[address] = (-1, index)
        assert all(self.owners[a] == (-1, index) for a in addresses), f"scratch, {where}"
        return addresses

    def may_lie_over(self, op: Operator, tensor: int) -> bool:
        """Or over another form of the same bytes."""
        allowed = {self.value.get(op.inputs[p]) for p in IN_PLACE.get(op.op, ())}
        return self.value[tensor] in allowed


def form_of(graph: Graph, found: Plan, op: Operator) -> Form:
    if op.index in found.chains:
        return found.chains[op.index].form(graph)
    return found.kernels[op.index].form


def assert_nothing_is_overwritten(graph: Graph, found: Plan) -> None:
    """Every step is taken, in memory where each byte knows whose it is."""
    assert sorted(found.order) == list(range(len(graph.operators)))
    graph = found.graph
    arena = Arena(graph, found)
    for t in (*graph.inputs, *graph.states):
        arena.write(t, range(1), 1)
    for t in (*graph.inputs, *graph.states):
        arena.check(t, range(1), 1, "before the first layer")
    taken: dict[int, int] = {}
    for index, number in found.steps:
        assert number == taken.get(index, 0)
        taken[index] = number + 1
        arena.take(index, number)
    with_code = {op.index for op in graph.operators if op.op != "RESHAPE"}
    assert set(taken) == with_code - set(found.within)
    for t in (*graph.outputs, *graph.states):
        arena.check(t, range(1), 1, "at the end")


@pytest.mark.parametrize("name", CASES)
def test_no_value_is_overwritten_while_it_is_needed(name: str) -> None:
    assert_nothing_is_overwritten(CASES[name], planned(name))


@pytest.mark.parametrize("name", CASES)
def test_no_value_is_overwritten_while_rows_are_fed(name: str) -> None:
    """The same, where rows of the input come in between: in order, none twice, the first first."""
    graph = CASES[name]
    found = planned(name, by_rows=True)
    graph = found.graph
    source = graph.inputs[rows_input(graph)]
    others = [t for t in graph.inputs if t != source]
    arena = Arena(graph, found)
    for t in (*others, *graph.states):
        arena.write(t, range(1), 1)
    taken: dict[int, int] = {}
    assert found.steps[0] == (FEED, 0)
    for index, number in found.steps:
        assert number == taken.get(index, 0)
        taken[index] = number + 1
        if index == FEED:
            arena.write(source, range(number, number + 1), found.places[source].rows)
        else:
            arena.take(index, number)
    with_code = {op.index for op in graph.operators if op.op != "RESHAPE"}
    assert set(taken) == (with_code - set(found.within)) | {FEED}
    assert taken[FEED] == found.places[source].made <= found.places[source].rows
    for t in (*graph.outputs, *graph.states):
        arena.check(t, range(1), 1, "at the end")
    assert found.lower_bound <= found.arena_bytes


def test_a_fed_input_is_a_ring_of_rows() -> None:
    n = graphs.Net()
    fed = plan(n.build(n.conv(n.input(1, 12, 5, 2), 1)), by_rows=True)
    assert (fed.places[0].rows, fed.places[0].room, fed.places[0].made) == (12, 3, 12)


def test_rows_nobody_needs_are_not_waited_for() -> None:
    n = graphs.Net()
    x = n.input(1, 9, 4, 2)
    upper = layers.moved(n.builder, "SLICE", [x], (1, 4, 4, 2), [0, 0, 0, 0], [1, 4, 4, 2])
    fed = plan(n.build(upper), by_rows=True)
    assert (fed.places[x].rows, fed.places[x].made) == (9, 4)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].states])
def test_a_state_has_its_bytes_for_itself(name: str) -> None:
    """In every step, whatever else lies in the arena then, and in the next inference."""
    graph = CASES[name]
    found = planned(name)
    for t in graph.states:
        (own,) = (slot for slot in found.slots if t in slot.tensors)
        assert own.tensors == (t,)
        assert own.nbytes == graph.tensors[t].nbytes
        assert (own.first, own.last) == (0, len(found.steps) - 1)
        end = own.offset + own.nbytes
        for slot in found.slots:
            apart = slot.offset + slot.nbytes <= own.offset or end <= slot.offset
            assert slot is own or apart


@pytest.mark.parametrize("name", CASES)
def test_slots_say_what_the_places_say(name: str) -> None:
    graph = CASES[name]
    found = planned(name)
    apart = [op for op in graph.operators if op.index not in found.within]
    computed = {*graph.inputs, *graph.states, *(t for op in apart for t in op.outputs)}
    assert set(found.places) == computed
    assert sorted(t for slot in found.slots for t in slot.tensors) == sorted(computed)
    times = dict.fromkeys(graph.inputs, 0)
    for time, (index, _) in enumerate(found.steps):
        times |= dict.fromkeys(graph.operators[index].outputs, time)
    for slot in found.slots:
        assert slot.offset % 4 == 0
        assert 0 <= slot.first <= slot.last < max(1, len(found.steps))
        for t in slot.tensors:
            place = found.places[t]
            assert place.offset == slot.offset
            assert place.row_bytes * min(place.room, place.made) <= slot.nbytes
            assert not slot.rows or slot.rows == place.room
            assert t not in times or slot.first <= times[t] <= slot.last
    assert {layer for s in found.slots for layer in s.layers} == set(found.scratch)
    assert found.arena_bytes == max(slot.offset + slot.nbytes for slot in found.slots)
    assert found.lower_bound <= found.arena_bytes
    assert found.optimal == (found.lower_bound == found.arena_bytes)


@pytest.mark.parametrize("name", ["ad", "kws", "quickdraw", "resnet8", "vww"])
def test_shared_models_are_planned_optimally(name: str, corpus: Path) -> None:
    _, graph = read_file(corpus / "models" / f"{name}.tflite")
    assert plan(graph).optimal


def test_the_plan_is_the_same_every_time() -> None:
    for name in ("diamonds", "vectors_9", "pictures_7"):
        assert plan(CASES[name]) == planned(name)


def test_an_arena_beyond_31_bits_is_refused() -> None:
    quant = Quant((0.5,), (0,))
    shape = (1, 2**30)
    tensors = tuple(Tensor(i, f"t{i}", shape, DType.INT8, quant) for i in range(3))
    options = {"fused_activation_function": 0, "pot_scale_int16": False}
    add = Operator(0, "ADD", (0, 1), (2,), options)
    with pytest.raises(ForgeError, match=r"need 2,147,483,648 bytes"):
        plan(Graph("huge", tensors, (add,), (0, 1), (2,)))


def test_long_models_are_planned_in_no_time() -> None:
    """As many residual blocks as no microcontroller runs; about a second."""
    n = graphs.Net()
    x = n.input(1, 16)
    for i in range(100):
        x = n.add(x, n.dense(n.dense(x, 8 + (3, 20, 9)[i % 3]), 16))
    assert plan(n.build(x)).optimal
