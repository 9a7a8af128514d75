"""Streaming models, with resource variables as converters write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder, full_options
from tinyforge.graph.types import DType, Graph, Operator, Quant, Tensor

SCALE, ZERO_POINT = 0.1, -7
_SHAPE = (1, 4, 3)


@dataclass
class Raw:
    """A graph being made: a GraphBuilder's operators and those that it cannot write, in order."""

    b: GraphBuilder = field(default_factory=GraphBuilder)
    tensors: dict[int, Tensor] = field(default_factory=dict)  # those that are not int8
    operators: list[Operator] = field(default_factory=list)
    starts: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    def input(self, shape: Sequence[int] = _SHAPE) -> int:
        return self.b.input(shape, SCALE, ZERO_POINT)

    def variable(self, name: str, start: npt.NDArray[np.generic] | None = None) -> int:
        """A handle. start: its first value; None where nothing gives it one."""
        handle = self.tensor(Tensor(0, name, (), DType.RESOURCE))
        if start is not None:
            self.starts[name] = start
        self.add("VAR_HANDLE", [], [handle], shared_name=name, container="")
        return handle

    def tensor(self, t: Tensor) -> int:
        index = len(self.b.tensors)
        self.b.tensors.append(replace(t, index=index))
        return index

    def read(self, handle: int, shape: Sequence[int] = _SHAPE) -> int:
        quant = Quant((float(np.float32(SCALE)),), (ZERO_POINT,))
        out = self.tensor(Tensor(0, f"read {handle}", tuple(shape), DType.INT8, quant))
        self.add("READ_VARIABLE", [handle], [out])
        return out

    def assign(self, handle: int, value: int) -> None:
        self.add("ASSIGN_VARIABLE", [handle, value], [])

    def add(self, op: str, inputs: list[int], outputs: list[int], **options: str) -> None:
        made = Operator(0, op, tuple(inputs), tuple(outputs), full_options(op, options))
        self.b._operators.append(made)

    def relu(self, x: int) -> int:
        return self.b.op("RELU", [x], self.b.tensors[x].shape, SCALE, ZERO_POINT)

    def sum(self, x: int, y: int) -> int:
        return layers.binary(self.b, self.rng, "ADD", x, y)

    def joined(self, x: int, y: int, rows: Sequence[int]) -> tuple[int, int]:
        """Both along time, and the newest rows of that, as many as x has."""
        a, b = self.b.tensors[x].shape, self.b.tensors[y].shape
        whole = (1, a[1] + b[1], *a[2:])
        cat = self.b.op("CONCATENATION", [x, y], whole, SCALE, ZERO_POINT, axis=1)
        rank = len(whole)
        begin, end = [0, b[1], *[0] * (rank - 2)], list(whole)
        ends = [self.b.constant(np.array(v, np.int32)) for v in (begin, end, [1] * rank)]
        newest = self.b.op("STRIDED_SLICE", [cat, *ends], a, SCALE, ZERO_POINT)
        return cat, newest

    def build(self, outputs: Sequence[int]) -> Graph:
        """With the graph that gives the variables their first values."""
        once = Operator(0, "CALL_ONCE", (), (), {"init_subgraph_index": 1})
        operators = [once, *self.b._operators] if self.starts else self.b._operators
        return Graph(
            "streaming",
            tuple(self.b.tensors),
            tuple(replace(op, index=i) for i, op in enumerate(operators)),
            tuple(self.b._inputs),
            tuple(outputs),
            initializers=(self._initializer(),) if self.starts else (),
        )

    def _initializer(self) -> Graph:
        tensors: list[Tensor] = []
        operators: list[Operator] = []
        for name, values in self.starts.items():
            n = len(tensors)
            dtype = DType[values.dtype.name.upper()]
            tensors += [
                Tensor(n, name, (), DType.RESOURCE),
                Tensor(n + 1, f"{name} at first", values.shape, dtype, None, values),
            ]
            named = {"shared_name": name, "container": ""}
            operators += [
                Operator(n, "VAR_HANDLE", (), (n,), named),
                Operator(n + 1, "ASSIGN_VARIABLE", (n, n + 1), (), {}),
            ]
        return Graph("init", tuple(tensors), tuple(operators), (), ())


def _random(shape: Sequence[int] = _SHAPE) -> npt.NDArray[np.int8]:
    return np.random.default_rng(9).integers(-128, 128, shape).astype(np.int8)


def _window() -> Graph:
    """The newest rows of what came: what microWakeWord's models are made of."""
    r = Raw()
    x = r.input((1, 1, 3))
    v = r.variable("v", _random())
    cat, newest = r.joined(r.read(v), x, ())
    r.assign(v, newest)
    return r.build([r.relu(cat)])


def _sum_of_all() -> Graph:
    """An operator that may write over the variable it reads."""
    r = Raw()
    x = r.input()
    v = r.variable("v", np.full(_SHAPE, ZERO_POINT, np.int8))
    r.assign(v, total := r.sum(r.read(v), x))
    return r.build([r.relu(total)])


def _turned() -> Graph:
    """One that may not: it reads the variable all over the place."""
    r = Raw()
    x = r.input((1, 4, 4))
    v = r.variable("v", _random((1, 4, 4)))
    old = r.read(v, (1, 4, 4))
    axes = r.b.constant(np.array([0, 2, 1], np.int32))
    r.assign(v, r.b.op("TRANSPOSE", [old, axes], (1, 4, 4), SCALE, ZERO_POINT))
    return r.build([r.sum(old, x)])


def _swapped() -> Graph:
    """Two variables that change places, and a third one behind them."""
    r = Raw()
    x = r.input()
    a, b, c = (r.variable(n, s) for n, s in (("a", _random()), ("b", -_random() // 2), ("c", None)))
    old_a, old_b, old_c = r.read(a), r.read(b), r.read(c)
    r.assign(a, old_b)
    r.assign(b, old_a)
    r.assign(c, x)
    return r.build([r.sum(r.sum(old_a, old_c), x)])


def _given_back() -> Graph:
    """What was read is an output of the model, under another shape."""
    r = Raw()
    x = r.input()
    v = r.variable("v", _random())
    old = r.read(v)
    flat = layers.reshape(r.b, old, (1, 12))
    r.assign(v, r.sum(old, x))
    return r.build([flat])


def _read_again() -> Graph:
    """Read twice, assigned twice, read behind each; a variable that is only read, one only
    assigned."""
    r = Raw()
    x = r.input()
    v, fixed, unread = r.variable("v", _random()), r.variable("f", _random()), r.variable("u")
    same = r.variable("v")
    total = r.sum(r.sum(r.read(v), r.read(same)), r.read(fixed))
    r.assign(v, r.relu(x))
    late = r.sum(r.read(same), total)
    r.assign(same, r.sum(late, r.read(v)))
    r.assign(unread, x)
    return r.build([r.sum(r.read(v), x)])


def _delayed() -> Graph:
    """A constant, an input and another variable's old value are assigned."""
    r = Raw()
    x = r.input()
    a, b, c = (r.variable(n, _random()) for n in "abc")
    old = [r.read(v) for v in (a, b, c)]
    quant = Quant((SCALE,), (ZERO_POINT,))
    r.assign(a, x)
    r.assign(b, old[0])
    r.assign(c, r.b.constant(_random(), quant))
    return r.build([r.sum(r.sum(old[0], old[1]), old[2])])


MODELS: Mapping[str, Callable[[], Graph]] = {
    "window": _window,
    "sum": _sum_of_all,
    "transposed": _turned,
    "swapped": _swapped,
    "given back": _given_back,
    "read again": _read_again,
    "delayed": _delayed,
}
