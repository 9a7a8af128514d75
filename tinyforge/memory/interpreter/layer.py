"""One operator as its kernel sees it, and what kernels allocate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.memory.interpreter import cmsis_nn
from tinyforge.memory.interpreter.target import Simd

OUT = -1  # the position of an operator's output


@dataclass(frozen=True)
class Temp:
    """A TfLiteTensor made for the time of the kernel's Prepare."""

    tensor: Tensor


@dataclass(frozen=True)
class Persistent:
    """Bytes for as long as the interpreter lives, or a layout (abi.py). what: for a reader."""

    what: str
    size: int | str


@dataclass(frozen=True)
class Scratch:
    """Bytes while the operator runs, or a layout."""

    size: int | str


Step = Temp | Persistent | Scratch


@dataclass(frozen=True)
class Layer:
    """One operator of a graph."""

    graph: Graph
    op: Operator
    simd: Simd

    def tensor(self, position: int) -> Tensor | None:
        """Input number `position`, or the output for OUT; None for an input left out."""
        if position == OUT:
            return self.graph.tensors[self.op.outputs[0]]
        if position >= len(self.op.inputs) or self.op.inputs[position] < 0:
            return None
        return self.graph.tensors[self.op.inputs[position]]

    def need(self, position: int) -> Tensor:
        """As tensor(), where the operator always has it."""
        found = self.tensor(position)
        assert found is not None, f"{self.graph.where(self.op)} lacks input {position}"
        return found

    def temps(self, *positions: int) -> Iterator[Temp]:
        """A temporary tensor for each of those that are there."""
        for tensor in map(self.tensor, positions):
            if tensor is not None:
                yield Temp(tensor)

    def window(self) -> cmsis_nn.Window:
        """The geometry of a convolution."""
        options = self.op.options
        source, weights, output = self.need(0), self.need(1), self.need(OUT)
        stride = (integer(options["stride_h"]), integer(options["stride_w"]))
        dilation = (integer(options["dilation_h_factor"]), integer(options["dilation_w_factor"]))
        kernel = (weights.shape[1], weights.shape[2])
        size, out = (source.shape[1], source.shape[2]), (output.shape[1], output.shape[2])
        padding = tuple(
            max((o - 1) * s + (k - 1) * d + 1 - i, 0) // 2
            for o, s, k, d, i in zip(out, stride, kernel, dilation, size, strict=True)
        )
        return cmsis_nn.Window(
            size, kernel, stride, dilation, (padding[0], padding[1]), out, source.shape[3]
        )


def integer(value: object) -> int:
    """An operator's option that is an integer."""
    assert isinstance(value, int)
    return value
