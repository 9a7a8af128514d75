"""What comes of a search: the front by brute force, the smallest, and what is told of the rest."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from tests.tune import fakes
from tinyforge.report.json_report import json_text
from tinyforge.report.scatter import scatter
from tinyforge.report.tuning import TerminalTuning, Tuning, progress, said, summary, tuning_json
from tinyforge.report.tuning_html import tuning_html
from tinyforge.training.recipe import BLOCKS, PRUNED, QAT, REMOVED, Amounts, Recipe
from tinyforge.tune.candidate import Candidate, groups
from tinyforge.tune.found import Found, found
from tinyforge.tune.limits import Cost, Limits
from tinyforge.tune.study import Trial
from tinyforge.tune.trial import Outcome


def trial(number: int, score: float, flash: int, ram: int = 10, ms: float = 1.0) -> Trial:
    pruned = Candidate(Recipe((PRUNED,), int8=True), Amounts(by_layer=(("conv", 0.5),)), "size")
    cost = Cost(flash, ram, 1, 1, ms)
    return Trial(number, pruned, Outcome("proved", score, cost))


def over(one: Trial, **failed: float) -> Trial:
    return replace(one, outcome=msgspec.structs.replace(one.outcome, failed=failed))


def ended(number: int, *outcome: Any) -> Trial:
    plain = Candidate(Recipe(int8=True), Amounts(channels=0.0), "size")
    return Trial(number, plain, Outcome(*outcome))


STOPPED = ended(7, "stopped", 0.1, Cost(9, 9, 9, 9, 9.0), {"accuracy": 2.0})
UNTRAINED = ended(8, "stopped", None, Cost(900, 9, 9, 9, 9.0), {"flash": 8.0, "ms": 2.0})
REFUSED = ended(9, "refused", None, None, {}, "no <such> thing")
LIMITS = Limits(flash=100, accuracy=0.9)


def tuning(result: Found, limits: Limits = LIMITS) -> Tuning:
    return Tuning(
        model="a<b>", board="board", core="cortex-m4", data="data", range="0..1",
        measure="accuracy", held_out=100, score=0.99, limits=limits, found=result,
    )  # fmt: skip


def test_the_front_is_what_nothing_beats() -> None:
    rng = np.random.default_rng(0)
    figures = rng.integers(0, 6, (60, 4))
    trials = [trial(i, *row) for i, row in enumerate(figures.tolist())]  # type: ignore[arg-type]
    losses = figures * [-1, 1, 1, 1]
    beaten = [
        any((b <= a).all() and ((b < a).any() or j < i) for j, b in enumerate(losses))
        for i, a in enumerate(losses)
    ]
    front = [t.number for t in found(trials).front]
    assert sorted(front) == [i for i, lost in enumerate(beaten) if not lost]
    assert len(front) < 40


def test_the_smallest_within_all_limits_is_chosen() -> None:
    trials = [
        over(trial(0, 0.9, 50), accuracy=0.1), trial(1, 0.99, 80), trial(2, 0.95, 70, ram=9),
        trial(3, 0.97, 70, ram=8), STOPPED, REFUSED,
    ]  # fmt: skip
    chosen = found(trials).chosen
    assert chosen is not None and chosen.number == 3
    assert found([trials[0], STOPPED]).chosen is None


def test_why_the_others_failed_is_counted() -> None:
    result = found([over(trial(0, 0.9, 50), flash=0.5), STOPPED, UNTRAINED, REFUSED])
    assert dict(result.failed) == {"flash": 2, "accuracy": 1, "ms": 1, "refused": 1}
    text = " ".join(summary(tuning(result)))
    assert "4 candidates: 1 proved on the emulated board, every layer bit-exact, 0 of them" in text
    assert "2 stopped before, as they could not be; 1 refused." in text
    assert "Refused: no <such> thing" in text


def test_what_is_told_of_a_trial() -> None:
    assert said(STOPPED.outcome, "accuracy") == "10.00 %, not accurate enough"
    assert said(UNTRAINED.outcome, "accuracy") == "not trained, too much flash and too slow"
    assert said(REFUSED.outcome, "accuracy") == "refused, no <such> thing"
    one = trial(3, 0.97, 1234)
    assert said(one.outcome, "accuracy") == "97.00 %, 1,234 B flash, 10 B RAM, 1.00 ms"
    line = progress(one, found([one, STOPPED]), "accuracy", 30)
    assert line == (
        "2 of 30: trial 3, weights -50%, size: 97.00 %, 1,234 B flash, 10 B RAM, 1.00 ms; "
        "smallest so far 1,234 B, trial 3; failed: accuracy 1"
    )


def test_layers_that_are_pruned_together() -> None:
    assert groups(()) == ()
    assert groups(("a", "b")) == (("a",), ("b",))
    many = [str(i) for i in range(20)]
    together = groups(many)
    assert len(together) == 6 and [layer for group in together for layer in group] == many
    assert {len(group) for group in together} == {3, 4}


def test_the_json_document_has_every_trial() -> None:
    result = tuning(found([trial(0, 0.95, 50), UNTRAINED, REFUSED]))
    document = json.loads(json_text(tuning_json(result)))
    assert list(document) == [
        "model", "board", "core", "data", "range", "measure", "held_out", "score", "limits",
        "chosen", "front", "failed", "trials",
    ]  # fmt: skip
    assert (document["chosen"], document["front"]) == (0, [0])
    assert document["trials"][0]["sparsity"] == {"conv": 0.5}
    assert document["trials"][0]["cost"]["flash"] == 50
    assert document["trials"][1]["failed"] == {"flash": 8.0, "ms": 2.0}
    assert document["trials"][2]["why"] == "no <such> thing"


def test_dots_lie_where_their_figures_are() -> None:
    trials = [trial(i, 0.90 + i / 100, 50 + 10 * i) for i in range(5)]
    plot = scatter(tuning(found([*trials, STOPPED, UNTRAINED, REFUSED])))
    assert plot is not None and plot.low
    assert [dot.kind for dot in plot.dots].count("stopped") == 2
    assert len(plot.dots) == 7 and plot.dots[-1].kind == "chosen" and plot.dots[-1].label == "0"
    marks = sorted((d for d in plot.dots if d.kind != "stopped"), key=lambda d: d.title)
    places = [(float(d.left[:-1]), float(d.bottom[:-1])) for d in marks]
    for (a, b), (c, d) in pairwise(places):
        assert c - a == pytest.approx(places[1][0] - places[0][0], abs=0.02)
        assert d - b == pytest.approx(places[1][1] - places[0][1], abs=0.02)
    (limit,) = plot.flash
    assert limit.text == "at most 100 B"
    expected = places[4][0] + places[1][0] - places[0][0]  # one step behind 90 B
    assert float(limit.at[:-1]) == pytest.approx(expected, abs=0.02)
    assert {float(d.bottom[:-1]) for d in plot.dots if d.kind == "stopped"} == {0.0}


def test_without_a_proof_there_is_no_plot() -> None:
    result = tuning(found([STOPPED, REFUSED]))
    assert scatter(result) is None
    assert "No candidate is within all limits." in tuning_html(result)


def test_where_none_is_good_the_next_step_is_told() -> None:
    def shown(*trials: Trial) -> str:
        console = Console(file=io.StringIO(), width=80)
        with console.capture() as capture:
            console.print(TerminalTuning(tuning(found(trials)), 1.0))
        return " ".join(capture.get().split())

    assert "None is within all limits. Next: the same command with more --trials" in shown(STOPPED)
    assert "Next:" not in shown(trial(0, 0.95, 50))


def test_one_proof_is_a_plot() -> None:
    plot = scatter(tuning(found([trial(0, 0.95, 50)]), Limits()))
    assert plot is not None and len(plot.dots) == 1 and plot.up and plot.across


def test_no_score_is_above_1() -> None:
    plot = scatter(tuning(found([trial(0, 1.0, 50), trial(1, 1.0, 60)]), Limits()))
    assert plot is not None and plot.up[-1].text == "100.00 %"


def test_the_page_escapes_what_comes_from_outside(tmp_path: Path) -> None:
    told = fakes.searched(fakes.study(tmp_path / "db"), fakes.at_once(fakes.work), 4)
    page = tuning_html(tuning(found([*told, REFUSED])))
    assert "a&lt;b&gt;" in page and "no &lt;such&gt; thing" in page
    assert "<b>" not in page and "<such>" not in page
    assert page.count('<div class="dot ') == len([t for t in told if t.outcome.cost])


def test_a_candidate_in_words() -> None:
    def words(*rates: float, steps: tuple[str, ...] = (PRUNED,)) -> str:
        by_layer = tuple((str(i), rate) for i, rate in enumerate(rates))
        amounts = Amounts(channels=0.25, by_layer=by_layer)
        return str(Candidate(Recipe(steps, int8=True), amounts, "size"))

    assert words(0.5, 0.5) == "weights -50%, size"
    assert words(0.5, 0.9) == "weights -50% to 90%, size"
    assert words(0.0, 0.9, steps=(REMOVED, BLOCKS, QAT)) == (
        "channels -25%, blocks up to -90%, QAT, size"
    )
    assert words(steps=()) == "as it is, size"
