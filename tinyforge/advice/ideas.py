"""What might help a model on a board, each with what it would change: tried, not guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import msgspec

from tinyforge.advice import shapes
from tinyforge.advice.curves import Point, accuracy, curves
from tinyforge.advice.figures import Tried, counted, estimated
from tinyforge.advice.record import Accuracy, Advice, Basis
from tinyforge.boards import Board
from tinyforge.boards.possible import require_possible
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.ops.costs import cycles
from tinyforge.ops.kernels import kernels_of
from tinyforge.ops.target import target_of
from tinyforge.ops.upright import rows_input
from tinyforge.report.wording import nbytes
from tinyforge.source import Source
from tinyforge.spec import OptimizeChoice, Spec
from tinyforge.stages import Stages

WORTH = 0.01  # of the time: less is within what an estimate is off
_MORE = 1.5  # times what channels cost that come by fours


class Bench:
    """A model, the board and the settings to try things with. now: as they are, counted where the
    board's core is emulated and count says so."""

    def __init__(
        self, source: Source, settings: Spec, board: Board, stages: Stages, *, count: bool
    ) -> None:
        self.source, self.settings, self.board = source, settings, board
        self.count = count and board.emulated
        self._stages = stages
        self.graph: Graph = source.graph_of("aot")
        self.now = self.tried(settings)

    def tried(self, settings: Spec) -> Tried:
        """With other settings, counted if that can be."""
        if not self.count:
            return self.estimated(self.graph, f"for {settings.optimize}", settings)
        with self._stages.stage(f"Build it for {settings.optimize}, and run it once"):
            return counted(self.source, settings, self.board)

    def estimated(self, graph: Graph, title: str, settings: Spec | None = None) -> Tried:
        """Another graph, or with other settings, by its plan."""
        with self._stages.stage(f"Plan it {title}"):
            return estimated(graph, settings or self.settings, self.board)


def aims(bench: Bench) -> Iterator[Advice]:
    """Kernels that are chosen for something else."""
    for objective in get_args(OptimizeChoice):
        if objective != bench.settings.optimize:
            # A number of bytes for tables in RAM is for speed alone.
            given = bench.settings.weights_in_ram if objective == "speed" else "auto"
            other = bench.tried(
                msgspec.structs.replace(bench.settings, optimize=objective, weights_in_ram=given)
            )
            moved = len(other.plan.in_ram)
            why = f"copies tables of {moved} layers to RAM at boot" if moved else ""
            how = f"--optimize {objective}"
            yield _compared(f"kernels for {objective}", how, bench.now, other, why=why)


def fed_by_rows(bench: Bench) -> Tried | ForgeError:
    """By the plan: whatever feeds it, the arena is that. Or why it cannot be fed so."""
    try:
        require_possible(bench.source.graph, inputs_whole=False)
        fed = msgspec.structs.replace(bench.settings, feed="rows")
        return bench.estimated(bench.graph, "fed by rows", fed)
    except ForgeError as error:
        return error


def rows(bench: Bench, other: Tried) -> Advice:
    """The input row by row, of which a plan is there."""
    fed = bench.graph.input_tensors[rows_input(bench.graph)]
    row = fed.nbytes // next((size for size in fed.shape[1:] if size > 1), 1)
    why = f"the application keeps one row beside it: {nbytes(row)}"
    return _compared("input row by row", "--feed rows", bench.now, other, why=why, basis="planned")


def uneven(bench: Bench) -> Iterator[Advice]:
    """Channels that are no multiple of four, where the last few cost more than others."""
    whole = _least_cycles(bench.graph, bench.board)
    for family in shapes.uneven(bench.graph):
        more = len(family) % shapes.EVEN
        even, fewer = (
            _least_cycles(shapes.narrower(bench.graph, [(family, gone)]), bench.board)
            for gone in (more, more + shapes.EVEN)
        )
        a_channel = max(1.0, (even - fewer) / shapes.EVEN)
        saved, fair = whole - even, more * a_channel
        if saved >= _MORE * fair and saved - fair >= WORTH * whole:
            layers = ", ".join(str(op.index) for op in family.makers)
            yield Advice(
                f"layer {layers}: {len(family) - more} channels for {len(family)}",
                "estimated",
                None,
                None,
                even / whole - 1,
                "other numbers of filters in Keras, and train again",
                f"the last {more} cost as much as {saved / a_channel:.1f} others: kernels take "
                "four at once",
            )


def trained(bench: Bench) -> Iterator[Advice]:
    """What training would bring: costs of such models by their plan, accuracy as it was
    elsewhere."""
    known = curves()
    kinds: tuple[tuple[str, str, Callable[[Graph, float], Graph], dict[str, Point]], ...] = (
        ("channels", "channels of {} of the work", shapes.pruned, known.channels),
        ("blocks", "{} of the blocks zero", shapes.in_blocks, known.blocks),
        ("unstructured", "{} of the weights zero", shapes.singly, known.unstructured),
    )
    for structure, words, made, curve in kinds:
        for share, point in curve.items():
            what = words.format(f"{float(share):.0%}")
            other = bench.estimated(made(bench.graph, float(share)), f"with {what}")
            how = f"tinyforge prune --structure {structure} --sparsity {share}"
            yield _compared(what, how, bench.now, other, lost=accuracy(point))


def _compared(
    what: str,
    how: str,
    now: Tried,
    other: Tried,
    *,
    why: str = "",
    basis: Basis | None = None,
    lost: Accuracy | None = None,
) -> Advice:
    """other beside now: as it was counted if both were, else both by their plans."""
    both = now.proof is not None and other.proof is not None
    before, after = (one.figures if both else one.planned for one in (now, other))
    flash, ram = after.tables - before.tables, after.arena - before.arena
    if before.flash is not None and after.flash is not None:
        flash = after.flash - before.flash
    if before.ram is not None and after.ram is not None:
        ram = after.ram - before.ram
    time = after.cost / before.cost - 1
    return Advice(what, basis or after.basis, flash, ram, time, how, why, lost)


def _least_cycles(graph: Graph, board: Board) -> int:
    """With the quickest kernel of each layer, whatever memory that takes."""
    target = target_of(board.core)
    return sum(
        min((cycles(graph, op, k) for k in kernels_of(graph, op, target)), default=0)
        for op in graph.operators
    )
