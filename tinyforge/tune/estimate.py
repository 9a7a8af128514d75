"""What a candidate will take, before anything is trained: its shape decides, not its weights."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from tinyforge import boards
from tinyforge.datasets.types import silent
from tinyforge.errors import ForgeError
from tinyforge.generation import generate, planned
from tinyforge.project import writer
from tinyforge.proof.examples import synthetic
from tinyforge.proof.record import Proof
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.source import of_converted
from tinyforge.spec import Spec
from tinyforge.stages import Silent
from tinyforge.training.lab import Lab
from tinyforge.training.quantize import quantize
from tinyforge.training.recipe import QAT
from tinyforge.training.tuning import TUNED
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.limits import Cost
from tinyforge.verification import own_clock, run_firmware


def estimated(lab: Lab, candidate: Candidate, spec: Spec, name: str) -> Cost:
    """Its firmware built and run once, with weights that have not learned to do without what is
    taken away, and one golden vector: with those that see wrong layers flash takes more.
    ForgeError where there is no such firmware."""
    model, amounts = lab.subject.model, replace(candidate.amounts, trained=False)
    for step in candidate.recipe.steps:
        if step != QAT:  # it changes no shape, and there is none without training
            model = TUNED[step](model, lab, amounts, silent)
    small = quantize(model, lab.calibration)
    source = of_converted(small, name, lab.held_out.classes, Silent())
    examples = synthetic(source.graph, 1, spec.seed)
    of = planned(source, spec, Silent())
    generated = generate(source, examples, spec, Silent(), of=of)
    generated = generated.on(boards.roomy(generated.board))
    machine = machine_for(spec.machine, generated.board.core_model())
    compiler = compiler_for(spec.toolchain, machine, spec.optimize)
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as place:
        folder = Path(place).resolve() / "project"
        writer.write(generated.files, folder)
        firmware = build_firmware(
            folder, "aot", generated.board, compiler=compiler, machine=machine
        )
        proof = run_firmware(
            generated, firmware, examples, Silent(),
            toolchain=compiler.version(), machine=machine,
            timed_on=own_clock(spec, generated.board),
        )  # fmt: skip
    return cost_of(proof)


def cost_of(proof: Proof) -> Cost:
    """ForgeError where the machine does not measure."""
    if proof.flash is None or proof.ram is None:
        raise ForgeError(f"{proof.machine} does not measure", fix="use --machine unicorn")
    time, cycles = proof.time, None if proof.cycles is None else proof.cycles.mid
    return Cost(
        flash=proof.flash.total,
        ram=proof.ram.total,
        instructions=proof.instructions,
        cycles=cycles if time is None or time.cycles is None else time.cycles,
        ms=None if time is None else time.milliseconds.high,
    )
