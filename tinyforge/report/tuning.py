"""What a search found: as a record, as a line while it runs, in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.datasets.decide import figure
from tinyforge.report import wording
from tinyforge.report.drawing import ACCENT, BAD, GOOD, QUIET, Glyphs, fitted, glyphs_of
from tinyforge.tune.found import Found
from tinyforge.tune.limits import Limits
from tinyforge.tune.study import Trial
from tinyforge.tune.trial import Outcome


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """score: of the float model, measured on held_out samples of data, as it takes them in range.
    found: of what was tried within limits."""

    model: str
    board: str
    core: str
    data: str
    range: str
    measure: str
    held_out: int
    score: float
    limits: Limits
    found: Found


def progress(trial: Trial, so_far: Found, measure: str, trials: int) -> str:
    """What is told when a trial is over."""
    done, best = len(so_far.trials), so_far.chosen
    if best is None:
        smallest = "none is good yet"
    else:
        cost = best.outcome.cost
        assert cost is not None
        smallest = f"smallest so far {wording.nbytes(cost.flash)}, trial {best.number}"
    failed = f"; failed: {failures(so_far)}" if so_far.failed else ""
    return (
        f"{done} of {trials}: trial {trial.number}, {trial.candidate}: "
        f"{said(trial.outcome, measure)}; {smallest}{failed}"
    )


def said(outcome: Outcome, measure: str) -> str:
    """A trial's end in a few words."""
    if outcome.end == "refused":
        return f"refused, {wording.printable(outcome.why)}"
    if outcome.end == "stopped" and outcome.score is None:
        return f"not trained, {_too_much(outcome)}"
    parts = [] if outcome.score is None else [figure(measure, outcome.score)]
    if outcome.end == "proved" and outcome.cost is not None:
        cost = outcome.cost
        parts += [f"{wording.nbytes(cost.flash)} flash", f"{wording.nbytes(cost.ram)} RAM"]
        parts += [f"{cost.ms:.2f} ms"] if cost.ms is not None else []
    return ", ".join([*parts, *([_too_much(outcome)] if outcome.failed else [])])


def _too_much(outcome: Outcome) -> str:
    names = [_LACKS.get(name, f"too much {name}") for name in outcome.failed]
    return " and ".join(names)


_LACKS = {"accuracy": "not accurate enough", "ms": "too slow"}


def failures(result: Found) -> str:
    """ "accuracy 8, flash 3": how many trials failed, by what."""
    return ", ".join(f"{name} {number}" for name, number in result.failed.items())


def wanted(limits: Limits, measure: str) -> str:
    """The limits in words; empty without any."""
    parts = [] if limits.accuracy is None else [f"{measure} {figure(measure, limits.accuracy)}"]
    parts += [] if limits.flash is None else [f"flash {wording.nbytes(limits.flash)}"]
    parts += [] if limits.ram is None else [f"RAM {wording.nbytes(limits.ram)}"]
    parts += [] if limits.ms is None else [f"{limits.ms:g} ms"]
    return ", ".join(parts)


def summary(result: Tuning) -> tuple[str, ...]:
    """What came of it, in sentences."""
    found = result.found
    ends = [trial.outcome.end for trial in found.trials]
    good = sum(t.outcome.end == "proved" and not t.outcome.failed for t in found.trials)
    lines = [
        f"{wording.plural(len(ends), 'candidate')}: {ends.count('proved')} proved on the emulated "
        f"board, every layer bit-exact, {good} of them within all limits; "
        f"{ends.count('stopped')} stopped before, as they could not be; "
        f"{ends.count('refused')} refused."
    ]
    if found.failed:
        lines.append(f"What failed, and how often: {failures(found)}.")
    lines += [
        f"Refused: {wording.printable(why)}"
        for why in dict.fromkeys(t.outcome.why for t in found.trials if t.outcome.end == "refused")
    ]
    return tuple(lines)


def tuning_json(result: Tuning) -> dict[str, Any]:
    """Keys in the order of the record; trials by number, in the front and chosen likewise."""
    found = result.found
    return {
        **{key: getattr(result, key) for key in _KEYS},
        "limits": asdict(result.limits),
        "chosen": None if found.chosen is None else found.chosen.number,
        "front": [trial.number for trial in found.front],
        "failed": dict(found.failed),
        "trials": [_trial(trial) for trial in found.trials],
    }


_KEYS = ("model", "board", "core", "data", "range", "measure", "held_out", "score")


def _trial(trial: Trial) -> dict[str, Any]:
    candidate = trial.candidate
    return {
        "number": trial.number,
        "steps": candidate.recipe.steps,
        "channels": candidate.amounts.channels,
        "sparsity": dict(candidate.amounts.by_layer),
        "optimize": trial.candidate.optimize,
        **msgspec.to_builtins(trial.outcome),
    }


@dataclass(frozen=True)
class TerminalTuning:
    """Renders on a Rich console. seconds: wall time of the command."""

    result: Tuning
    seconds: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        body = Group(*_parts(self.result, glyphs_of(options)))
        yield from console.render(body, fitted(options))
        yield Text(f"{self.seconds:,.1f} s", style=QUIET)


def _parts(result: Tuning, glyphs: Glyphs) -> Iterator[RenderableType]:
    limits = wanted(result.limits, result.measure)
    yield Text.assemble(
        (wording.printable(result.model), "bold"),
        f" on {wording.printable(result.board)}, {result.core}"
        f"{f'; wanted: {limits}' if limits else ''}",
    )
    yield Text(
        f"float: {result.measure} {figure(result.measure, result.score)} on "
        f"{wording.plural(result.held_out, 'sample')} held out of {wording.printable(result.data)}"
    )
    yield Text()
    if result.found.front:
        yield _table(result, glyphs)
        yield Text()
    for line in summary(result):
        yield Text(line)
    yield Text()
    chosen = result.found.chosen
    if chosen is None:
        yield Text("None is within all limits.", BAD)
        yield Text(
            "Next: the same command with more --trials goes on; or, for a search with more "
            "room, another --budget or --min-accuracy and another --output."
        )
    else:
        what = f"trial {chosen.number}, {chosen.candidate}"
        yield Text.assemble(("Smallest within all limits: ", GOOD), what)


def _table(result: Tuning, glyphs: Glyphs) -> Table:
    """The front, smallest first."""
    table = Table(
        box=glyphs.rules, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style=ACCENT
    )
    table.add_column("trial", justify="right", no_wrap=True)
    table.add_column("candidate")
    for heading in (result.measure, "flash", "RAM", "ms at most", "over"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trial in result.found.front:
        style = "bold" if trial is result.found.chosen else ""
        table.add_row(*(Text(cell, style) for cell in cells(trial, result.measure)))
    return table


def cells(trial: Trial, measure: str) -> tuple[str, ...]:
    """A proved trial: number, candidate, score, flash, RAM, ms, and the limits that it exceeds."""
    outcome = trial.outcome
    cost, score = outcome.cost, outcome.score
    assert cost is not None and score is not None
    return (
        str(trial.number),
        str(trial.candidate),
        figure(measure, score),
        wording.nbytes(cost.flash),
        wording.nbytes(cost.ram),
        "" if cost.ms is None else f"{cost.ms:.2f}",
        ", ".join(outcome.failed),
    )
