"""What a model's firmware takes on every core that boards have, measured: built, run and proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tinyforge import boards
from tinyforge.boards import Board, Need
from tinyforge.errors import ForgeError
from tinyforge.generation import choose_golden, generate, planned
from tinyforge.proof.budget import require_exact
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples
from tinyforge.proof.golden import leading
from tinyforge.proof.record import Proof
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.verification import verify


@dataclass(frozen=True)
class Needs:
    """by_core: the need on each core that could be measured. unmeasured: the boards of others."""

    by_core: Mapping[str, Need]
    unmeasured: tuple[Board, ...]


def measure(source: Source, examples: Examples, settings: Spec, stages: Stages) -> Needs:
    """The compiled engine, once a core, with memories that hold any model.

    ForgeError when the model cannot be compiled, does not equal the oracle, or the machine tells no
    instructions.
    """
    by_core: dict[str, Need] = {}
    unmeasured: list[Board] = []
    compiled = msgspec.structs.replace(settings, engine="aot")
    golden: Chosen | None = None
    for board in boards.all_boards():
        if not board.emulated:
            unmeasured.append(board)
        elif board.core not in by_core:
            for_core = msgspec.structs.replace(compiled, board=board.id)
            stages.note(f"{board.core}:")
            engines = planned(source, for_core, stages)
            if golden is None:  # one choice does for all cores
                golden = choose_golden(source, examples, for_core, stages, engines)
                examples = leading(golden, examples)
            generated = generate(source, examples, for_core, stages, golden=golden, of=engines)
            proof = verify(
                generated.on(boards.roomy(board)),
                examples,
                for_core,
                stages,
                timed_on=[b for b in boards.all_boards() if b.core == board.core],
            )
            by_core[board.core] = _need(proof)
    return Needs(by_core, tuple(unmeasured))


def _need(proof: Proof) -> Need:
    require_exact(proof)
    if proof.ram is None or proof.flash is None or proof.instructions is None:
        raise ForgeError(f"{proof.machine} does not measure", fix="use --machine unicorn")
    return Need(proof.ram.total, proof.flash.total, proof.instructions, proof.on_boards)
