"""What zeros are worth: curves of the cost model, and the page's words and lines of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder
from tests.report import samples
from tests.report.test_html import Page
from tinyforge.graph import Graph, Operator
from tinyforge.memory.search import Aim, plan
from tinyforge.ops.base import Table
from tinyforge.ops.costs import SlowFlash
from tinyforge.ops.kernels import kernels_of
from tinyforge.ops.target import target_of
from tinyforge.report.break_even import SHARES, STRUCTURES, BreakEven, break_even_of, thinned
from tinyforge.report.html_report import to_html
from tinyforge.report.json_report import json_text, to_json

M4 = Aim("speed", target_of("cortex-m4"))
Int8 = npt.NDArray[np.int8]


def network(zeros: float) -> Graph:
    """Two convolutions, the second the wider one; that share of both one's weights is 0."""
    rng = np.random.default_rng(3)
    b = GraphBuilder("two")
    x = b.input((1, 8, 8, 8), 0.02, 3)
    x = layers.conv_2d(b, rng, x, filters=16, activation=layers.RELU)
    graph = b.build([layers.conv_2d(b, rng, x, filters=32, activation=layers.RELU)])
    for op in graph.operators:
        shape = weights_of(graph, op).shape
        kept = np.zeros(shape, np.int8) == 0
        kept.reshape(-1)[rng.permutation(kept.size)[: round(zeros * kept.size)]] = False
        values = rng.integers(1, 128, shape) * rng.choice((-1, 1), shape)
        graph = with_weights(graph, op, (values * kept).astype(np.int8))
    return graph


def weights_of(graph: Graph, op: Operator) -> Int8:
    data = graph.tensors[op.inputs[1]].data
    assert data is not None
    return data


def with_weights(graph: Graph, op: Operator, data: Int8) -> Graph:
    tensors = list(graph.tensors)
    tensors[op.inputs[1]] = replace(tensors[op.inputs[1]], data=data)
    return replace(graph, tensors=tuple(tensors))


def found_of(graph: Graph, aim: Aim = M4) -> BreakEven:
    found = break_even_of(plan(graph, aim), aim)
    assert found is not None
    return found


PRUNED = network(0.8)
FOUND = found_of(PRUNED)


def costs(graph: Graph, op: Operator, *, dense: bool = False) -> tuple[int, int]:
    """The least cycles, of kernels that say them, and the fewest bytes of tables."""
    kernels = [k for k in kernels_of(graph, op, M4.target) if not (dense and k.skips_zeros)]
    tables = [sum(v.nbytes for v in k.fields.values() if isinstance(v, Table)) for k in kernels]
    return min(k.cycles for k in kernels if k.cycles is not None), min(tables)


def test_the_layer_as_it_is_costs_what_the_model_says() -> None:
    op = PRUNED.operators[1]
    assert (FOUND.layer, FOUND.op, FOUND.weights) == (1, "CONV_2D", (32, 3, 3, 16))
    assert FOUND.zeros == pytest.approx(0.8, abs=1e-3)
    assert (FOUND.own.cycles, FOUND.own.tables) == costs(PRUNED, op)
    assert (FOUND.dense.cycles, FOUND.dense.tables) == costs(PRUNED, op, dense=True)
    assert FOUND.own.cycles < FOUND.dense.cycles


def test_every_point_is_of_a_layer_with_so_many_zeros() -> None:
    op = PRUNED.operators[1]
    for structure, curve in zip(STRUCTURES, FOUND.curves, strict=True):
        assert curve.structure == structure
        for share, point in zip(SHARES, curve.points, strict=True):
            layer = thinned(PRUNED, op, share, structure)
            assert (point.cycles, point.tables) == costs(layer, op)
            none = np.mean(weights_of(layer, op) == 0)
            assert none == pytest.approx(share, abs=0.003)


def test_the_curve_of_single_zeros_meets_a_layer_that_has_them() -> None:
    at = SHARES.index(0.8)
    single = FOUND.curves[0].points[at]
    assert single.cycles == pytest.approx(FOUND.own.cycles, rel=0.03)
    assert single.tables == pytest.approx(FOUND.own.tables, rel=0.03)


def test_the_curve_of_blocks_alone_meets_a_layer_that_has_blocks() -> None:
    """Zeros that lie in blocks say nothing of single ones."""
    op = PRUNED.operators[1]
    found = found_of(thinned(PRUNED, op, 0.8, "blocks"))
    single, blocks = (curve.points[SHARES.index(0.8)] for curve in found.curves)
    assert blocks.cycles == pytest.approx(found.own.cycles, rel=0.03)
    assert blocks.tables == pytest.approx(found.own.tables, rel=0.03)
    assert single.cycles > 1.05 * found.own.cycles
    assert single.tables > 1.3 * found.own.tables
    assert found.curves[0].tables_from == FOUND.curves[0].tables_from


def test_what_stands_for_zeros_is_as_large_as_the_other_weights() -> None:
    """Else channels could not vary, or sums were too large for kernels."""
    op = PRUNED.operators[1]
    own = np.abs(weights_of(PRUNED, op)).sum()
    for structure in STRUCTURES:
        found = np.abs(weights_of(thinned(PRUNED, op, 0.8, structure), op)).sum()
        assert found == pytest.approx(own, rel=0.2)


def test_the_least_weights_become_zero_and_no_others() -> None:
    graph = network(0)
    op = graph.operators[1]
    before, after = weights_of(graph, op), weights_of(thinned(graph, op, 0.5, "unstructured"), op)
    assert np.abs(before[after == 0]).max() <= np.abs(before[after != 0]).min()
    np.testing.assert_array_equal(after[after != 0], before[after != 0])


def test_from_where_on_it_pays() -> None:
    for curve in FOUND.curves:
        for paying, costs_, dense in (
            (curve.cycles_from, [p.cycles for p in curve.points], FOUND.dense.cycles),
            (curve.tables_from, [p.tables for p in curve.points], FOUND.dense.tables),
        ):
            assert paying is not None
            at = SHARES.index(paying)
            assert all(cost < dense for cost in costs_[at:])
            assert at > 0
            assert costs_[at - 1] == dense


def test_waiting_for_slow_flash_counts() -> None:
    slow = found_of(PRUNED, replace(M4, flash=SlowFlash(4, 4)))
    assert slow.dense.cycles > FOUND.dense.cycles
    assert slow.own.cycles > FOUND.own.cycles
    assert slow.own.tables == FOUND.own.tables


@pytest.mark.parametrize("zeros", [0, 0.1])
def test_a_model_without_zeros_has_no_curve(zeros: float) -> None:
    assert break_even_of(plan(network(zeros), M4), M4) is None


def test_cores_without_dsp_skip_zeros_too() -> None:
    narrow = Aim("speed", target_of("cortex-m0plus"))
    found = found_of(PRUNED, narrow)
    assert found.own.tables < found.dense.tables
    assert found.own.cycles < found.dense.cycles


def test_cores_on_which_no_kernel_skips_zeros_have_no_curve() -> None:
    vectors = Aim("speed", target_of("cortex-m55"))
    assert break_even_of(plan(PRUNED, vectors), vectors) is None


def test_the_page_says_where_it_pays_and_draws_it() -> None:
    page = Page(to_html(replace(samples.build(), break_even=FOUND)))
    single, blocks = FOUND.curves
    assert single.cycles_from is not None
    assert blocks.cycles_from is not None
    assert (
        f"in cycles from {100 * single.cycles_from:.0f} % of single zeros on "
        f"and from {100 * blocks.cycles_from:.0f} % of zeros in blocks on;"
    ) in page.text
    assert "80.0 % of 32x3x3x16 weights are zero" in page.text
    assert f"{FOUND.own.tables:,} B of tables" in page.text
    assert "Estimated, not measured" in page.text
    assert len(page.all("polyline")) == 4
    own = dict(part.split(":") for part in page.all("div", "own")[0]["style"].split(";"))
    dense = page.all("div", "dashed")[0]["style"].removeprefix("bottom:").rstrip("%")
    assert own["left"] == "79.991%"
    height = float(own["bottom"].rstrip("%")) / float(dense)
    assert height == pytest.approx(FOUND.own.cycles / FOUND.dense.cycles, rel=1e-4)
    last = page.all("polyline")[0]["points"].split()[-1].split(",")
    assert last[0] == "95.000"
    drawn = (100 - float(last[1])) / float(dense)
    assert drawn == pytest.approx(single.points[-1].cycles / FOUND.dense.cycles, rel=1e-4)


def test_what_never_pays_is_said() -> None:
    curves = tuple(replace(c, cycles_from=None) for c in FOUND.curves)
    page = Page(to_html(replace(samples.build(), break_even=replace(FOUND, curves=curves))))
    words = "in cycles at no share of single zeros and at no share of zeros in blocks;"
    assert words in page.text


def test_a_report_without_it_has_no_section() -> None:
    assert "What zeros are worth" not in Page(to_html(samples.build())).text
    assert "break_even" not in to_json(samples.build())


def test_the_json_has_it() -> None:
    document = json.loads(json_text(to_json(replace(samples.build(), break_even=FOUND))))
    found = document["break_even"]
    assert found["own"] == {"cycles": FOUND.own.cycles, "tables": FOUND.own.tables}
    assert [curve["structure"] for curve in found["curves"]] == list(STRUCTURES)
    assert [len(curve["points"]) for curve in found["curves"]] == [len(found["shares"])] * 2


def test_a_name_from_outside_breaks_nothing() -> None:
    text = "</script><img src=x onerror=alert(1)>\x1b"
    html = to_html(replace(samples.build(), break_even=replace(FOUND, op=text, name=text)))
    assert not Page(html).all("img")
    assert "\x1b" not in html
