"""What a model takes on a board with some settings: counted in the emulator, or by its plan."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import msgspec

from tinyforge import boards
from tinyforge.advice.record import Figures
from tinyforge.aims import aim_of
from tinyforge.boards import Board
from tinyforge.errors import ForgeError
from tinyforge.generation import generate, planned
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import Aim, plan, plan_cycles
from tinyforge.ops.costs import table_bytes
from tinyforge.project import writer
from tinyforge.proof.budget import require_exact
from tinyforge.proof.examples import synthetic
from tinyforge.proof.record import Proof
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.verification import run_firmware

# Cores of whose kernels instructions are known, which stand for cycles (ops/costs.py).
_BY_INSTRUCTIONS = ("cortex-m0plus", "cortex-m55")


class _Quietly:
    """Stages that nobody is told of: one line stands for them all."""

    seconds = 0.0

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        del title, total
        yield lambda _done: None

    def note(self, text: str) -> None:
        del text


@dataclass(frozen=True, eq=False)
class Tried:
    """Settings that were tried. figures: counted where the model was run. proof: of that one
    inference; None where nothing was run."""

    board: Board
    plan: Plan
    aim: Aim
    proof: Proof | None = None

    @cached_property
    def planned(self) -> Figures:
        """By the plan, whose arena is exact, and the kernels' costs."""
        return Figures(
            basis="estimated",
            arena=self.plan.arena_bytes,
            tables=sum(map(table_bytes, self.plan.kernels.values())),
            ram=None,
            flash=None,
            cost=plan_cycles(self.plan, self.aim.flash),
            unit="instructions" if self.board.core in _BY_INSTRUCTIONS else "cycles",
            ms=None,
        )

    @cached_property
    def figures(self) -> Figures:
        return self.planned if self.proof is None else _counted(self.proof, self.planned)


def estimated(graph: Graph, settings: Spec, board: Board) -> Tried:
    """Planned. ForgeError where the compiled engine cannot be had so."""
    aim = aim_of(settings, board)
    return Tried(board, plan(graph, aim, by_rows=settings.feed == "rows"), aim)


def counted(source: Source, settings: Spec, board: Board) -> Tried:
    """Built for the board as `build` would, and run once on an input of random bytes, which must be
    right in every layer. ForgeError where that cannot be, but not for a board that is too small."""
    quiet = _Quietly()
    compiled = msgspec.structs.replace(settings, engine="aot", layer_tests=False)
    engines = planned(source, compiled, quiet, board=board)
    assert engines.plan is not None
    examples = synthetic(source.graph, 1, settings.seed)
    made = generate(source, examples, compiled, quiet, of=engines).on(boards.roomy(board))
    machine = machine_for(settings.machine, board.core_model())
    compiler = compiler_for(settings.toolchain, machine, settings.optimize)
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        writer.write(made.files, folder)
        firmware = build_firmware(folder, "aot", made.board, compiler=compiler, machine=machine)
        proof = run_firmware(
            made,
            firmware,
            examples,
            quiet,
            toolchain=compiler.version(),
            machine=machine,
            timed_on=(board,),
        )
    require_exact(proof)
    return Tried(board, engines.plan, engines.aim, proof)


def _counted(proof: Proof, by_plan: Figures) -> Figures:
    ram, flash, time = proof.ram, proof.flash, proof.time
    if ram is None or flash is None or time is None or proof.instructions is None:
        raise ForgeError(f"{proof.machine} does not measure", fix="use --machine unicorn")
    cycles = time.cycles or (proof.cycles.mid if proof.cycles else None)
    return replace(
        by_plan,
        basis="counted",
        ram=ram.total,
        flash=flash.total - flash.test_vectors,
        cost=cycles or proof.instructions,
        unit="cycles" if cycles else "instructions",
        ms=time.milliseconds,
    )
