"""Chains: layers that run as one, a few pixels at a time.

A convolution can make any pixel of its output alone. Where one layer alone reads that output, and
takes each pixel once (a pool whose windows do not overlap, a 1x1 convolution, an ADD), it can
follow at once. The output between the two is then never there but for a tile of it, the pixels
under one window, or under two where kernels are quicker with two; and a layer that makes one pixel
from a tile is the same layer on a smaller tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops import OPS
from tinyforge.ops.base import Kernel
from tinyforge.ops.forms import Fused, Windowed, aligned
from tinyforge.ops.kernels import Kernels, as_on
from tinyforge.ops.target import ANY, Target

Tile = tuple[int, int]  # rows, columns

_PIXEL: Tile = (1, 1)
# How many pixels at once, the best first: quick kernels make two in little more time than one,
# those that use vectors four.
_TOGETHER, _BY_VECTORS = (2, 3, 5, 7), (4, 5, 3, 7, 2)


@dataclass(frozen=True)
class Stage:
    """A layer after the first. tensor: what lies before it, of which there is a tile.

    kernel: makes as many pixels as the chain does at once from the tile, and from as many of each
    other input. offset: where the tile begins in the chain's memory.
    """

    operator: Operator
    tensor: int
    tile: Tile
    kernel: Kernel
    offset: int


@dataclass(frozen=True)
class Chain:
    """kernel: the first operator's, which makes the pixels of the first tile. columns: how many
    pixels of the output are made at once, of as many columns. tile_bytes: of all
    tiles. Behind them is the memory that kernels need for themselves, one after the other."""

    first: Operator
    kernel: Kernel
    stages: tuple[Stage, ...] = ()
    tile_bytes: int = 0
    columns: int = 1

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (self.first, *(stage.operator for stage in self.stages))

    @property
    def last(self) -> int:
        """The last operator's index."""
        return self.operators[-1].index

    @property
    def output(self) -> int:
        """The last operator's tensor."""
        return self.operators[-1].outputs[0]

    @property
    def own(self) -> int:
        """Where the memory begins that kernels need for themselves."""
        return aligned(self.tile_bytes)

    @property
    def own_bytes(self) -> int:
        kernels = (self.kernel, *(stage.kernel for stage in self.stages))
        return max(kernel.form.tile_bytes for kernel in kernels)

    def kernel_of(self, op: Operator) -> Kernel:
        """The kernel that one of the operators has in the chain."""
        kernels = {stage.operator.index: stage.kernel for stage in self.stages}
        return kernels.get(op.index, self.kernel)

    def form(self, graph: Graph) -> Fused:
        """How it goes over the first operator's input."""
        assert isinstance(self.kernel.form, Windowed)
        height = graph.tensors[self.output].shape[1]
        nbytes = self.own + self.own_bytes if self.own_bytes else self.tile_bytes
        return Fused(self.kernel.form, height, self.stages[0].tile[0], nbytes)


def chains(graph: Graph, kernels: Kernels, target: Target = ANY) -> Mapping[int, Chain]:
    """All that a graph's layers can form, each by the index of its last operator.

    kernels: as layers run by themselves; in a chain they compute in the same ways.
    """
    found: dict[int, Chain] = {}
    for op in graph.operators:
        longer = list(_extended(graph, kernels, target, found, op))
        if longer:
            # The one with most work: of two branches that an ADD joins, the longer one.
            chain = max(longer, key=lambda chain: _macs(graph, chain))
            del found[chain.operators[-2].index]
            found[op.index] = chain
        elif _by_pixels(kernels.get(op.index)):
            found[op.index] = Chain(op, kernels[op.index])
    return {last: chain for last, chain in found.items() if chain.stages}


def _macs(graph: Graph, chain: Chain) -> int:
    return sum(OPS[op.op].macs(graph, op) for op in chain.operators)


def _by_pixels(kernel: Kernel | None) -> bool:
    """Whether it can make pixels of its output alone."""
    form = kernel and kernel.form
    return isinstance(form, Windowed) and form.window.pictures == 1


def _extended(
    graph: Graph, kernels: Kernels, target: Target, found: Mapping[int, Chain], op: Operator
) -> Iterator[Chain]:
    """Chains that the operator may join, with it."""
    for t in op.inputs:
        maker = graph.producers.get(t)
        chain = maker and found.get(maker.index)
        if not chain or graph.consumers[t] != (op,) or t in graph.outputs:
            continue
        window = _window(graph, op, kernels.get(op.index), graph.tensors[t])
        if window is None or (chain.stages and window != _PIXEL):
            continue
        columns = chain.columns
        if not chain.stages and (chain.kernel.is_quick or kernels[op.index].is_quick):
            columns = _together(graph.tensors[op.outputs[0]].shape[2], target)
        tile = window[0], window[1] * columns
        offset = aligned(chain.tile_bytes)
        kernel = as_on(_on_tile(graph, op, t, tile, columns), op, kernels[op.index], target)
        stage = Stage(op, t, tile, kernel, offset)
        nbytes = tile[0] * tile[1] * pixel_bytes(graph.tensors[t])
        yield Chain(chain.first, chain.kernel, (*chain.stages, stage), offset + nbytes, columns)


def _together(width: int, target: Target) -> int:
    """How many columns at once divide a row, where kernels are quick with two or more."""
    counts = _BY_VECTORS if target.mve else _TOGETHER
    return next((count for count in counts if width % count == 0), 1)


def _window(graph: Graph, op: Operator, kernel: Kernel | None, source: Tensor) -> Tile | None:
    """What of an input makes one pixel; None where some pixel takes part in none or in several."""
    known, out = OPS[op.op], graph.tensors[op.outputs[0]]
    if kernel is None or len(op.outputs) != 1 or len(out.shape) != 4:
        return None
    if out.shape[0] != 1 or out.shape[1] < 2:
        return None
    form = kernel.form
    if isinstance(form, Windowed):
        w = form.window
        apart = w.stride == w.kernel and w.dilation == _PIXEL and w.padding == (0, 0)
        inside = all(o * k <= i for o, k, i in zip(w.output, w.kernel, w.input, strict=True))
        return w.kernel if apart and inside else None
    others = (graph.tensors[t] for t in op.inputs if t >= 0)
    by_element = bool(known.inplace) and all(
        t.shape == out.shape if t.data is None else max(_image(t), default=1) == 1 for t in others
    )
    return _PIXEL if by_element and op.inputs.count(source.index) == 1 else None


def pixel_bytes(t: Tensor) -> int:
    """Of a pixel of a picture."""
    return t.shape[-1] * t.dtype.itemsize


def _image(t: Tensor) -> tuple[int, ...]:
    """All dimensions but the channels."""
    return t.shape[:-1]


def _on_tile(graph: Graph, op: Operator, source: int, tile: Tile, columns: int) -> Graph:
    """A graph in which the operator makes a few columns of a row, from a tile of the source."""
    tensors = list(graph.tensors)
    for t in (*op.inputs, *op.outputs):
        if t >= 0 and tensors[t].data is None:
            shape = (1, *(tile if t == source else (1, columns)), tensors[t].shape[3])
            tensors[t] = replace(tensors[t], shape=shape)
    return replace(graph, tensors=tuple(tensors))
