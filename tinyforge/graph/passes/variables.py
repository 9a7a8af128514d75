"""Resource variables, as streaming models have them, as variable tensors.

In a file a variable is a handle (VAR_HANDLE) through which READ_VARIABLE copies its value and
ASSIGN_VARIABLE gives it another; CALL_ONCE runs a graph that gives it the first one. Here the
handle's tensor becomes the variable itself: it is read at the beginning of an inference, at most
once, and is assigned at the end, at most once, by an ASSIGN_VARIABLE whose output is the value that
the next inference finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.graph.passes.folding import folding
from tinyforge.graph.passes.pruned import pruned
from tinyforge.graph.passes.values import Array
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS

_HANDLE, _READ, _ASSIGN, _ONCE = "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"
_Key = tuple[str, str]

_FIX = "export the model with its state as an input and an output"


def variables(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """Handles as variable tensors. ForgeError for a variable that is used in another way."""
    if not any(op.op in (_HANDLE, _ONCE) for op in graph.operators):
        return graph, ()
    return _Variables(graph).run(), ()


def with_handles(graph: Graph) -> Graph:
    """The way back: variable tensors that are read and assigned as resource variables again.

    Tensors keep their numbers; those that ASSIGN_VARIABLE makes here lose their maker, and the last
    ones are left out.
    """
    used = [t for t in graph.states if any(_through_handle(op, t) for op in graph.operators)]
    if not used:
        return graph
    tensors = list(graph.tensors)
    made = {t for op in graph.operators if op.op == _ASSIGN for t in op.outputs}
    while tensors[-1].index in made:
        tensors.pop()
    operators = [Operator(0, _ONCE, (), (), {"init_subgraph_index": 1})]
    for number, t in enumerate(used):
        tensors[t] = Tensor(t, graph.tensors[t].name, (), DType.RESOURCE)
        operators.append(Operator(0, _HANDLE, (), (t,), _named(number)))
    operators += [replace(op, outputs=()) if op.op == _ASSIGN else op for op in graph.operators]
    return replace(
        graph,
        tensors=tuple(tensors),
        operators=tuple(replace(op, index=i) for i, op in enumerate(operators)),
        initializers=(_initializer([graph.tensors[t] for t in used]),),
    )


def _through_handle(op: Operator, state: int) -> bool:
    return op.op in (_READ, _ASSIGN) and op.inputs[0] == state


def _named(number: int) -> Mapping[str, str]:
    return {"container": "", "shared_name": str(number)}


def _initializer(states: list[Tensor]) -> Graph:
    """The graph that gives each variable its first value."""
    tensors: list[Tensor] = []
    operators: list[Operator] = []
    for number, state in enumerate(states):
        handle = Tensor(len(tensors), state.name, (), DType.RESOURCE)
        value = replace(
            state, index=handle.index + 1, data=state.at_start(), start=None, variable=False
        )
        tensors += [handle, value]
        operators += [
            Operator(2 * number, _HANDLE, (), (handle.index,), _named(number)),
            Operator(2 * number + 1, _ASSIGN, (handle.index, value.index), (), {}),
        ]
    return Graph("initializer", tuple(tensors), tuple(operators), (), ())


@dataclass
class _Variable:
    """What is known of one variable. state: the tensor that it becomes. read: the tensor that its
    value at the beginning is; assigned: the one that is its value by now."""

    state: int = -1
    name: str = ""
    start: Tensor | None = None
    read: int | None = None
    assigned: int | None = None


@dataclass
class _Variables:
    graph: Graph
    found: dict[_Key, _Variable] = field(default_factory=dict)
    handles: dict[int, _Variable] = field(default_factory=dict)
    renamed: dict[int, int] = field(default_factory=dict)
    kept: list[Operator] = field(default_factory=list)
    outputs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.tensors = list(self.graph.tensors)

    def run(self) -> Graph:
        for op in self.graph.operators:
            self._take(op)
        self.outputs = tuple(self.renamed.get(t, t) for t in self.graph.outputs)
        read = [v for v in self.found.values() if v.read is not None]  # no other is ever seen
        for v in read:
            self.tensors[v.state] = self._state(v)
        changed = [v for v in read if v.assigned not in (None, v.read)]
        for v in changed:
            if self._outlives(v):
                self._copy(v)
        for v in changed:
            self._end_with(v)
        return pruned(
            replace(
                self.graph,
                tensors=tuple(self.tensors),
                operators=tuple(self.kept),
                outputs=self.outputs,
                initializers=(),
            )
        )

    def _end_with(self, v: _Variable) -> None:
        """The assignment, behind all else."""
        assert v.assigned is not None
        state = self.tensors[v.state]
        after = replace(state, index=self._new(), variable=False, start=None)
        self.tensors.append(replace(after, name=f"{state.name}/next"))
        self.kept.append(Operator(0, _ASSIGN, (v.state, v.assigned), (after.index,), {}))

    def _new(self) -> int:
        return len(self.tensors)

    def _outlives(self, v: _Variable) -> bool:
        """Whether what was read is needed once the variable has another value: as an output of the
        graph, or as another variable's next value."""
        same = {v.read}  # under any shape
        for op in self.kept:
            if op.op in OPS and OPS[op.op].lower is None and op.inputs[0] in same:
                same |= set(op.outputs)
        others = {x.assigned for x in self.found.values() if x is not v}
        return not same.isdisjoint({*self.outputs, *others})

    def _copy(self, v: _Variable) -> None:
        """What was read is copied at once; the copy takes its place everywhere."""
        assert v.read is not None
        shape = self.tensors[v.read].shape
        operands = [v.read]
        for name, value in (("begin", 0), ("size", -1)):
            data = np.full(len(shape), value, np.int32)
            operands.append(self._new())
            self.tensors.append(Tensor(operands[-1], name, data.shape, DType.INT32, None, data))
        copied = self._new()
        self.tensors.append(replace(self.tensors[v.read], index=copied))
        read = v.read

        def moved(indices: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(copied if t == read else t for t in indices)

        at = next(i for i, op in enumerate(self.kept) if read in op.outputs) + 1
        copy = Operator(0, "SLICE", tuple(operands), (copied,), {})
        rest = [replace(op, inputs=moved(op.inputs)) for op in self.kept[at:]]
        self.kept[at:] = [copy, *rest]
        self.outputs = moved(self.outputs)
        for x in self.found.values():
            x.assigned = copied if x.assigned == read else x.assigned

    def _take(self, op: Operator) -> None:
        if op.op == _ONCE:
            self._call_once(op)
        elif op.op == _HANDLE:
            (handle,) = op.outputs
            v = self.found.setdefault(_key(op), _Variable())
            if v.state < 0:
                v.state, v.name = handle, self.graph.tensors[handle].name
            self.handles[handle] = v
        elif op.op == _READ:
            self._read(op)
        elif op.op == _ASSIGN:
            self._assign(op)
        else:
            for t in op.inputs:
                if t in self.handles:
                    raise ForgeError(
                        f"{op.op} of a variable is not supported", where=self.graph.where(op)
                    )
            inputs = tuple(self.renamed.get(t, t) for t in op.inputs)
            self.kept.append(replace(op, inputs=inputs))

    def _variable(self, op: Operator, counts: tuple[int, int]) -> _Variable:
        """Of READ_VARIABLE and ASSIGN_VARIABLE, which have so many inputs and outputs."""
        if (len(op.inputs), len(op.outputs)) != counts or op.inputs[0] not in self.handles:
            raise ForgeError("the operator has no variable", where=self.graph.where(op))
        return self.handles[op.inputs[0]]

    def _read(self, op: Operator) -> None:
        """Its value: what was assigned in this inference, else what the one before left."""
        v, (out,) = self._variable(op, (1, 1)), op.outputs
        value = v.read if v.assigned is None else v.assigned
        if value is None:
            v.read = out
            self.kept.append(replace(op, inputs=(v.state,)))
            return
        self._require_alike(op, value, out)
        if self.tensors[value].quant == self.tensors[out].quant:
            self.renamed[out] = value
        else:  # the same bytes, taken for other numbers
            options = {"new_shape": self.tensors[out].shape}
            self.kept.append(Operator(0, "RESHAPE", (value,), (out,), options))

    def _assign(self, op: Operator) -> None:
        v = self._variable(op, (2, 0))
        v.assigned = self.renamed.get(op.inputs[1], op.inputs[1])
        if v.read is not None:
            self._require_alike(op, v.read, v.assigned)

    def _require_alike(self, op: Operator, first: int, second: int) -> None:
        a, b = self.graph.tensors[first], self.graph.tensors[second]
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            raise ForgeError(
                f"a variable is {a.dtype.name} {list(a.shape)} and {b.dtype.name} {list(b.shape)}",
                where=self.graph.where(op),
                fix=_FIX,
            )

    def _call_once(self, op: Operator) -> None:
        """The first values: what a graph of constants assigns."""
        where = self.graph.where(op)
        if self.kept or any(v.assigned is not None for v in self.found.values()):
            raise ForgeError("CALL_ONCE must come before all other layers", where=where, fix=_FIX)
        number = op.options["init_subgraph_index"]
        if not isinstance(number, int) or not 1 <= number <= len(self.graph.initializers):
            raise ForgeError(f"CALL_ONCE calls subgraph {number}, which is not there", where=where)
        called, _ = folding(self.graph.initializers[number - 1])
        keys: dict[int, _Key] = {}
        for step in called.operators:
            if step.op == _HANDLE:
                keys[step.outputs[0]] = _key(step)
            elif step.op == _ASSIGN and len(step.inputs) == 2 and step.inputs[0] in keys:
                value = called.tensors[step.inputs[1]]
                if value.data is None:
                    raise ForgeError(
                        "a variable's first value is computed", where=called.where(step), fix=_FIX
                    )
                self.found.setdefault(keys[step.inputs[0]], _Variable()).start = value
            else:
                raise ForgeError(
                    f"{step.op} in the graph that CALL_ONCE calls, which may only assign constants",
                    where=called.where(step),
                    fix=_FIX,
                )

    def _state(self, v: _Variable) -> Tensor:
        """The variable as a tensor."""
        assert v.read is not None
        like = self.graph.tensors[v.read]
        start: Array | None = None
        if v.start is not None:
            assert v.start.data is not None
            if (v.start.dtype, v.start.size) != (like.dtype, like.size):
                raise ForgeError(
                    f"the variable {v.name!r} begins as {v.start.dtype.name} "
                    f"{list(v.start.shape)}, and goes on as {like.dtype.name} {list(like.shape)}",
                    where=self.graph.name,
                    fix=_FIX,
                )
            start = v.start.data.reshape(like.shape)
        state = Tensor(v.state, v.name, like.shape, like.dtype, like.quant, variable=True)
        same = start is None or bool((start == state.initial).all())
        return state if same else replace(state, start=start)


def _key(handle: Operator) -> _Key:
    container, name = handle.options["container"], handle.options["shared_name"]
    assert isinstance(container, str)
    assert isinstance(name, str)
    return container, name
