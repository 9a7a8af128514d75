"""What would help a model on a board, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.advice.curves import curves
from tinyforge.advice.record import Accuracy, Advised, Figures, Use
from tinyforge.report.drawing import ACCENT, BAD, QUIET
from tinyforge.report.wording import (
    about,
    capacity,
    nbytes,
    percent,
    points,
    printable,
    short_name,
)

_KIB = 1024


@dataclass(frozen=True)
class AdviceTable:
    """Renders on a Rich console: what it takes now, what helps, where time and memory go."""

    advised: Advised

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        said = self.advised
        yield Text.assemble(
            (printable(said.model), "bold"), f" on {said.board}, {said.core}, {_now(said)}"
        )
        for use in said.uses:
            yield _use(use)
        yield Text(_order(said))
        yield self._advices()
        yield from _whys(said)
        yield self._hot()
        yield from _peak(said)
        for remark in said.remarks:
            yield Text(printable(remark))

    def _advices(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, header_style=ACCENT)
        table.add_column("what helps", no_wrap=True)
        for name in ("time", "flash", "RAM", "accuracy"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for one in self.advised.advices:
            table.add_row(
                printable(one.what),
                _share(one.time),
                _bytes(one.flash),
                _bytes(one.ram),
                _points(one.accuracy),
                Text(one.basis, QUIET),
            )
        return table

    def _hot(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, header_style=ACCENT)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("takes the time", no_wrap=True)
        table.add_column(self.advised.now.unit, justify="right", no_wrap=True)
        table.add_column("share", justify="right", no_wrap=True)
        table.add_column("kernel, and why")
        for hot in self.advised.hot:
            why = f"{hot.kernel}; {hot.why}" if hot.why else hot.kernel
            row = (str(hot.layer), hot.op, about(hot.cost), percent(hot.share, 0), why)
            table.add_row(*map(printable, row))
        return table


def _now(said: Advised) -> str:
    now = said.now
    ms = f", {now.ms}" if now.ms else ""
    return f"for {said.optimize}: {about(now.cost)} {now.unit}{ms} ({_basis(now)})"


def _basis(now: Figures) -> str:
    return "counted" if now.basis == "counted" else "estimated"


def _use(use: Use) -> Text:
    if use.resource == "time":
        shown = f"{use.taken:.3g} of {use.limit:.3g} ms"
    else:
        shown = f"{nbytes(int(use.taken))} of {capacity(int(use.limit))}"
    share = percent(use.taken / use.limit)
    over = ", too much" if use.over else ""
    return Text(f"{use.resource:<6}{shown} ({share}{over})", BAD if use.over else "")


def _order(said: Advised) -> str:
    if any(use.over for use in said.uses):
        return f"Sorted by {said.sorted_by}, of which it takes too much."
    return "It fits. Sorted by time."


def _whys(said: Advised) -> Iterator[Text]:
    """How each is had, and what there is to know of it."""
    for one in said.advices:
        why = f" ({one.why})" if one.why else ""
        yield Text.assemble((f"{printable(one.what)}: ", "bold"), one.how + why)
    if any(one.accuracy for one in said.advices):
        measured = "; ".join(curves().measured)
        yield Text(f"accuracy: points that others lost, measured on {measured}", QUIET)


def _peak(said: Advised) -> Iterator[Text]:
    if said.peak is None:
        return
    largest, *others = said.peak.held
    part = percent(min(1.0, largest.nbytes / said.peak.nbytes), 0)
    named = [f"{short_name(one.what)} {nbytes(one.nbytes)}" for one in (largest, *others[:2])]
    more = f" and {len(others) - 2} smaller" if len(others) > 2 else ""
    layer = f"layer {said.peak.layer} {said.peak.op}"
    yield Text(
        f"The arena is fullest in {layer}: {', '.join(named)}{more}; the largest is {part} of it."
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:+.0%}"


def _bytes(value: int | None) -> str:
    if not value:
        return "" if value is None else "0"
    return f"{value / _KIB:+,.1f} KiB" if abs(value) >= 10 * _KIB else f"{value:+,} B"


def _points(value: Accuracy | None) -> str:
    """What is lost; a gain has a plus."""
    if value is None:
        return "the same"
    return f"{points(-value.most)} to {points(-value.least)}"
