"""How a picture of another size becomes the model's input, as C: include/resize.h.

As Pillow resizes bytes with its bilinear filter. Source: Resample.c of Pillow 11, precompute_coeffs
and normalize_coeffs_8bpc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph
from tinyforge.project.model_files import value_rows
from tinyforge.project.real_inputs import resized
from tinyforge.project.templates import render

_BITS = 22  # fraction bits of a weight


@dataclass(frozen=True, eq=False)
class Axis:
    """first: (n,), the first pixel that each of n pixels is made of. weights: int32 (n, most), of
    those from there on, with 22 fraction bits."""

    first: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int32]


def resize_file(graph: Graph) -> dict[str, str]:
    """include/resize.h, where pictures of the model have another size."""
    found = resized(graph)
    if found is None:
        return {}
    axes = [
        _axis(name, size, axis_of(size, to))
        for name, size, to in zip(("rows", "columns"), found.size, found.to, strict=True)
    ]
    return {"include/resize.h": render("project/resize.h.j2", r=found, axes=axes)}


def axis_of(size: int, to: int) -> Axis:
    """The tables of one axis, from size pixels to as many."""
    scale = size / to
    support = max(scale, 1.0)  # of the filter, in pixels of the picture
    near_by, most = 1 / support, math.ceil(support) * 2 + 1
    first, weights = np.zeros(to, np.int64), np.zeros((to, most), np.int32)
    for i in range(to):
        center = (i + 0.5) * scale
        begin = max(0, int(center - support + 0.5))
        count = min(size, int(center + support + 0.5)) - begin
        near = [max(0.0, 1 - abs((x + begin - center + 0.5) * near_by)) for x in range(count)]
        total = sum(near)
        first[i] = begin
        weights[i, :count] = [int(0.5 + w / total * (1 << _BITS)) for w in near]
    return Axis(first, weights)


@dataclass(frozen=True)
class _Table:
    name: str
    size: int
    most: int
    first: list[str]
    weights: list[str]


def _axis(name: str, size: int, axis: Axis) -> _Table:
    return _Table(
        name,
        size,
        axis.weights.shape[1],
        value_rows(axis.first.tolist()),
        value_rows(axis.weights.reshape(-1).tolist()),
    )
