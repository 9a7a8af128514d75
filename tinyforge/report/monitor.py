"""What `tinyforge monitor` shows: answers as they come, drawn over time, and the sum of it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.device.monitor import Event
from tinyforge.report import wording
from tinyforge.report.drawing import ACCENT, BAD, GOOD, QUIET, bar, fitted, levels_of

# Answers that are drawn, a column each.
_DRAWN = 40
_WAITING = "waiting for the first answer; a board without sensors waits for --inputs"


class History:
    """What has been said so far. title: what is watched.

    Renders on a Rich console: a line a class with its share and its scores over time, the time
    between answers, and what else the board has said last.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._recent: deque[Event] = deque(maxlen=_DRAWN + 1)
        self._classes: Counter[str] = Counter()
        self._other = ""
        self._judged = self._right = 0
        self._longest = 0.0
        self._first = 0.0

    @property
    def answers(self) -> int:
        return self._classes.total()

    @property
    def accuracy(self) -> float | None:
        """Of the inputs whose class is known; None without one."""
        return self._right / self._judged if self._judged else None

    @property
    def right(self) -> str | None:
        """The same in words."""
        if self.accuracy is None:
            return None
        return f"{wording.percent(self.accuracy, 2)} of {wording.count(self._judged)}"

    def add(self, event: Event) -> None:
        answer = event.said.answer
        if answer is None:
            self._other = event.said.text
            return
        if self._recent:
            self._longest = max(self._longest, event.at - self._recent[-1].at)
        else:
            self._first = event.at
        self._recent.append(event)
        self._classes[answer] += 1
        if event.right is not None:
            self._judged += 1
            self._right += event.right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(Group(*self._parts(levels_of(options))), fitted(options))

    def _parts(self, levels: str) -> Iterator[Text | Table]:
        yield Text(self._title, ACCENT)
        yield Text()
        if not self._recent:
            yield Text(_WAITING, QUIET)
        else:
            yield self._scores(levels)
            yield Text()
            yield self._facts(levels)
        if self._other:
            yield Text(f"it says: {self._other}", QUIET)

    def _scores(self, levels: str) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True, max_width=24)
        table.add_column(no_wrap=True, width=_DRAWN)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(ratio=1)
        drawn = list(self._recent)[-_DRAWN:]
        for name, count in sorted(self._classes.items(), key=lambda c: (len(c[0]), c[0])):
            scores = [e.said.score if e.said.answer == name else None for e in drawn]
            now = drawn[-1].said.answer == name
            table.add_row(
                Text(name, GOOD if now else ""),
                _line(scores, 1.0, levels),
                wording.percent(count / self.answers),
                bar(count, self.answers),
            )
        return table

    def _facts(self, levels: str) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        last = self._recent[-1]
        grid.add_row("answer", f"{wording.count(self.answers)}: {last.said.text}", _verdict(last))
        if self.right is not None:
            grid.add_row("right", self.right)
        gaps = _gaps(self._recent)
        if gaps:
            mean = (last.at - self._first) / (self.answers - 1)
            text = f"{_time(mean)} in the mean, {_time(self._longest)} at most"
            grid.add_row("between them", text)
            grid.add_row("", _line(gaps, max(gaps), levels))
        if last.took is not None:
            grid.add_row("input to answer", f"{_time(last.took)}, the serial line's time included")
        return grid


def _verdict(event: Event) -> Text:
    if event.right is None:
        return Text()
    return Text("right", GOOD) if event.right else Text(f"it is {event.expected}", BAD)


def _gaps(events: Iterable[Event]) -> list[float]:
    """Seconds from each answer to the next."""
    return [after.at - before.at for before, after in pairwise(events)]


def _line(values: Sequence[float | None], whole: float, levels: str) -> Text:
    """A column a value, as high as it is of the whole; blank for None."""
    top = len(levels) - 1
    heights = (None if v is None else round(min(max(v / (whole or 1), 0), 1) * top) for v in values)
    return Text("".join(" " if h is None else levels[h] for h in heights), "dark_orange3")


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def event_text(event: Event) -> Text:
    """One line where there is no terminal to draw on."""
    verdict = _verdict(event)
    return Text.assemble(f"{event.at:8.3f} s  {event.said.text}", "  " if verdict else "", verdict)


def monitor_json(port: str, events: Sequence[Event], history: History) -> dict[str, Any]:
    """at: seconds since watching began. took: seconds from sending an input to its answer."""
    answers = [
        {
            "at": round(event.at, 4),
            "answer": event.said.answer,
            "score": event.said.score,
            "took": None if event.took is None else round(event.took, 4),
            "expected": event.expected,
        }
        for event in events
        if event.said.answer is not None
    ]
    said = [
        {"at": round(event.at, 4), "text": event.said.text}
        for event in events
        if event.said.answer is None
    ]
    return {"port": port, "answers": answers, "said": said, "accuracy": history.accuracy}
