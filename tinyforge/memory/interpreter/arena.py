"""TensorFlow Lite Micro's arena, allocation by allocation: how much of it a model takes.

Two stacks grow towards each other: the head holds activations and scratch buffers, the tail what
lives as long as the interpreter. While memory is planned, temporary records lie on the head.

Source: tensorflow/lite/micro/{micro_allocator,micro_interpreter,micro_interpreter_graph}.cc and
arena_allocator/single_arena_buffer_allocator.cc of TensorFlow Lite Micro 90b983c2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinyforge.graph import Graph, Tensor
from tinyforge.memory.interpreter import structures as layouts
from tinyforge.memory.interpreter.abi import Abi, aligned
from tinyforge.memory.interpreter.kernels import kernel_for
from tinyforge.memory.interpreter.layer import Layer, Persistent, Scratch, Temp
from tinyforge.memory.interpreter.planner import ALIGNMENT, Buffer, buffers, place
from tinyforge.memory.interpreter.target import Target

_REQUESTS_AHEAD = 12  # scratch requests that room is kept for while an operator is prepared


@dataclass(frozen=True)
class Prediction:
    """What a model takes of the arena.

    head, tail: bytes once the interpreter is ready. smallest_working: the smallest arena, a
    multiple of 16, in which it gets ready: planning can need more than the plan it makes.
    buffers: (what, offset) in the head. structures: bytes of the tail by kind, padding included.
    unknown: operators, as errors name layers, whose own allocations are not known and not counted.
    """

    head: int
    tail: int
    smallest_working: int
    buffers: tuple[tuple[Buffer, int], ...]
    structures: Mapping[str, int]
    unknown: tuple[str, ...]

    @property
    def used(self) -> int:
        """What MicroInterpreter::arena_used_bytes() returns."""
        return self.head + self.tail


def predict(graph: Graph, target: Target) -> Prediction:
    """The arena of an int8 model."""
    arena = _Arena(target.abi)
    arena.start(graph)
    scratch, unknown = _prepare(arena, graph, target)
    planned = buffers(graph, scratch)
    offsets = place(planned)
    head = max((o + b.nbytes for b, o in zip(planned, offsets, strict=True)), default=0)
    states = [graph.tensors[t].nbytes for t in graph.states]
    arena.plan(len(graph.tensors), len(planned), len(scratch), states, head)
    for tensors in (graph.inputs, graph.outputs):
        arena.keep("inputs and outputs", f"{len(tensors)}P", ALIGNMENT)
        for t in tensors:
            arena.keep("inputs and outputs", layouts.TENSOR)
            for layout in _quantization(graph.tensors[t]):
                arena.keep("inputs and outputs", layout)
    return Prediction(
        head=head,
        tail=arena.tail,
        smallest_working=aligned(arena.needed, ALIGNMENT),
        buffers=tuple(zip(planned, offsets, strict=True)),
        structures=dict(arena.kinds),
        unknown=unknown,
    )


def _prepare(
    arena: _Arena, graph: Graph, target: Target
) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
    """Every operator's allocations. Returns its scratch requests and the operators not known."""
    kernels = [kernel_for(op.op, target) for op in graph.operators]
    for kernel in kernels:
        if kernel and kernel.options:
            arena.keep("options of layers", kernel.options)
    for kernel in kernels:
        if kernel and kernel.state:
            arena.keep("state of layers", kernel.state, ALIGNMENT)
    scratch: list[tuple[int, int]] = []
    for position, (op, kernel) in enumerate(zip(graph.operators, kernels, strict=True)):
        for step in kernel.prepare(Layer(graph, op, target.simd)) if kernel else ():
            match step:
                case Temp(tensor):
                    for layout in (layouts.TENSOR, *_quantization(tensor)):
                        arena.borrow(layout)
                case Persistent(what, size):
                    arena.keep(what, _layout(size), ALIGNMENT)
                case Scratch(size):
                    scratch.append((position, arena.abi.size(_layout(size))))
        arena.set_head(_requests(len(scratch), arena.abi))
    unknown = tuple(
        graph.where(op) for op, kernel in zip(graph.operators, kernels, strict=True) if not kernel
    )
    return scratch, unknown


def _layout(size: int | str) -> str:
    return size if isinstance(size, str) else f"{size}b"


def _requests(made: int, abi: Abi) -> int:
    """Bytes of the scratch requests made so far, and of those that the next operator may make."""
    return abi.size(layouts.SCRATCH_REQUEST) * (made + _REQUESTS_AHEAD)


def _quantization(tensor: Tensor) -> tuple[str, ...]:
    """The layouts of what a TfLiteTensor's quantization takes beside it."""
    if tensor.quant is None or not tensor.quant.scale or not tensor.quant.zero_point:
        return ()
    return layouts.QUANTIZATION, layouts.int_array(len(tensor.quant.scale))


@dataclass
class _Arena:
    """The allocator's positions: head and temp from the arena's beginning, tail from its end.

    needed: bytes that the arena must have for all that was done. kinds: bytes of the tail.
    """

    abi: Abi
    head: int = 0
    temp: int = 0
    tail: int = 0
    needed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def start(self, graph: Graph) -> None:
        """What is there before any operator is prepared."""
        for layout in (
            layouts.BUFFER_ALLOCATOR,
            layouts.MEMORY_PLANNER,
            layouts.MICRO_ALLOCATOR,
            layouts.BUILTIN_DATA_ALLOCATOR,
        ):
            self.keep("interpreter", layout)
        self.set_head(_requests(0, self.abi))
        self.keep("interpreter", layouts.SUBGRAPH)
        self.keep("records of tensors", layouts.EVAL_TENSOR, count=len(graph.tensors))
        self.keep("records of layers", layouts.NODE, count=len(graph.operators))

    def keep(self, what: str, layout: str, alignment: int = 0, count: int = 1) -> None:
        """Takes count structures from the tail. alignment: 0 for that of the structure.

        The allocator checks them against the head alone: in too small an arena they overwrite what
        an operator has borrowed, which can crash. They must not here.
        """
        nbytes = self.abi.size(layout) * count
        before = self.tail
        self.tail = aligned(self.tail + nbytes, alignment or self.abi.alignment(layout))
        self.kinds[what] += self.tail - before
        self._require(self.temp + self.tail)

    def borrow(self, layout: str, count: int = 1) -> None:
        """Puts count temporary structures on the head."""
        self.temp = aligned(self.temp, self.abi.alignment(layout)) + self.abi.size(layout) * count
        self._require(self.temp + self.tail)

    def set_head(self, nbytes: int) -> None:
        """Ends all that was borrowed and resizes the head."""
        self.head = self.temp = nbytes
        self._require(self.head + self.tail)

    def plan(
        self, tensors: int, planned: int, scratch: int, states: Sequence[int], head: int
    ) -> None:
        """Plans memory in what lies between head and tail, then makes the head that of the plan.

        states: bytes of the variable tensors, which are in no plan.
        """
        if scratch:
            self.keep("scratch handles", layouts.SCRATCH_HANDLE, count=scratch)
        self.borrow(layouts.SUBGRAPH_OFFSET)
        self.borrow(layouts.ALLOCATION_INFO, tensors + scratch)
        for nbytes in states:
            self.keep("variable tensors", f"{nbytes}b", ALIGNMENT)
        work = planned * self.abi.size(layouts.PLANNED_BUFFER)
        self._require(aligned(self.temp, ALIGNMENT) + work + aligned(self.tail, ALIGNMENT))
        self.set_head(head)

    def _require(self, nbytes: int) -> None:
        self.needed = max(self.needed, nbytes)
