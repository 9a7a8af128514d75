"""A plan, carried out byte by byte: no tensor is ever overwritten before its last reader."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.memory import graphs
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Operator, Quant, Tensor
from tinyforge.memory.plan import Plan
from tinyforge.memory.planner import plan
from tinyforge.tflite import read_file

# What the kernels allow, by operator: inputs that the output may lie over, byte for byte.
# tests/firmware runs each of them so.
IN_PLACE = {"ADD": (0, 1), "LOGISTIC": (0,), "RELU": (0,), "RELU6": (0,), "SOFTMAX": (0,)}

CASES = {
    **{name: make() for name, make in graphs.SHAPES.items()},
    **{f"vectors_{seed}": graphs.random_vectors(seed, 4 + seed % 17) for seed in range(80)},
    **{f"pictures_{seed}": graphs.random_pictures(seed, 4 + seed % 9) for seed in range(30)},
}


@cache
def planned(name: str) -> Plan:
    return plan(CASES[name])


class Arena:
    """Every byte's owner: which value, and which byte of it. A RESHAPE makes no new value."""

    def __init__(self, graph: Graph, found: Plan) -> None:
        self.graph = graph
        self.plan = found
        self.value: dict[int, int] = {}
        self.owners: list[tuple[int, int] | None] = [None] * found.arena_bytes

    def span(self, tensor: int) -> range:
        begin = self.plan.offsets[tensor]
        return range(begin, begin + self.graph.tensors[tensor].nbytes)

    def write(self, tensor: int) -> None:
        self.value[tensor] = tensor
        for i, address in enumerate(self.span(tensor)):
            self.owners[address] = (tensor, i)

    def check(self, tensor: int, when: str) -> None:
        """The tensor's bytes hold its value, all of it."""
        found = [self.owners[address] for address in self.span(tensor)]
        name = self.graph.tensors[tensor].name
        assert found == [(self.value[tensor], i) for i in range(len(found))], f"{name}, {when}"

    def run(self, op: Operator) -> None:
        computed = [t for t in op.inputs if t >= 0 and self.graph.tensors[t].data is None]
        for t in computed:
            self.check(t, f"read by {self.graph.where(op)}")
        if op.op == "RESHAPE":
            (out,) = op.outputs
            self.value[out] = self.value[computed[0]]
            self.check(out, "reshaped")
            return
        for out in op.outputs:
            for position, t in enumerate(op.inputs):
                if t in computed and not self.may_lie_over(op, position, out):
                    assert not set(self.span(out)) & set(self.span(t)), self.graph.where(op)
            self.write(out)

    def may_lie_over(self, op: Operator, position: int, out: int) -> bool:
        # An operand that is a form of one that may be overwritten lies on the same bytes.
        allowed = [op.inputs[p] for p in IN_PLACE.get(op.op, ())]
        return any(
            self.span(op.inputs[position]) == self.span(t) == self.span(out) for t in allowed
        )


@pytest.mark.parametrize("name", CASES)
def test_no_value_is_overwritten_while_it_is_needed(name: str) -> None:
    graph = CASES[name]
    found = planned(name)
    assert sorted(found.order) == list(range(len(graph.operators)))
    arena = Arena(graph, found)
    for t in graph.inputs:
        arena.write(t)
    for t in graph.inputs:
        arena.check(t, "before the first layer")
    for index in found.order:
        arena.run(graph.operators[index])
    for t in graph.outputs:
        arena.check(t, "at the end")


@pytest.mark.parametrize("name", CASES)
def test_slots_say_what_the_offsets_say(name: str) -> None:
    graph = CASES[name]
    found = planned(name)
    computed = {*graph.inputs, *(t for op in graph.operators for t in op.outputs)}
    assert set(found.offsets) == computed
    assert sorted(t for slot in found.slots for t in slot.tensors) == sorted(computed)
    step = {index: i for i, index in enumerate(found.order)}
    for slot in found.slots:
        assert slot.offset % 4 == 0
        assert 0 <= slot.first <= slot.last < len(graph.operators)
        for t in slot.tensors:
            assert found.offsets[t] == slot.offset
            assert graph.tensors[t].nbytes <= slot.nbytes
            uses = [step[op.index] for op in graph.consumers[t]]
            made = step[graph.producers[t].index] if t in graph.producers else 0
            kept = [len(graph.operators) - 1] if t in graph.outputs else []
            assert slot.first <= made <= slot.last >= max([*uses, *kept, made])
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
