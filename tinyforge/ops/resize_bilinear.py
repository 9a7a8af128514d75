"""RESIZE_BILINEAR, int8: places between pixels are whole 1024ths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, check_rank, output, require, tensor
from tinyforge.ops.copying import check_copied, check_shape
from tinyforge.ops.forms import Between
from tinyforge.ops.operands import integers

_ONE = 1024
_LARGEST = 1 << 20  # of an input or an output: what TFLM multiplies by 1024 in 32 bits is larger


@dataclass(frozen=True)
class _Axis:
    """Output i lies at input (i * scale + offset) / 1024. size: of the input."""

    scale: int
    offset: int
    size: int

    def places(self, out: int) -> tuple[npt.NDArray[np.int64], ...]:
        """For each of out outputs the inputs before and behind it, and 1024ths of the second.

        Source: ComputeInterpolationValuesInteger, whose divisions truncate.
        """
        place = np.arange(out, dtype=np.int64) * self.scale + self.offset
        lower = np.maximum(place, 0) // _ONE
        upper = np.minimum((place + _ONE - 1) // _ONE, self.size - 1)
        return lower, upper, place - lower * _ONE

    def fields(self, name: str) -> dict[str, int]:
        return {
            f"{name}.scale": self.scale,
            f"{name}.offset": self.offset,
            f"{name}.size": self.size,
        }


def _axis(op: Operator, size: int, out: int) -> _Axis:
    """Source: ResizeBilinearInteger."""
    scale = (_ONE * size + out // 2) // out
    if op.options["align_corners"] and out > 1:
        scale = (_ONE * (size - 1) + (out - 1) // 2) // (out - 1)
    return _Axis(scale, scale // 2 - _ONE // 2 if op.options["half_pixel_centers"] else 0, size)


def _axes(graph: Graph, op: Operator) -> tuple[_Axis, _Axis]:
    """Down and across."""
    source, out = tensor(graph, op, 0), output(graph, op)
    return _axis(op, source.shape[1], out.shape[1]), _axis(op, source.shape[2], out.shape[2])


def check(graph: Graph, op: Operator) -> None:
    source = check_copied(graph, op, 2)
    check_rank(graph, op, (source,), 4)
    size = integers(graph, op, 1, "size")
    check_shape(graph, op, (source.shape[0], *size, source.shape[3]))
    require(
        not (op.options["align_corners"] and op.options["half_pixel_centers"]),
        "align_corners and half_pixel_centers exclude each other",
        graph,
        op,
    )
    shapes = source.shape[1:3], output(graph, op).shape[1:3]
    require(max(map(max, shapes)) < _LARGEST, "a side is too long", graph, op)
    for axis, out in zip(_axes(graph, op), shapes[1], strict=True):
        lower, _, _ = axis.places(out)
        require(
            int(lower.max()) < axis.size,
            f"from {axis.size} to {out} the interpreter would read past its input",
            graph,
            op,
            fix="enlarge in two layers: steps of 1/1024 are too coarse for one",
        )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (batch, height, width, channels). Source: ResizeBilinearInteger."""
    down, across = _axes(graph, op)
    _, height, width, _ = output(graph, op).shape
    y0, y1, y_part = down.places(height)
    x0, x1, x_part = across.places(width)
    x = inputs[0].astype(np.int64)
    columns = x[:, :, x0] * (_ONE - x_part)[:, None] + x[:, :, x1] * x_part[:, None]
    part = y_part[:, None, None]
    total = columns[:, y0] * (_ONE - part) + columns[:, y1] * part
    half = np.where(total > 0, 1 << 19, -(1 << 19))
    return np.asarray(np.sign(total) * (np.abs(total + half) >> 20), np.int8)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, out = tensor(graph, op, 0), output(graph, op)
    down, across = _axes(graph, op)
    first, last, _ = down.places(out.shape[1])
    pictures, rows = source.shape[:2]
    begins = rows * np.arange(pictures)[:, np.newaxis]
    ends = ((begins + places).reshape(-1).tolist() for places in (first, last))
    return Kernel(
        header="resize_bilinear.h",
        struct="forge_resize_bilinear",
        function="forge_resize_bilinear_row",
        fields={
            **down.fields("down"),
            **across.fields("across"),
            "width": out.shape[2],
            "channels": out.shape[3],
            **({"pictures": pictures, "height": out.shape[1]} if pictures > 1 else {}),
        },
        inputs=(source.index,),
        form=Between(tuple(zip(*ends, strict=True)), pictures * rows),
    )


def summary(graph: Graph, op: Operator) -> str:
    source, out = tensor(graph, op, 0), output(graph, op)
    names = [n.replace("_", " ") for n in ("align_corners", "half_pixel_centers") if op.options[n]]
    sizes = (f"{t.shape[1]}x{t.shape[2]}" for t in (source, out))
    return ", ".join([" to ".join(sizes), *names])


OP = Op("RESIZE_BILINEAR", check, reference, lower, summary=summary)
