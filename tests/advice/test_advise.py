"""Advice is counted like a build, sorted by what lacks, and gained without training."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest
from rich.console import Console

from tests.advice.test_shapes import network
from tests.corpus import models
from tests.corpus.constant_channels import driven
from tinyforge import boards, tflite
from tinyforge.advice import figures
from tinyforge.advice.advise import advise
from tinyforge.advice.curves import curves
from tinyforge.advice.record import Advice, Advised
from tinyforge.bench.measure import measure
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.proof.examples import synthetic
from tinyforge.report.advice import AdviceTable
from tinyforge.source import Source
from tinyforge.spec import Budget, Spec

BOARD = boards.load("nrf52840_dk")


class Silent:
    seconds = 0.0

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        yield lambda done: None

    def note(self, text: str) -> None:
        pass


def source(graph: Graph) -> Source:
    model = tflite.write(graph)
    return Source(model, tflite.read(model, name=graph.name))


def estimated(graph: Graph, settings: Spec | None = None, **options: object) -> Advised:
    board = boards.load(settings.board) if settings else BOARD
    given = settings or Spec()
    return advise(source(graph), given, board, Silent(), count=False, **options)


def of(found: Advised, how: str) -> Advice:
    (one,) = [one for one in found.advices if one.how.startswith(how)]
    return one


def test_what_is_counted_is_what_bench_measures() -> None:
    given = source(models.separable(1))
    found = advise(given, Spec(), BOARD, Silent())
    assert found.now.basis == "counted"
    now, size = (
        measure(given, synthetic(given.graph, 1, 0), "cortex-m4", Spec(optimize=aim), Silent())
        for aim in ("balanced", "size")
    )
    assert found.now.ram == now.ram and found.now.arena == now.arena
    assert now.cycles is not None and found.now.cost == now.cycles.mid
    advice = of(found, "--optimize size")
    assert size.cycles is not None
    assert advice.ram == size.ram - now.ram
    assert advice.flash == size.code + size.weights - now.code - now.weights
    assert advice.time == pytest.approx(size.cycles.mid / now.cycles.mid - 1)
    assert advice.accuracy is None and advice.basis == "counted"


def test_an_estimate_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "build_firmware", None)
    found = estimated(network(16, 16))
    assert found.now.basis == "estimated" and found.now.ram is None and found.now.ms is None
    assert any("Nothing was built" in remark for remark in found.remarks)
    with pytest.raises(TypeError):
        advise(source(network(16, 16)), Spec(), BOARD, Silent())


def test_rows_save_what_the_plan_says() -> None:
    graph = models.classifier(1)
    found = of(estimated(graph), "--feed rows")
    fed = plan(graph, figures.aim_of(Spec(), BOARD), by_rows=True)
    whole = plan(graph, figures.aim_of(Spec(), BOARD))
    assert found.ram == fed.arena_bytes - whole.arena_bytes < 0
    assert found.basis == "planned" and "8 B" in found.why
    kept = estimated(models.large(1))
    assert not any("--feed" in one.how for one in kept.advices)
    assert any("Fed by rows it needs as much" in remark for remark in kept.remarks)


def test_what_lacks_comes_first() -> None:
    graph = network(16, 16)
    plain = estimated(graph)
    assert plain.sorted_by == "time" and not any(use.over for use in plain.uses)
    times = [one.time or 0 for one in plain.advices]
    assert times == sorted(times) and times[0] < -0.4
    for one in plain.advices:
        gains = (
            one.time or 0,
            (one.flash or 0) / plain.now.tables,
            (one.ram or 0) / plain.now.arena,
        )
        assert min(gains) <= -0.01, "a trifle is no advice"
    small = estimated(graph, Spec(budget=Budget(ram=1000)))
    assert small.sorted_by == "RAM" and [use.over for use in small.uses] == [False, True]
    saved = [one.ram or 0 for one in small.advices]
    assert saved == sorted(saved) and saved[0] < 0
    both = estimated(graph, Spec(budget=Budget(ram=3000, flash=100)))
    assert both.sorted_by == "flash"


def test_too_slow_is_said() -> None:
    found = advise(source(models.classifier(1)), Spec(), BOARD, Silent(), ms=0.001)
    assert found.uses[-1].resource == "time" and found.uses[-1].over
    assert found.sorted_by == "time"


def test_channels_that_do_not_come_by_fours_are_named() -> None:
    odd = [one for one in estimated(network(13, 16)).advices if "channels for" in one.what]
    assert [one.what for one in odd] == ["layer 0: 12 channels for 13"]
    assert not any("channels for" in one.what for one in estimated(network(12, 16)).advices)
    portable = estimated(network(13, 16), Spec(board="esp32dev"))
    assert not any("channels for" in one.what for one in portable.advices), "each costs the same"


def test_training_has_the_curves_accuracy() -> None:
    found = estimated(network(16, 16))
    for share, point in curves().channels.items():
        advice = of(found, f"tinyforge prune --structure channels --sparsity {share}")
        assert advice.accuracy is not None and advice.basis == "estimated"
        assert (advice.accuracy.least, advice.accuracy.most) == (min(point.lost), max(point.lost))
        assert (advice.time or 0) < -0.3 and (advice.flash or 0) < 0
    assert any("quantize --qat" in remark for remark in found.remarks)


def test_where_time_and_memory_go() -> None:
    found = estimated(network(16, 16))
    hot = {one.layer: one for one in found.hot}
    assert sum(one.share for one in found.hot) <= 1.0001
    assert found.hot[0].share == max(one.share for one in found.hot)
    assert {1, 2} <= set(hot) and hot[1].op == "CONV_2D"
    assert found.peak is not None
    most = sum(one.nbytes for one in found.peak.held)
    assert 0.9 * found.now.arena < found.peak.nbytes <= min(most, found.now.arena)
    whole = plan(network(16, 16), figures.aim_of(Spec(), BOARD))
    assert max(slot.nbytes for slot in whole.slots) in {one.nbytes for one in found.peak.held}


def test_a_core_that_is_not_emulated_is_estimated() -> None:
    board = boards.load("esp32dev")
    found = advise(source(models.classifier(1)), Spec(board=board.id), board, Silent())
    assert found.now.basis == "estimated"
    assert any("xtensa-lx6 is not emulated" in remark for remark in found.remarks)
    assert not any("5 ms" in remark for remark in found.remarks)
    timed = estimated(models.classifier(1), ms=5)
    assert [use.resource for use in timed.uses] == ["flash", "RAM"]
    assert any("5 ms" in remark for remark in timed.remarks)


def test_removed_channels_are_told() -> None:
    found = estimated(driven(models.separable(1), 1))
    assert any(remark.startswith("Already done: ") for remark in found.remarks)
    assert not any("Already done" in remark for remark in estimated(network(8, 8)).remarks)


def test_the_table_fits_a_terminal() -> None:
    found = estimated(network(13, 16), Spec(budget=Budget(ram=1000)))
    stream = io.StringIO()
    Console(file=stream, width=80, highlight=False, markup=False).print(AdviceTable(found))
    text = stream.getvalue()
    assert "Sorted by RAM, of which it takes too much" in text
    for one in found.advices:
        (row,) = [line for line in text.splitlines() if line.startswith(f" {one.what} ")]
        assert row.rstrip().endswith(one.basis)
        assert one.time is None or f"{one.time:+.0%}" in row
    assert msgspec.json.encode(found)


def test_settings_by_rows_are_not_advised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyforge.advice.advise.fed_by_rows", None)
    found = estimated(models.separable(1), Spec(feed="rows"))
    assert not any("--feed" in one.how for one in found.advices)


def test_bytes_for_tables_in_ram_are_asked_for_with_speed_alone() -> None:
    settings = Spec(board="nucleo_l4r5zi", optimize="speed", weights_in_ram=4096)
    found = estimated(network(16, 16), settings)
    assert of(found, "--optimize size").ram is not None
