"""Which classes a variant tells apart, as tables of finished values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.report import wording
from tinyforge.report.record import Comparison, Variant

_WIDEST = 20  # classes of a matrix that can be read
_LONGEST = 40  # rows of a table


@dataclass(frozen=True)
class Cell:
    """share: of its row, 0 to 1."""

    text: str
    share: str


@dataclass(frozen=True)
class Row:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """Rows: what samples are; columns: what the variant says."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Classes:
    """The share of each class that a variant is right about. left_out: what is not shown."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: str


def matrices(found: Comparison) -> tuple[Matrix, ...]:
    """Of each variant; none where there are more classes than can be read."""
    if len(found.classes) > _WIDEST:
        return ()
    names = tuple(map(wording.printable, found.classes))
    return tuple(
        Matrix(
            wording.printable(v.name),
            names,
            tuple(_row(name, counts) for name, counts in zip(names, v.confusion, strict=True)),
        )
        for v in found.variants
        if v.confusion is not None
    )


def _row(name: str, counts: Sequence[int]) -> Row:
    total = sum(counts)
    cells = (Cell(wording.count(n), f"{n / total if total else 0:.4f}") for n in counts)
    return Row(name, tuple(cells))


def classes(found: Comparison) -> Classes | None:
    """Of all classes, or those that variants are least right about; None of no classifier."""
    told = [v for v in found.variants if v.confusion is not None]
    if not told:
        return None
    order = sorted(range(len(found.classes)), key=lambda i: min(_right(v, i) or 0 for v in told))
    shown = sorted(order[:_LONGEST])
    rest = len(found.classes) - len(shown)
    return Classes(
        tuple(wording.printable(v.name) for v in told),
        tuple(
            Row(wording.printable(found.classes[i]), tuple(_cell(_right(v, i)) for v in told))
            for i in shown
        ),
        f"{rest} classes that all variants are righter about are left out." if rest else "",
    )


def _right(variant: Variant, label: int) -> float | None:
    """None without samples of the class."""
    assert variant.confusion is not None
    counts = variant.confusion[label]
    return counts[label] / sum(counts) if sum(counts) else None


def _cell(share: float | None) -> Cell:
    return Cell("", "0") if share is None else Cell(wording.percent(share), f"{share:.4f}")
