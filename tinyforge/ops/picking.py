"""What operators share that take elements from anywhere in their input, where constants say so.

Where every dimension is walked in even steps, that is a copy (copying.py); else one that is not has
a table of its places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import Kernel, Table, require
from tinyforge.ops.copying import copy, steps
from tinyforge.ops.forms import MOST_STEPS, Picked

_MAX_COPIED = 5  # dimensions that forge_copy walks
_MAX_PICKED = 4  # and forge_pick

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Dimension:
    """Elements from the first place to each. step: between neighbours, None where it varies."""

    places: Places

    @property
    def step(self) -> int | None:
        steps = np.diff(self.places)
        return int(steps[0]) if (steps == steps[0]).all() else None

    def goes_on_in(self, inner: _Dimension) -> bool:
        """Whether both are one dimension that is walked in even steps."""
        return (
            inner.step is not None
            and self.step is not None
            and self.step == inner.step * len(inner.places)
        )

    def together_with(self, inner: _Dimension) -> _Dimension:
        return _Dimension((self.places[:, None] + inner.places).reshape(-1))


def pick(source: Tensor, walk: Sequence[npt.NDArray[Any]]) -> Kernel | None:
    """The kernel that gathers the output's bytes from the source; None where there is none.

    walk: for every dimension of the output, outermost first, the element of the source that each
    index adds.
    """
    places = [np.asarray(w, np.int64) for w in walk]
    start = sum(int(p[0]) for p in places)
    dimensions = _merged([_Dimension(p - p[0]) for p in places if len(p) > 1])
    run = 1
    if dimensions and dimensions[-1].step == 1:
        run = len(dimensions.pop().places)
    if len(dimensions) < _MAX_COPIED and all(d.step is not None for d in dimensions):
        found = [(len(d.places), d.step or 0) for d in dimensions]
        return copy(source, start, [*found, (run, 1)])
    return _tabled(source, start, dimensions, run)


def _merged(dimensions: Sequence[_Dimension]) -> list[_Dimension]:
    """The same in as few dimensions as can be without a larger table."""
    merged: list[_Dimension] = []
    for dimension in dimensions:
        if merged and merged[-1].goes_on_in(dimension):
            merged[-1] = merged[-1].together_with(dimension)
        else:
            merged.append(dimension)
    return merged


def _tabled(
    source: Tensor, start: int, dimensions: Sequence[_Dimension], run: int
) -> Kernel | None:
    if len(dimensions) > _MAX_PICKED:
        return None
    itemsize = source.dtype.itemsize
    fields: dict[str, int | Table] = {"start": start * itemsize}
    for i in range(_MAX_PICKED):
        depth = i - (_MAX_PICKED - len(dimensions))
        fields |= _fields(i, dimensions[depth], itemsize) if depth >= 0 else {f"size[{i}]": 1}
    fields["run"] = run * itemsize
    return Kernel("pick.h", "forge_pick", "forge_pick_run", fields, (source.index,))


def _fields(i: int, dimension: _Dimension, itemsize: int) -> dict[str, int | Table]:
    found: dict[str, int | Table] = {f"size[{i}]": len(dimension.places)}
    if dimension.step is None:
        return found | {f"places_{i}": Table("int32_t", dimension.places * itemsize)}
    return found | {f"step[{i}]": dimension.step * itemsize}


def take_indices(source: Tensor, indices: Sequence[npt.NDArray[Any]]) -> Kernel | None:
    """The kernel that takes these indices of each dimension of the source; of an image by rows."""
    step = steps(source.shape)
    walk = [np.asarray(i, np.int64) * s for i, s in zip(indices, step, strict=True)]
    image = len(source.shape) == 4 and source.shape[0] == 1 and len(indices[0]) == 1
    if not image or not 2 <= len(indices[1]) <= MOST_STEPS:
        return pick(source, walk)
    kernel = pick(source, walk[2:])
    rows = tuple(int(i) for i in indices[1])
    return kernel and replace(kernel, form=Picked(rows, source.shape[1]))


def check_places(graph: Graph, op: Operator, kernel: Kernel | None) -> None:
    require(
        kernel is not None,
        f"more than {_MAX_PICKED} dimensions are taken from apart from each other",
        graph,
        op,
    )


def lowering(
    kernel: Callable[[Graph, Operator], Kernel | None],
) -> Callable[[Graph, Operator], Kernel]:
    """Op.lower of an operator whose check asks check_places about this kernel."""

    def lower(graph: Graph, op: Operator) -> Kernel:
        found = kernel(graph, op)
        assert found is not None, "checked"
        return found

    return lower
