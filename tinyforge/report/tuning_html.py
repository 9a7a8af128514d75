"""What a search found as one HTML page that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.datasets.decide import figure
from tinyforge.report import wording
from tinyforge.report.html_page import page
from tinyforge.report.scatter import Scatter, scatter
from tinyforge.report.tuning import Tuning, cells, said, summary, wanted
from tinyforge.tune.study import Trial


@dataclass(frozen=True)
class Row:
    """A trial in the list of all of them."""

    number: str
    candidate: str
    result: str
    seconds: str
    good: bool


@dataclass(frozen=True)
class Page:
    """Everything the template shows, finished."""

    title: str
    model: str
    subtitle: str
    stamp: str
    verdict: str
    lines: tuple[str, ...]
    headline: tuple[tuple[str, str, str], ...]
    plot: Scatter | None
    measure: str
    summary: tuple[str, ...]
    front: tuple[tuple[tuple[str, ...], bool], ...]
    trials: tuple[Row, ...]


def tuning_html(result: Tuning) -> str:
    """The whole page. Names from outside are escaped; the same result gives the same text."""
    return page("tuning.html.j2", _page(result))


def _page(result: Tuning) -> Page:
    model, board = wording.printable(result.model), wording.printable(result.board)
    chosen, measure = result.found.chosen, result.measure
    limits = wanted(result.limits, measure)
    return Page(
        title=f"{model} tuned for {board}",
        model=model,
        subtitle=f"{board}, {result.core}{f'; wanted: {limits}' if limits else ''}",
        stamp="FOUND" if chosen else "NONE",
        verdict="proved" if chosen else "differs",
        lines=(
            f"Trial {chosen.number} is the smallest within all limits: {chosen.candidate}."
            if chosen
            else "No candidate is within all limits.",
            f"The float model: {measure} {figure(measure, result.score)} on "
            f"{wording.plural(result.held_out, 'sample')} held out of "
            f"{wording.printable(result.data)}.",
        ),
        headline=() if chosen is None else _headline(chosen, measure),
        plot=scatter(result),
        measure=measure,
        summary=summary(result),
        front=tuple((cells(trial, measure), trial is chosen) for trial in result.found.front),
        trials=tuple(_row(trial, measure) for trial in result.found.trials),
    )


def _headline(chosen: Trial, measure: str) -> tuple[tuple[str, str, str], ...]:
    _, _, score, flash, ram, ms, _ = cells(chosen, measure)
    return (
        (measure, score, "on data held out"),
        ("flash", flash, "all of it"),
        ("RAM", ram, "all of it"),
        *([("time", f"{ms} ms", "one inference, at most")] if ms else []),
    )


def _row(trial: Trial, measure: str) -> Row:
    outcome = trial.outcome
    return Row(
        str(trial.number),
        str(trial.candidate),
        said(outcome, measure),
        f"{outcome.seconds:.0f} s",
        outcome.end == "proved" and not outcome.failed,
    )
