"""A model's int8 variants on a board: each one proved, all on the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tinyforge import boards, pipeline
from tinyforge.boards import Board
from tinyforge.compare.rows import classes_of, row, why
from tinyforge.datasets.ranges import Reals
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated
from tinyforge.proof.data import of_samples
from tinyforge.proof.measure import macs
from tinyforge.proof.record import Proof
from tinyforge.report import record
from tinyforge.report.record import Comparison
from tinyforge.source import Source, of_converted
from tinyforge.spec import Spec
from tinyforge.stages import Stages, Titled
from tinyforge.training.compared import Made
from tinyforge.training.variants import Unmade, Variant

_MACS = 2_000_000_000  # that an emulator computes in some ten seconds, over all inputs of a variant
_INPUTS = (16, 2000)  # of a variant: at least, at most


@dataclass(frozen=True, eq=False)
class Ran:
    """A variant whose firmware was proved."""

    source: Source
    generated: Generated
    proof: Proof


@dataclass(frozen=True, eq=False)
class Compared:
    """comparison: as it is shown. inputs: real values (n, *shape) that the firmware ran on, the
    first of what is held out. proved: int8 variants, by name. refused: those that were not, or not
    even made."""

    comparison: Comparison
    inputs: Reals
    proved: Mapping[str, Ran]
    refused: Mapping[str, ForgeError]


def on_board(
    made: Made,
    settings: Callable[[str], Spec],
    stages: Stages,
    *,
    model: str,
    overwrite: bool,
) -> Compared:
    """The int8 variants generated, built and proved, on the same inputs; a failure is a variant's
    own, like one in making it.

    settings: of a variant, by its name; they differ in output alone. model: what it is called.
    """
    sources: dict[str, Source] = {}
    proved: dict[str, Ran] = {}
    refused: dict[str, ForgeError] = {}
    for one in made.variants:
        if isinstance(one, Unmade):
            refused[one.name] = one.error
        elif one.recipe.int8:
            with _kept(refused, one.name):
                own = Titled(stages, one.name)
                sources[one.name] = of_converted(one.model, model, made.held_out.classes, own)
    most = max((macs(source.graph) for source in sources.values()), default=1)
    count = int(np.clip(_MACS // max(1, most), *_INPUTS))
    inputs = made.held_out.real(made.range)[:count]
    for name, source in sources.items():
        with _kept(refused, name):
            examples = of_samples(source.graph, made.held_out, inputs, count)
            own, given = Titled(stages, name), settings(name)
            proved[name] = Ran(
                source, *pipeline.proved(source, examples, given, own, overwrite=overwrite)
            )
    board = boards.load(settings("").board)
    return Compared(_comparison(made, proved, refused, board, model), inputs, proved, refused)


@contextmanager
def _kept(refused: dict[str, ForgeError], name: str) -> Iterator[None]:
    """What goes wrong within is kept as that variant's."""
    try:
        yield
    except ForgeError as error:
        refused[name] = error


def _comparison(
    made: Made,
    proved: Mapping[str, Ran],
    refused: Mapping[str, ForgeError],
    board: Board,
    model: str,
) -> Comparison:
    return Comparison(
        model=model,
        board=board.id,
        core=board.core,
        measure=made.measure,
        held_out=len(made.held_out),
        data=made.held_out.source,
        range=made.range.text,
        classes=classes_of(made),
        variants=tuple(
            row(one, made, _proof(proved, one.name), refused.get(one.name))
            for one in made.variants
            if isinstance(one, Variant)
        ),
        unmade=tuple(
            record.Unmade(one.name, why(one.error))
            for one in made.variants
            if isinstance(one, Unmade)
        ),
    )


def _proof(proved: Mapping[str, Ran], name: str) -> Proof | None:
    return proved[name].proof if name in proved else None
