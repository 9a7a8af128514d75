"""A search's plot as finished values: flash to the right, the score upwards, in percent of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tinyforge.datasets.decide import figure
from tinyforge.report import wording
from tinyforge.report.pareto import score_ticks, stairs, ticks
from tinyforge.report.tuning import Tuning, said
from tinyforge.tune.study import Trial

_PAD = 0.08  # of what an axis spans, on each side
_APART = 4  # percent of the plot that a label takes


@dataclass(frozen=True)
class Dot:
    """A trial. kind: chosen, front, proved, over (a limit) or stopped. label: the trial's number,
    of the first two, where there is room for it."""

    left: str
    bottom: str
    kind: str
    label: str
    title: str


@dataclass(frozen=True)
class Line:
    """A tick or a limit: where it lies on its axis, and what it says."""

    at: str
    text: str


@dataclass(frozen=True)
class Scatter:
    """front: stairs through the best trade-offs, a polyline's points in a box of 100 by 100. flash,
    accuracy: the limits, or none. low: whether some dots on the lower edge belong further down."""

    dots: tuple[Dot, ...]
    front: str
    across: tuple[Line, ...]
    up: tuple[Line, ...]
    flash: tuple[Line, ...]
    accuracy: tuple[Line, ...]
    low: bool


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> _Axis:
        known = [value for value in values if value is not None]
        low, high = min(known), max(known)
        pad = _PAD * (high - low) or 0.01 * abs(high) or 1.0
        return cls(low - pad, high + pad)

    def at(self, value: float) -> float:
        """From 0 to 100; what is outside lies on the edge."""
        return 100 * min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def scatter(result: Tuning) -> Scatter | None:
    """None where nothing was proved."""
    found, limits, measure = result.found, result.limits, result.measure
    if not found.front:
        return None
    placed = [trial for trial in found.trials if trial.outcome.cost is not None]
    proved = [trial for trial in placed if trial.outcome.end == "proved"]
    across = _Axis.of([*map(_flash, placed), limits.flash])
    # Of the proved ones: what was stopped may be so far below that it hides all differences.
    up = _Axis.of([*(trial.outcome.score for trial in proved), limits.accuracy])
    scores = [trial.outcome.score for trial in placed]
    most = () if limits.flash is None else (limits.flash,)
    least = () if limits.accuracy is None else (limits.accuracy,)
    labelled = _labelled(result, across, up)
    dots = [_dot(trial, result, across, up, named=trial in labelled) for trial in placed]
    return Scatter(
        dots=tuple(sorted(dots, key=lambda dot: _OVER.index(dot.kind))),
        front=_line(found.front, across, up),
        across=tuple(
            Line(_percent(across.at(t)), wording.nbytes(round(t)))
            for t in ticks(across.low, across.high)
        ),
        up=tuple(
            Line(_percent(up.at(t)), figure(measure, t)) for t in score_ticks(up.low, up.high)
        ),
        flash=tuple(Line(_percent(across.at(v)), f"at most {wording.nbytes(v)}") for v in most),
        accuracy=tuple(Line(_percent(up.at(v)), f"at least {figure(measure, v)}") for v in least),
        low=any(score is None or score < up.low for score in scores),
    )


_OVER = ("stopped", "over", "proved", "front", "chosen")  # which are drawn over which


def _labelled(result: Tuning, across: _Axis, up: _Axis) -> list[Trial]:
    """The chosen one, and of the front those whose labels do not cover each other."""
    first = [trial for trial in result.found.front if trial is result.found.chosen]
    taken: list[Trial] = []
    for trial in (*first, *result.found.front):
        x, y = _place(trial, across, up)
        others = [_place(other, across, up) for other in taken]
        if all(max(abs(x - a), abs(y - b)) >= _APART for a, b in others):
            taken.append(trial)
    return taken


def _place(trial: Trial, across: _Axis, up: _Axis) -> tuple[float, float]:
    score = trial.outcome.score
    return across.at(_flash(trial)), up.at(up.low if score is None else score)


def _dot(trial: Trial, result: Tuning, across: _Axis, up: _Axis, *, named: bool) -> Dot:
    left, bottom = _place(trial, across, up)
    return Dot(
        left=_percent(left),
        bottom=_percent(bottom),
        kind=_kind(trial, result),
        label=str(trial.number) if named else "",
        title=f"trial {trial.number}, {trial.candidate}: {said(trial.outcome, result.measure)}",
    )


def _kind(trial: Trial, result: Tuning) -> str:
    if trial is result.found.chosen:
        return "chosen"
    if trial.outcome.end != "proved":
        return "stopped"
    if trial in result.found.front:
        return "front"
    return "over" if trial.outcome.failed else "proved"


def _line(front: Sequence[Trial], across: _Axis, up: _Axis) -> str:
    """Along what is known to be possible: the front is of RAM and time too, which may make one of
    it larger and no more accurate."""
    places: list[tuple[float, float]] = []
    for trial in front:
        x, y = _place(trial, across, up)
        if not places or y > 100 * places[-1][1]:
            places.append((x / 100, y / 100))
    return stairs(places)


def _flash(trial: Trial) -> int:
    assert trial.outcome.cost is not None
    return trial.outcome.cost.flash


def _percent(value: float) -> str:
    return f"{value:.2f}%"
