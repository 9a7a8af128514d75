"""What would help a model on a board, what helps most first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tinyforge.advice.curves import accuracy, curves
from tinyforge.advice.figures import Tried
from tinyforge.advice.ideas import WORTH, Bench, aims, fed_by_rows, rows, trained, uneven
from tinyforge.advice.layers import hot_layers
from tinyforge.advice.memory import peak
from tinyforge.advice.record import Advice, Advised, Figures, Resource, Use
from tinyforge.boards import Board
from tinyforge.engines.choose import ENGINES, choose
from tinyforge.engines.tflm.arena import arena_size
from tinyforge.errors import ForgeError
from tinyforge.proof.channels import removed_channels
from tinyforge.report.wording import nbytes, points, removed
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages


def advise(
    source: Source,
    settings: Spec,
    board: Board,
    stages: Stages,
    *,
    ms: float | None = None,
    count: bool = True,
) -> Advised:
    """All that helps, of what needs no training exactly how much.

    settings: as `build` would take them; their budget counts beside the board's limits. ms: that an
    inference may take; None: any time. count: build and run, where the board's core is emulated;
    else all is estimated. ForgeError where the compiled engine cannot run the model.
    """
    choose(source.graph, "aot")
    bench = Bench(source, settings, board, stages, count=count)
    fed = None if settings.feed == "rows" else fed_by_rows(bench)
    found = [*aims(bench), *uneven(bench), *trained(bench)]
    if isinstance(fed, Tried):
        found.append(rows(bench, fed))
    uses = _uses(bench.now.figures, settings, board, ms)
    resource = _lacking(uses)
    return Advised(
        source.graph.name,
        board.id,
        board.core,
        settings.optimize,
        bench.now.figures,
        uses,
        resource,
        tuple(
            sorted(
                (one for one in found if _helps(one, uses)), key=lambda one: _order(one, resource)
            )
        ),
        hot_layers(bench.now),
        peak(bench.now.plan),
        tuple(_remarks(bench, fed, ms)),
    )


def _uses(now: Figures, settings: Spec, board: Board, ms: float | None) -> tuple[Use, ...]:
    """Where nothing was built, of what the plan alone takes."""
    budget = settings.budget
    found = [
        Use(
            "flash",
            min(board.flash_limit, budget.flash or board.flash_limit),
            now.tables if now.flash is None else now.flash,
        ),
        Use(
            "RAM",
            min(board.ram_limit, budget.ram or board.ram_limit),
            now.arena if now.ram is None else now.ram,
        ),
    ]
    if ms is not None and now.ms is not None:
        found.append(Use("time", ms, now.ms.high))
    return tuple(found)


def _lacking(uses: Sequence[Use]) -> Resource:
    """What is over its limit by most; time where nothing is."""
    over = [one for one in uses if one.over]
    return max(over, key=lambda one: one.taken / one.limit).resource if over else "time"


def _helps(one: Advice, uses: Sequence[Use]) -> bool:
    """Whether it saves more than a trifle of time, flash or RAM."""
    taken = {use.resource: use.taken for use in uses}
    return (
        (one.time or 0) <= -WORTH
        or (one.flash or 0) <= -WORTH * taken["flash"]
        or (one.ram or 0) <= -WORTH * taken["RAM"]
    )


def _order(one: Advice, resource: Resource) -> tuple[float, float]:
    time = one.time or 0.0
    by: dict[Resource, float] = {"time": time, "flash": one.flash or 0, "RAM": one.ram or 0}
    return by[resource], time


def _remarks(bench: Bench, fed: Tried | ForgeError | None, ms: float | None) -> Iterator[str]:
    """fed: by rows, or why not; None: it is already. ms: that it may take."""
    channels = removed_channels(bench.source.narrowed)
    if channels is not None:
        yield f"Already done: {removed(**asdict(channels))}."
    if isinstance(fed, ForgeError):
        yield f"It cannot be fed by rows: {fed.what}."
    elif fed is not None and fed.plan.arena_bytes >= bench.now.plan.arena_bytes:
        yield "Fed by rows it needs as much: the layers need the whole input."
    graph = bench.source.graph
    if not ENGINES["tflm"].missing(graph):
        size, arena = (
            arena_size(graph, bench.source.model).on(bench.board.core),
            bench.now.figures.arena,
        )
        yield (
            f"The interpreter would take an arena of {nbytes(size)} in place of {nbytes(arena)}."
        )
    aware = accuracy(curves().aware)
    yield (
        "Training with int8's rounding (tinyforge quantize --qat) brought others "
        f"{points(-aware.most)} to {points(-aware.least)} points of accuracy; quantize --explain "
        "says what int8 costs yours."
    )
    if not bench.count:
        why = "" if bench.board.emulated else f": a {bench.board.core} is not emulated"
        yield (
            f"Nothing was built or run{why}: flash is of tables, RAM of the arena alone, and time "
            "of the kernels' cost model, without what a compiler does for size."
        )
        if ms is not None:
            yield f"Whether it takes {ms:g} ms is known of what is run alone."
