"""What a model costs on a core, measured: built, run and proved, beside a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import geometric_mean

import msgspec

from tinyforge import boards, pipeline
from tinyforge.bench.baselines import Baseline, LayerCost, find
from tinyforge.boards.cores import core_named
from tinyforge.errors import ForgeError
from tinyforge.pipeline import Source
from tinyforge.proof.budget import require_exact
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import LayerProof, Proof
from tinyforge.sim.cycles.count import Cycles
from tinyforge.spec import Spec
from tinyforge.stages import Stages


@dataclass(frozen=True)
class LayerResult:
    """One layer. cycles_per_mac: mid.

    baseline: the same layer's, or None; None as well what could not be counted or estimated.
    """

    index: int
    op: str
    output_shape: tuple[int, ...]
    macs: int
    instructions: int | None
    cycles: Cycles | None
    cycles_per_mac: float | None
    baseline: LayerCost | None


@dataclass(frozen=True)
class Result:
    """One model on one core, proved bit-exact; figures of one inference, and bytes.

    ram: all of it: arena, other data and stack. code, weights: in flash. ratios: to the baseline's
    figures, by their names; what one of the two lacks is left out.
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
    arena: int
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
) -> Result:
    """The compiled engine on a core, with memories that hold any model; compiled as settings say.

    ForgeError for what cannot be compiled or does not equal the oracle, and where the machine does
    not measure.
    """
    core = core_named(core).name
    chosen = msgspec.structs.replace(settings, engine="aot")
    generated = pipeline.generate(source, examples, chosen, stages)
    board = msgspec.structs.replace(boards.roomy(generated.board), core=core)
    proof = pipeline.verify(generated.on(board), examples, chosen, stages)
    baseline = find(baselines, source.graph.name, core)
    return _result(proof, chosen.optimize, baseline)


def means(results: Sequence[Result]) -> dict[str, float]:
    """Geometric means of the ratios that all results with a baseline have; none without such."""
    compared = [result.ratios for result in results if result.baseline is not None]
    if not compared:
        return {}
    names = [name for name in compared[0] if all(name in ratios for ratios in compared)]
    return {name: geometric_mean(ratios[name] for ratios in compared) for name in names}


def _result(proof: Proof, optimize: str, baseline: Baseline | None) -> Result:
    require_exact(proof)
    ram, flash = proof.ram, proof.flash
    if ram is None or ram.stack is None or flash is None or proof.instructions is None:
        raise ForgeError(f"{proof.machine} does not measure", fix="use --machine unicorn")
    layers = tuple(_layer(layer, baseline) for layer in proof.instructions_by_layer)
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
        arena=ram.arena,
        data_bss=ram.data_bss,
        stack=ram.stack,
        ram=ram.total,
        code=flash.code,
        weights=flash.weights,
        layers=layers,
        baseline=baseline,
        ratios={},
    )
    return found if baseline is None else replace(found, ratios=_ratios(found, baseline))


def _layer(layer: LayerProof, baseline: Baseline | None) -> LayerResult:
    return LayerResult(
        index=layer.index,
        op=layer.op,
        output_shape=layer.output_shape,
        macs=layer.macs,
        instructions=layer.instructions,
        cycles=layer.cycles,
        cycles_per_mac=_per_mac(layer.cycles, layer.macs),
        baseline=None if baseline is None else baseline.layers.get(layer.index),
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
