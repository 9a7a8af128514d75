"""What a model costs on a core, measured: built, run and proved, beside a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import geometric_mean

import msgspec

from tinyforge import boards
from tinyforge.bench.baselines import Baseline, LayerCost, find
from tinyforge.boards import Board
from tinyforge.boards.cores import core_named
from tinyforge.boards.timing import BoardCycles, Timing
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.memory.plan import Plan
from tinyforge.proof.budget import require_exact
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import LayerProof, Proof
from tinyforge.sim.cycles.count import Cycles
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.verification import verify

# Where cycles are simulated, by core: the board on which the simulation was checked.
CLOCKS = {"cortex-m4": "nucleo_l4r5zi"}


@dataclass(frozen=True)
class LayerResult:
    """One layer. cycles_per_mac: mid. simulated: cycles on the board of the Result's time. scratch:
    bytes of the arena beside its tensors.

    within: the layer that it runs in, whose figures but for MACs are those of both. baseline: of
    the same layers, or None; None as well what could not be counted or estimated.
    """

    index: int
    op: str
    output_shape: tuple[int, ...]
    macs: int
    instructions: int | None
    cycles: Cycles | None
    cycles_per_mac: float | None
    simulated: int | None
    scratch: int
    baseline: LayerCost | None
    within: int | None = None


@dataclass(frozen=True)
class Result:
    """One model on one core, proved bit-exact; figures of one inference, and bytes.

    time: on the first board that was asked for. on_boards: cycles there, by their ids. scratch: the
    most that one layer has, within the arena. ram: all of it: arena, other data and stack. code,
    weights: in flash. ratios: to the baseline's figures, by their names; what one of the two lacks
    is left out.
    """

    model: str
    core: str
    optimize: str
    machine: str
    toolchain: str
    macs: int
    instructions: int
    cycles: Cycles | None
    cycles_per_mac: float | None
    time: Timing | None
    on_boards: Mapping[str, BoardCycles]
    arena: int
    scratch: int
    data_bss: int
    stack: int
    ram: int
    code: int
    weights: int
    layers: tuple[LayerResult, ...]
    baseline: Baseline | None
    ratios: Mapping[str, float]


def measure(
    source: Source,
    examples: Examples,
    core: str,
    settings: Spec,
    stages: Stages,
    *,
    baselines: Sequence[Baseline] = (),
    timed_on: Sequence[Board] | None = None,
) -> Result:
    """The compiled engine on a core, with memories that hold any model; compiled as settings say.

    timed_on: boards with that core to simulate cycles on; None: the core's of CLOCKS.
    ForgeError for what cannot be compiled or does not equal the oracle, and where the machine does
    not measure.
    """
    core = core_named(core).name
    chosen = msgspec.structs.replace(settings, engine="aot")
    board = msgspec.structs.replace(boards.roomy(boards.load(chosen.board)), core=core)
    generated = generate(source, examples, chosen, stages, board=board)
    if timed_on is None:
        timed_on = [boards.load(CLOCKS[core])] if core in CLOCKS else []
    proof = verify(generated, examples, chosen, stages, timed_on=timed_on)
    baseline = find(baselines, source.graph.name, core)
    assert generated.plan is not None
    return _result(proof, generated.plan, chosen.optimize, baseline)


def means(results: Sequence[Result]) -> dict[str, float]:
    """Geometric means of the ratios that all results with a baseline have; none without such."""
    compared = [result.ratios for result in results if result.baseline is not None]
    if not compared:
        return {}
    names = [name for name in compared[0] if all(name in ratios for ratios in compared)]
    return {name: geometric_mean(ratios[name] for ratios in compared) for name in names}


def _result(proof: Proof, plan: Plan, optimize: str, baseline: Baseline | None) -> Result:
    require_exact(proof)
    ram, flash = proof.ram, proof.flash
    if ram is None or ram.stack is None or flash is None or proof.instructions is None:
        raise ForgeError(f"{proof.machine} does not measure", fix="use --machine unicorn")
    rows = proof.instructions_by_layer
    known = {} if baseline is None else _joined(plan, baseline.layers)
    macs_of = _macs_run(rows)
    layers = tuple(_layer(row, plan, macs_of[row.index], known.get(row.index)) for row in rows)
    macs = sum(layer.macs for layer in layers)
    found = Result(
        model=proof.model,
        core=proof.core,
        optimize=optimize,
        machine=proof.machine,
        toolchain=proof.toolchain,
        macs=macs,
        instructions=proof.instructions,
        cycles=proof.cycles,
        cycles_per_mac=_per_mac(proof.cycles, macs),
        time=proof.time,
        on_boards=proof.on_boards,
        arena=ram.arena,
        scratch=max((layer.scratch for layer in layers), default=0),
        data_bss=ram.weights + ram.data_bss,
        stack=ram.stack,
        ram=ram.total,
        code=flash.code,
        weights=flash.weights,
        layers=layers,
        baseline=baseline,
        ratios={},
    )
    return found if baseline is None else replace(found, ratios=_ratios(found, baseline))


def _macs_run(rows: Sequence[LayerProof]) -> dict[int, int]:
    """Multiply-accumulates by layer, each with those of the layers that run within it."""
    return {
        row.index: row.macs + sum(other.macs for other in rows if other.within == row.index)
        for row in rows
    }


def _joined(plan: Plan, costs: Mapping[int, LayerCost]) -> dict[int, LayerCost]:
    """Each layer's cost with that of the layers that run within it."""
    joined = dict(costs)
    for index, last in plan.within.items():
        if (inner := joined.pop(index, None)) and last in joined:
            joined[last] += inner
    return joined


def _layer(layer: LayerProof, plan: Plan, macs_run: int, baseline: LayerCost | None) -> LayerResult:
    return LayerResult(
        index=layer.index,
        op=layer.op,
        output_shape=layer.output_shape,
        macs=layer.macs,
        instructions=layer.instructions,
        cycles=layer.cycles,
        cycles_per_mac=_per_mac(layer.cycles, macs_run),
        simulated=layer.simulated,
        scratch=sum(s.nbytes for s in plan.slots if layer.index in s.layers),
        baseline=baseline,
        within=layer.within,
    )


def _per_mac(cycles: Cycles | None, macs: int) -> float | None:
    return cycles.mid / macs if cycles is not None and macs else None


def _ratios(found: Result, baseline: Baseline) -> dict[str, float]:
    """Ours over theirs."""
    ratios = {"instructions": found.instructions / baseline.instructions}
    if found.cycles is not None and baseline.cycles is not None:
        ratios["cycles"] = found.cycles.mid / baseline.cycles
    return ratios | {
        "arena": found.arena / baseline.arena,
        "ram": found.ram / baseline.ram,
        "flash": (found.code + found.weights) / baseline.flash,
    }
