"""A comparison's page and its charts: positions are the numbers, and names are escaped."""

from dataclasses import replace

import pytest

from tests.report import samples
from tests.report.test_html import Page
from tinyforge.report import confusion, pareto
from tinyforge.report.comparison_page import comparison_html, sections
from tinyforge.report.record import Variant

FOUND = samples.COMPARISON


def costing(name: str, flash: int, accuracy: float | None) -> Variant:
    """A variant on the board, of which nothing else counts."""
    model = FOUND.variants[2]
    assert model.device is not None
    return replace(model, name=name, accuracy=accuracy, device=replace(model.device, flash=flash))


def test_points_lie_where_their_numbers_are():
    flash, time = pareto.plots(FOUND)
    int8, both = flash.points
    assert (int8.number, both.number) == ("3", "4"), "as in the table of all variants"
    left = [float(p.left.rstrip("%")) for p in flash.points]
    assert left == pytest.approx([100 / 1.12, 25 / 1.12], abs=5e-4)  # written with three digits
    up = [float(p.bottom.rstrip("%")) for p in flash.points]
    assert up == pytest.approx([100 * 1.24 / 1.48, 100 * 0.24 / 1.48], abs=5e-4)
    assert int8.title == "int8: 22,000 B, accuracy 99.66 %"
    assert "0.12 ms, accuracy 97.66 %" in time.points[1].title
    assert all(0 <= float(t.at.rstrip("%")) <= 100 for t in (*flash.across, *flash.up))
    assert [t.text for t in flash.across] == ["0 B", "5,000 B", "10,000 B", "15,000 B", "20,000 B"]


def test_no_score_is_above_1():
    plot, _ = pareto.plots(replace(FOUND, variants=(costing("a", 9, 1.0), costing("b", 8, 1.0))))
    assert [t.text for t in plot.up] == ["99.80 %", "99.90 %", "100.00 %"]


def test_what_nothing_beats_is_marked():
    asked = (
        costing("a", 100, 0.9),
        costing("dear", 200, 0.9),
        costing("b", 200, 0.95),
        costing("poor", 300, 0.94),
        costing("unmeasured", 1, None),
        costing("worse", 200, 0.92),
    )
    plot, _ = pareto.plots(replace(FOUND, variants=asked))
    assert plot.best == "1 a, 3 b"
    assert [p.number for p in plot.points if p.best] == ["1", "3"]
    (x1, y1), corner, (x2, y2), end = (tuple(p.split(",")) for p in plot.line.split())
    assert corner == (x2, y1) and end == ("100.000", y2)
    assert float(x1) < float(x2) and float(y1) > float(y2), "y counts downwards"


def test_one_variant_is_no_plot():
    assert pareto.plots(replace(FOUND, variants=FOUND.variants[:3])) == ()


def test_classes_are_shares_of_their_rows():
    matrix, _ = confusion.matrices(FOUND)
    assert [[c.text for c in row.cells] for row in matrix.rows] == [["480", "20"], ["5", "495"]]
    assert [row.cells[1].share for row in matrix.rows] == ["0.0400", "0.9900"]
    table = confusion.classes(FOUND)
    assert table is not None and table.columns == ("float", "int8") and table.left_out == ""
    assert [row.cells[0].text for row in table.rows] == ["96.0 %", "99.0 %"]


def test_of_many_classes_the_worst_are_shown():
    count = 100
    counts = tuple(
        tuple(10 - (i == 7) if i == j else int(i == 7 and j == 8) for j in range(count))
        for i in range(count)
    )
    wide = replace(FOUND.variants[0], confusion=counts)
    found = replace(FOUND, classes=tuple(map(str, range(count))), variants=(wide,))
    assert confusion.matrices(found) == ()
    table = confusion.classes(found)
    assert table is not None and len(table.rows) == 40 and "60 classes" in table.left_out
    assert [r.cells[0].text for r in table.rows if r.name == "7"] == ["90.0 %"]


def test_layers_and_training():
    found = sections(FOUND)
    assert found.kernels is not None
    (row,) = found.kernels.rows
    assert row.cells[1] == ("75 %", "8 channels")
    assert row.cells[2] == ("0 %", "8 channels, 40.2 dB")
    (curve,) = found.curves
    assert curve.name == "pruned, pruned+int8"
    assert curve.lines == ("0.000,0.000 50.000,50.000", "100.000,75.000")
    assert curve.said == "loss 0.5 to 0.125 in 3 epochs"


def test_another_network_s_layers_are_not_beside_these():
    other = replace(FOUND.variants[3], kernels=FOUND.variants[3].kernels * 2)
    found = sections(replace(FOUND, variants=(*FOUND.variants[:3], other)))
    assert found.kernels is not None and found.kernels.columns == ("float", "pruned", "int8")


def test_the_page_says_it_all():
    page = Page(comparison_html(FOUND))
    for words in (
        "tiny nrf52840_dk, cortex-m4; 1,000 samples held out of doodles, range 0..1",
        "accuracy against flash",
        "nothing is both cheaper and better than 4 pruned+int8, 3 int8.",
        "smallest: it cannot be made",
        "the engines run int8",
        "10.6 k 0.16 to 0.32",
    ):
        assert words in page.text or any(words in a.get("aria-label", "") for _, a in page.tags)
    assert len(page.all("table", "matrix")) == 2


def test_names_are_escaped():
    bad = '<script>"&'
    named = replace(
        FOUND,
        model=bad,
        data=bad,
        classes=(bad, bad),
        variants=tuple(replace(v, name=bad, refused=bad) for v in FOUND.variants),
        unmade=tuple(replace(u, name=bad, why=bad) for u in FOUND.unmade),
    )
    text = comparison_html(named)
    assert "<script" not in text and "&lt;script&gt;" in text
