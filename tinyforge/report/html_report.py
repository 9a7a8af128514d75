"""The report as one HTML page that needs nothing else: no network, no script, no font files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tinyforge.boards.timing import Timing
from tinyforge.proof.record import ConstantCoverage, EngineCost, LayerCoverage, Proof
from tinyforge.report import charts, findings, wording
from tinyforge.report.break_even_chart import Zeros, zeros
from tinyforge.report.comparison_page import Sections, sections
from tinyforge.report.html_page import page, tied
from tinyforge.report.noise_page import Noise, noise
from tinyforge.report.png import data_uri
from tinyforge.report.record import DemoReport, Drawing, Report


@dataclass(frozen=True)
class Picture:
    """A drawing with the firmware's answer."""

    src: str
    alt: str
    label: str
    answer: str
    right: bool


@dataclass(frozen=True)
class Figure:
    """A headline number: what, the number, and the words under it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Inference:
    """The last row of the table of layers, and the sentence above it."""

    summary: str
    macs: str
    instructions: str
    per_mac: str


# Characters of what is missed that are shown; all of it is in report.json.
_MISSED = 160


@dataclass(frozen=True)
class Known:
    """A table, a structure, or a table's rows; of how many elements, members, pairs the golden
    vectors see whatever becomes of one; which not."""

    constant: str
    seen: str
    missed: str


@dataclass(frozen=True)
class Sight:
    """A layer, and how many of its single changes the golden vectors see; kinds of those missed."""

    index: str
    op: str
    name: str
    seen: str
    missed: str


@dataclass(frozen=True)
class Engine:
    """What the model takes with one engine; empty where it was not measured."""

    name: str
    arena: str
    ram: str
    flash: str
    instructions: str


@dataclass(frozen=True)
class Page:
    """Everything the template shows, finished. Empty where a report has no such part."""

    title: str
    model: str
    subtitle: str
    verdict: findings.Verdict
    headline: tuple[Figure, ...]
    sections: Sections | None
    gauges: tuple[charts.Gauge, ...]
    engines: tuple[Engine, ...]
    compared: tuple[str, ...]
    timeline: charts.Timeline
    arena: str
    arena_agrees: bool
    bound: str
    board_ram: str
    layers: tuple[charts.LayerRow, ...]
    inference: Inference
    noise: Noise | None
    zeros: Zeros | None
    golden: tuple[str, ...]
    sights: tuple[Sight, ...]
    constants: tuple[Known, ...]
    samples: tuple[Picture, ...]
    mistakes: tuple[Picture, ...]
    facts: tuple[tuple[str, str], ...]


def to_html(report: Report) -> str:
    """The whole page. Names from outside are escaped; the same report gives the same text."""
    return page("report.html.j2", _page(report))


def _page(report: Report) -> Page:
    proof = report.proof
    demo = report if isinstance(report, DemoReport) else None
    model, board = wording.printable(proof.model), wording.printable(report.board)
    agrees, arena = findings.arena(proof.arena)
    return Page(
        title=f"{model} on {board}",
        model=model,
        subtitle=f"{board}, {proof.core}, engine {proof.engine}",
        verdict=_verdict(proof),
        headline=tuple(_headline(report)),
        sections=sections(demo.comparison) if demo else None,
        gauges=tuple(charts.gauge(memory) for memory in findings.memories(proof)),
        engines=tuple(map(_engine, report.engines)),
        compared=tuple(map(tied, findings.engines(report.engines))) if report.engines else (),
        timeline=charts.timeline(proof.arena, proof.instructions_by_layer),
        arena=tied(arena),
        arena_agrees=agrees,
        bound=tied(findings.bound(proof.arena)),
        board_ram=wording.capacity(proof.ram.limit) if proof.ram is not None else "",
        layers=charts.layer_rows(findings.layer_shares(proof)),
        inference=_inference(proof),
        noise=noise(report.explained) if report.explained else None,
        zeros=zeros(report.break_even) if report.break_even else None,
        golden=tuple(map(tied, findings.golden(proof.golden))) if proof.golden else (),
        sights=tuple(map(_sight, proof.golden.layers)) if proof.golden else (),
        constants=tuple(map(_known, proof.golden.constants)) if proof.golden else (),
        samples=tuple(map(_picture, demo.samples)) if demo else (),
        mistakes=tuple(map(_picture, demo.mistakes)) if demo else (),
        facts=tuple(_facts(report)),
    )


def _verdict(proof: Proof) -> findings.Verdict:
    said = findings.verdict(proof)
    return replace(said, lines=tuple(map(tied, said.lines)))


def _headline(report: Report) -> Iterator[Figure]:
    proof = report.proof
    for memory in findings.memories(proof):
        share = f"{wording.percent(memory.share)} of {wording.capacity(memory.limit)}"
        yield Figure(memory.name, wording.nbytes(memory.total), share)
    if proof.instructions is not None:
        yield Figure("instructions", wording.count(proof.instructions), "one inference, counted")
    if proof.time is not None:
        cycles = proof.time.cycles
        how = "estimated" if cycles is None else f"{wording.about(cycles)} cycles, simulated"
        yield Figure("time", str(proof.time.milliseconds), f"one inference, {how}")
        if proof.time.microjoules is not None:
            yield Figure("energy", str(proof.time.microjoules), "one inference, estimated")
    if report.accuracy is not None:
        found = report.accuracy
        before = "" if found.float_model is None else f"float {found.figure(found.float_model)}; "
        examples = wording.plural(found.examples, "example")
        yield Figure(found.measure, found.figure(found.int8_model), f"{before}{examples}")
    elif proof.accuracy is not None:
        inputs = wording.plural(proof.inputs, "input")
        yield Figure("accuracy", wording.percent(proof.accuracy, 2), f"of the firmware, {inputs}")
    if isinstance(report, DemoReport) and report.real_drawings is not None:
        drawings = report.real_drawings
        yield Figure(
            "real drawings",
            wording.percent(drawings.balanced_accuracy, 2),
            f"balanced accuracy, {wording.count(drawings.count)} by people",
        )


def _inference(proof: Proof) -> Inference:
    macs, cycles = findings.all_macs(proof), findings.cycles(proof)
    return Inference(
        summary=f"{findings.instructions(proof)}{f'; cycles: {cycles}' if cycles else ''}",
        macs=wording.count(macs),
        instructions="" if proof.instructions is None else wording.count(proof.instructions),
        per_mac=wording.per(proof.instructions, macs),
    )


def _engine(cost: EngineCost) -> Engine:
    sizes = (cost.arena, cost.ram, cost.flash)
    arena, ram, flash = ("" if size is None else wording.nbytes(size) for size in sizes)
    counted = "" if cost.instructions is None else wording.count(cost.instructions)
    return Engine(cost.engine, arena, ram, flash, counted)


def _sight(layer: LayerCoverage) -> Sight:
    return Sight(
        index=str(layer.layer),
        op=wording.printable(layer.op),
        name=wording.short_name(layer.name),
        seen=f"{layer.seen} of {layer.mutants}",
        missed=", ".join(layer.unseen),
    )


def _known(one: ConstantCoverage) -> Known:
    missed = one.missed
    if len(missed) > _MISSED:
        missed = missed[:_MISSED].rpartition(",")[0] + ", …"
    what = f"{one.constant}, two rows exchanged" if one.pairs else one.constant
    return Known(what, f"{wording.count(one.seen)} of {wording.count(one.count)}", missed)


def _timing(found: Timing | None) -> Iterator[tuple[str, str]]:
    if found is None:
        return
    yield "time", f"{findings.time(found)}: {found.basis}"
    if found.microjoules is not None:
        yield "energy", f"{found.microjoules}: {found.drawn}"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    proof = report.proof
    rows = (
        ("model", proof.model),
        ("board", report.board),
        ("core", proof.core),
        ("engine", proof.engine),
        ("machine", proof.machine),
        ("toolchain", proof.toolchain),
        ("oracle", proof.oracle),
        ("inputs", wording.count(proof.inputs)),
        ("layers", wording.count(proof.layers)),
        ("instructions", findings.instructions(proof)),
        *([("cycles", findings.cycles(proof))] if proof.cycles else []),
        *_timing(proof.time),
        ("arena", findings.arena(proof.arena)[1]),
        *((memory.name, str(memory)) for memory in findings.memories(proof)),
        *report.facts,
    )
    for name, value in rows:
        yield wording.printable(name), wording.printable(value)


def _picture(drawing: Drawing) -> Picture:
    label, answer = wording.printable(drawing.label), wording.printable(drawing.answer)
    return Picture(
        src=data_uri(drawing.pixels),
        alt=f"Drawing of: {label}. The firmware says: {answer}.",
        label=label,
        answer=answer,
        right=drawing.label == drawing.answer,
    )
