"""A comparison in HTML: a page of its own, and the sections of it that a demo's report has too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinyforge.report import charts, confusion, findings, pareto, wording
from tinyforge.report.comparison import HEADINGS, taken
from tinyforge.report.html_page import page, tied
from tinyforge.report.record import Comparison, Training, Variant


@dataclass(frozen=True)
class BoardRow:
    """What a variant takes on the board, as HEADINGS has it; or why that is not known."""

    name: str
    cells: tuple[str, ...]
    refused: str


@dataclass(frozen=True)
class KernelRow:
    """A layer with weights: of each variant its zeros and its noise."""

    op: str
    name: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kernels:
    columns: tuple[str, ...]
    rows: tuple[KernelRow, ...]


@dataclass(frozen=True)
class Curve:
    """The losses of a variant's training, as polylines' points in a box of 100 by 100, a line a
    stage."""

    name: str
    lines: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Sections:
    """Everything that the template shows, finished. Empty where there is no such part."""

    measure: str
    variants: tuple[charts.VariantRow, ...]
    lessons: tuple[str, ...]
    headings: tuple[str, ...]
    board: tuple[BoardRow, ...]
    proved: str
    unmade: tuple[tuple[str, str], ...]
    plots: tuple[pareto.Plot, ...]
    matrices: tuple[confusion.Matrix, ...]
    classes: confusion.Classes | None
    kernels: Kernels | None
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Page:
    title: str
    model: str
    subtitle: str
    sections: Sections


def comparison_html(found: Comparison) -> str:
    """The whole page. Names from outside are escaped; the same comparison gives the same text."""
    model, board = wording.printable(found.model), wording.printable(found.board)
    samples = wording.plural(found.held_out, "sample")
    return page(
        "comparison.html.j2",
        Page(
            title=f"{model}'s variants on {board}",
            model=model,
            subtitle=f"{board}, {found.core}; {samples} held out of "
            f"{wording.printable(found.data)}, range {wording.printable(found.range)}",
            sections=sections(found),
        ),
    )


def sections(found: Comparison) -> Sections:
    """What both pages show."""
    proved = any(v.device for v in found.variants)
    return Sections(
        measure=found.measure or "accuracy",
        variants=charts.variant_rows(found),
        lessons=tuple(map(tied, findings.lessons(found))),
        headings=HEADINGS,
        board=tuple(map(_board_row, found.variants)) if proved else (),
        proved=findings.compared(found) if proved else "",
        unmade=tuple((wording.printable(u.name), wording.printable(u.why)) for u in found.unmade),
        plots=pareto.plots(found),
        matrices=confusion.matrices(found),
        classes=confusion.classes(found),
        kernels=_kernels(found.variants),
        curves=tuple(_curves(found.variants)),
    )


def _board_row(variant: Variant) -> BoardRow:
    cells = () if variant.device is None else tuple(map(tied, taken(variant.device)))
    return BoardRow(wording.printable(variant.name), cells, wording.printable(variant.refused))


def _kernels(variants: Sequence[Variant]) -> Kernels | None:
    """Of the variants that have the layers of the first one; others have another network."""
    first = next((v for v in variants if v.kernels), None)
    if first is None:
        return None
    alike = [v for v in variants if [k.op for k in v.kernels] == [k.op for k in first.kernels]]
    rows = [
        KernelRow(
            wording.printable(kernel.op),
            wording.short_name(kernel.name),
            tuple(_kernel_cell(v, i) for v in alike),
        )
        for i, kernel in enumerate(first.kernels)
    ]
    return Kernels(tuple(wording.printable(v.name) for v in alike), tuple(rows))


def _kernel_cell(variant: Variant, index: int) -> tuple[str, str]:
    """Zeros; channels, and decibels where they are known."""
    kernel = variant.kernels[index]
    noise = "" if kernel.snr is None else f", {kernel.snr:.1f} dB"
    return wording.percent(kernel.zeros, 0), f"{wording.plural(kernel.channels, 'channel')}{noise}"


def _curves(variants: Sequence[Variant]) -> Iterator[Curve]:
    """One for each training: variants that share it are named together."""
    names: dict[tuple[Training, ...], list[str]] = {}
    for v in variants:
        if v.training:
            names.setdefault(v.training, []).append(wording.printable(v.name))
    for training, those in names.items():
        losses = [loss for stage in training for loss in stage.losses]
        epochs = wording.plural(len(losses), "epoch")
        said = f"loss {losses[0]:.3g} to {losses[-1]:.3g} in {epochs}"
        yield Curve(", ".join(those), tuple(_lines(training, losses)), said)


def _lines(training: Sequence[Training], losses: Sequence[float]) -> Iterator[str]:
    top, last, done = max(losses) or 1.0, max(1, len(losses) - 1), 0
    for stage in training:
        points = (
            f"{100 * (done + i) / last:.3f},{100 - 100 * loss / top:.3f}"
            for i, loss in enumerate(stage.losses)
        )
        yield " ".join(points)
        done += len(stage.losses)
