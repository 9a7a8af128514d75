"""Which range a model's inputs have: said, declared, or seen from how often the model is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tinyforge.datasets.ranges import (
    AS_THEY_ARE,
    CANDIDATES,
    Kind,
    Range,
    Reals,
    fitting,
    is_picture,
)
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError


class Seen(NamedTuple):
    """score: how right a model is; 1 is perfect, chance or worse is far below. sure: whether it is
    about as sure of its answers as they are right: of inputs that are far too small it is not."""

    score: float
    sure: bool = True


# Real inputs to what is seen of the model on them.
Score = Callable[[Reals], Seen]

_TIE = 0.01  # a smaller lead says nothing
_CONFLICT = 0.05  # a larger one says that what was declared is not so


@dataclass(frozen=True)
class Hint:
    """A range, and where it is known from."""

    range: Range
    source: str


@dataclass(frozen=True)
class Trial:
    """How right, and how sure, the model was about inputs in this range."""

    range: Range
    score: float
    sure: bool = True


@dataclass(frozen=True)
class Decision:
    """how: why this range, as the end of a sentence. trials: of the ranges that were tried."""

    range: Range
    how: str
    trials: tuple[Trial, ...] = ()

    def lines(self, measure: str) -> tuple[str, ...]:
        """What the user is told of it, a line each. measure: what a score is called."""
        if not self.trials:
            return (f"range {self.range.text}: {self.how}",)
        width = max(len(trial.range.text) for trial in self.trials)
        rows = [f"{'range':<{width}}  {measure:>9}"]
        for trial in self.trials:
            taken = f"  taken: {self.how}" if trial.range == self.range else ""
            shown = figure(measure, trial.score)
            rows.append(f"{trial.range.text:<{width}}  {shown:>9}{taken}")
        return tuple(rows)


def figure(measure: str, score: float) -> str:
    """A score as it is shown: accuracy in percent, R2 as a number, far below 0 no further told."""
    if measure.startswith("R2"):
        return f"{score:.3f}" if score >= -1 else "below -1"
    return f"{score * 100:.2f} %"


def decide(
    samples: Samples,
    *,
    given: Range | None = None,
    declared: Hint | None = None,
    hint: Hint | None = None,
    score: Score | None = None,
) -> Decision:
    """The range of a model's inputs, never guessed in silence.

    given: the user's word, which counts. declared: the model's own, which counts unless the model
    is clearly righter in another. score: where the right answers are known, how right the model is;
    of the ranges in which it is sure of its answers the best counts. hint: settles what is equally
    right, or all of it without answers. Numbers that are no pixels, and floats without answers, are
    taken as they are. ForgeError where nothing says which it is, or the model contradicts itself.
    """
    if samples.several:
        return Decision(AS_THEY_ARE, "each input is in the model's own numbers")
    if given is None:
        _require_known_depth(samples)
    if samples.kind is Kind.VALUES and (given is None or given.values):
        return Decision(given or AS_THEY_ARE, "the data are no pixels, so they count as they are")
    known = given or (declared.range if declared else hint.range if hint else None)
    extra = [known] if known else []
    trials = _trials(samples, [*(fitting(r, samples.kind) for r in extra), *CANDIDATES], score)
    if given is not None:
        return _given(fitting(given, samples.kind), trials)
    if declared is not None:
        return _declared(declared, trials, samples)
    if trials:
        return _best(samples, trials, hint)
    found = _without_answers(samples, hint)
    if found is None:
        raise ForgeError(
            "nothing says which range the model takes pixels in, and without labels it cannot be "
            "seen",
            where=samples.source,
            fix="give --range 0..1, 0..255, -1..1 or mean,std, as in training; or data with labels",
        )
    return found


def _require_known_depth(samples: Samples) -> None:
    """ForgeError for pictures of more than 8 bits, of which nothing says how many."""
    values = samples.values
    deep = values.dtype.kind == "u" and samples.kind is Kind.VALUES
    if not samples.several and deep and is_picture(samples.shape):
        raise ForgeError(
            f"pictures of {values.dtype} that go up to {values.max()}: nothing says how many bits "
            "their levels have",
            where=samples.source,
            fix="bring them to 0..255: divide by 257 if they have 16 bits, by 16 if 12; or give "
            "--range values if the model takes them as they are",
        )


def _trials(samples: Samples, ranges: Sequence[Range], score: Score | None) -> tuple[Trial, ...]:
    if score is None or samples.kind is Kind.VALUES:
        return ()
    return tuple(Trial(r, *score(samples.real(r))) for r in dict.fromkeys(ranges))


def _given(given: Range, trials: tuple[Trial, ...]) -> Decision:
    best = max(trials, key=lambda t: t.score, default=None)
    own = next((t for t in trials if t.range == given), None)
    how = "as --range says"
    if best and own and best.score - own.score > _CONFLICT:
        how += f", though the model is righter in {best.range.text}"
    return Decision(given, how, trials)


def _declared(declared: Hint, trials: tuple[Trial, ...], samples: Samples) -> Decision:
    decision = Decision(declared.range, declared.source, trials)
    if not trials:
        return decision
    best = max(trials, key=lambda t: t.score)
    own = next(t for t in trials if t.range == declared.range)
    if best.score - own.score > _CONFLICT:
        raise ForgeError(
            f"inputs in the range {declared.range.text} ({declared.source}) score "
            f"{own.score:.3f}, in {best.range.text} {best.score:.3f}, of 1",
            where=samples.source,
            fix=f"say which: --range {declared.range.text} or --range {best.range.text}",
        )
    return decision


def _best(samples: Samples, trials: tuple[Trial, ...], hint: Hint | None) -> Decision:
    top = max(trials, key=lambda t: t.score)
    # A network without biases that matter answers alike at any scale, but knows its own.
    sure = [t for t in trials if t.sure and top.score - t.score <= _CONFLICT] or [top]
    best = max(sure, key=lambda t: t.score)
    tied = [t.range for t in sure if best.score - t.score < _TIE]
    if len(tied) == 1:
        most = best.score == top.score
        how = "the model is right most often" if most else "the model is surest of its answers"
        return Decision(best.range, how, trials)
    found = _without_answers(samples, hint)
    if found is not None and found.range in tied:
        return Decision(found.range, found.how, trials)
    others = " and ".join(r.text for r in tied if r != tied[0])
    fit = "fits" if len(tied) == 2 else "fit"
    return Decision(
        tied[0], f"assumed; {others} {fit} as well, --range says which was trained on", trials
    )


def _without_answers(samples: Samples, hint: Hint | None) -> Decision | None:
    if samples.kind in (Kind.UNIT, Kind.SIGNED):
        return Decision(as_found(samples.kind), "floats are taken as they are")
    return Decision(hint.range, hint.source) if hint else None


def as_found(kind: Kind) -> Range:
    """The range in which numbers of this kind are what the model takes."""
    return next((r for r in CANDIDATES if r.text == kind.value), AS_THEY_ARE)


def told(samples: Samples, decision: Decision, measure: str) -> tuple[str, ...]:
    """What the user is told of data and range, a line each: what was found, what was made of it.

    measure: what scores are called.
    """
    count = f"{len(samples):,} sample" + ("s" if len(samples) != 1 else "")
    classes = f"; classes {', '.join(samples.classes)}" if samples.classes else ""
    known = "" if samples.labels is not None or samples.targets is not None else ", no labels"
    if not known and not measure:
        known = ", labels that are no answers of the model: nothing is measured on them"
    shape = ", ".join("x".join(map(str, s)) for s in samples.several or [samples.shape])
    lines = [f"data: {count}, found as {samples.found}, taken as {shape}{known}{classes}"]
    return (*lines, *(f"note: {note}" for note in samples.notes), *decision.lines(measure))
