"""What each variant is worth against what it takes, as a plot of finished values.

Positions are shares of the plot in percent; numbers stand for variants, in their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinyforge.datasets.decide import figure
from tinyforge.report import wording
from tinyforge.report.record import Comparison, Device

_HEADROOM = 0.12  # of the axes beyond the outermost points
_TICKS = 5


@dataclass(frozen=True)
class Point:
    """best: no other variant is both cheaper and better. title: all that it stands for."""

    left: str
    bottom: str
    number: str
    title: str
    best: bool


@dataclass(frozen=True)
class Tick:
    at: str
    text: str


@dataclass(frozen=True)
class Plot:
    """what: the axis across. line: through the best, as a polyline's points in a box of 100 by 100.
    best: those, in words."""

    what: str
    points: tuple[Point, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    line: str
    best: str


@dataclass(frozen=True)
class _Costed:
    number: int
    name: str
    cost: float
    score: float


def plots(found: Comparison) -> tuple[Plot, ...]:
    """Of flash and of milliseconds, where two variants or more have both and a score."""
    made = (
        _plot(found, "flash", lambda device: device.flash, lambda x: wording.nbytes(round(x))),
        _plot(found, "milliseconds", _middle, lambda x: f"{x:,.3g} ms"),
    )
    return tuple(plot for plot in made if plot is not None)


def _middle(device: Device) -> float | None:
    """Of the range."""
    return None if device.ms is None else (device.ms.low + device.ms.high) / 2


def _plot(
    found: Comparison,
    what: str,
    cost_of: Callable[[Device], float | None],
    text: Callable[[float], str],
) -> Plot | None:
    costed = [
        _Costed(number, wording.printable(v.name), cost, v.accuracy)
        for number, v in enumerate(found.variants, 1)
        if v.device and v.accuracy is not None and (cost := cost_of(v.device)) is not None
    ]
    if len(costed) < 2:
        return None
    best = _best(costed)
    across = (0.0, max(one.cost for one in costed) * (1 + _HEADROOM))
    up = _padded([one.score for one in costed])
    points = tuple(
        Point(
            _percent(_share(one.cost, across)),
            _percent(_share(one.score, up)),
            str(one.number),
            f"{one.name}: {text(one.cost)}, {found.measure} {figure(found.measure, one.score)}",
            one in best,
        )
        for one in costed
    )
    return Plot(
        what=what,
        points=points,
        across=tuple(Tick(_percent(_share(x, across)), text(x)) for x in ticks(*across)),
        up=tuple(Tick(_percent(_share(y, up)), figure(found.measure, y)) for y in score_ticks(*up)),
        line=stairs([(_share(one.cost, across), _share(one.score, up)) for one in best]),
        best=", ".join(f"{one.number} {one.name}" for one in best),
    )


def _best(costed: Sequence[_Costed]) -> list[_Costed]:
    """Those that no other beats, the cheapest first; of equals all."""
    kept = [
        one
        for one in costed
        if not any(
            other.cost <= one.cost
            and other.score >= one.score
            and (other.cost, other.score) != (one.cost, one.score)
            for other in costed
        )
    ]
    return sorted(kept, key=lambda one: (one.cost, one.number))


def stairs(best: Sequence[tuple[float, float]]) -> str:
    """Right from each until the next one, then up to it, and to the end: a polyline's points in a
    box of 100 by 100, where y counts downwards. best: x and y, as shares, from left to right."""
    corners: list[tuple[float, float]] = []
    for share, height in best:
        x, y = 100 * share, 100 - 100 * height
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    corners.append((100, corners[-1][1]))
    return " ".join(f"{x:.3f},{y:.3f}" for x, y in corners)


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = max(high - low, 0.01) * _HEADROOM * 2
    return low - room, high + room


def _share(value: float, ends: tuple[float, float]) -> float:
    return (value - ends[0]) / (ends[1] - ends[0])


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, at most _TICKS."""
    rough = (high - low) / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


def score_ticks(low: float, high: float) -> list[float]:
    """The same for a score, which is 1 at most, whatever room the plot has above it."""
    return [tick for tick in ticks(low, high) if tick <= 1 or math.isclose(tick, 1)]


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"
