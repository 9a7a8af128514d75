"""What zeros are worth to a layer, as plots of finished values: zeros across, costs upwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinyforge.ops.sparse import BLOCK
from tinyforge.report import wording
from tinyforge.report.break_even import BreakEven, Curve, Least
from tinyforge.report.html_page import tied
from tinyforge.report.pareto import Tick, ticks

_HEADROOM = 1.12  # of the axis, above the dashed line
_ACROSS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BLOCKS = f"blocks of {BLOCK[0]} output by {BLOCK[1]} input channels"
_CURVES = {"unstructured": "single zeros", "blocks": f"zeros in {_BLOCKS}"}
_SHORT = {"unstructured": "single zeros", "blocks": "zeros in blocks"}


@dataclass(frozen=True)
class Plot:
    """lines: a polyline's points in a box of 100 by 100, a curve each. dense: where the dashed line
    lies. left, bottom, title: the model's own point. said: where each curve pays."""

    what: str
    said: str
    up: tuple[Tick, ...]
    across: tuple[Tick, ...]
    dense: str
    lines: tuple[str, ...]
    left: str
    bottom: str
    title: str


@dataclass(frozen=True)
class Zeros:
    """how: what is estimated. rows: the curves' points as (share, costs by column)."""

    lessons: tuple[str, ...]
    plots: tuple[Plot, ...]
    curves: tuple[str, ...]
    how: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class _Measure:
    """One of the costs. pays: the share from which on a curve is below the dashed line."""

    name: str
    of: Callable[[Least], int]
    pays: Callable[[Curve], float | None]
    text: Callable[[int], str]


_MEASURES = (
    _Measure("cycles", lambda cost: cost.cycles, lambda curve: curve.cycles_from, wording.about),
    _Measure(
        "bytes of tables", lambda cost: cost.tables, lambda curve: curve.tables_from, wording.nbytes
    ),
)


def zeros(found: BreakEven) -> Zeros:
    """Texts from the model are printable; they are not escaped."""
    return Zeros(
        lessons=tuple(map(tied, _lessons(found))),
        plots=tuple(_plot(found, measure) for measure in _MEASURES),
        curves=tuple(_CURVES[curve.structure] for curve in found.curves),
        how=tied(_how(found)),
        columns=tuple(
            f"{measure.name}, {_SHORT[curve.structure]}"
            for measure in _MEASURES
            for curve in found.curves
        ),
        rows=tuple(_rows(found)),
    )


def _lessons(found: BreakEven) -> Iterator[str]:
    shape = "x".join(map(str, found.weights))
    own, dense = (
        f"{wording.about(cost.cycles)} cycles and {wording.nbytes(cost.tables)} of tables"
        for cost in (found.own, found.dense)
    )
    yield (
        f"Of layer {found.layer}, {wording.printable(found.op)} {wording.short_name(found.name)}, "
        f"{wording.percent(found.zeros)} of {shape} weights are zero. It can do with about {own}; "
        f"multiplying by zeros, with {dense}."
    )
    yield f"Break-even: skipping zeros pays {'; '.join(_pays(found, m) for m in _MEASURES)}."


def _pays(found: BreakEven, measure: _Measure) -> str:
    """From which shares on zeros save what is measured."""
    each = (_from(measure.pays(curve), _SHORT[curve.structure]) for curve in found.curves)
    return f"in {measure.name} {' and '.join(each)}"


def _from(share: float | None, what: str) -> str:
    return f"at no share of {what}" if share is None else f"from {_share(share)} of {what} on"


def _how(found: BreakEven) -> str:
    return (
        "Estimated, not measured, by what kernels are chosen by: cycles of a Cortex-M4; on a "
        f"Cortex-M0+ or M55, instructions. From {_share(found.shares[0])} to "
        f"{_share(found.shares[-1])} the layer's least weights are made zero, in steps; for zeros "
        "that it has stand others of its weights, drawn at random. The quickest kernel gives the "
        "cycles, the smallest the bytes, which may be two kernels."
    )


def _plot(found: BreakEven, measure: _Measure) -> Plot:
    own, dense = measure.of(found.own), measure.of(found.dense)
    top = _HEADROOM * dense
    return Plot(
        what=measure.name,
        said=_pays(found, measure),
        up=tuple(Tick(_percent(at / top), measure.text(round(at))) for at in ticks(0, top)),
        across=tuple(Tick(_percent(at), _share(at)) for at in _ACROSS),
        dense=_percent(dense / top),
        lines=tuple(_line(found, curve, measure, top) for curve in found.curves),
        left=_percent(found.zeros),
        bottom=_percent(own / top),
        title=f"{wording.percent(found.zeros)} zeros: {measure.text(own)}",
    )


def _line(found: BreakEven, curve: Curve, measure: _Measure, top: float) -> str:
    """From no zeros, where nothing can be skipped."""
    points = zip((0.0, *found.shares), (found.dense, *curve.points), strict=True)
    return " ".join(f"{100 * x:.3f},{100 - 100 * measure.of(y) / top:.3f}" for x, y in points)


def _rows(found: BreakEven) -> Iterator[tuple[str, tuple[str, ...]]]:
    for i, share in enumerate(found.shares):
        costs = ((m.of(c.points[i]), m) for m in _MEASURES for c in found.curves)
        yield _share(share), tuple(measure.text(cost) for cost, measure in costs)


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"
