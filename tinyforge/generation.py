"""From a quantized model to a project's files: golden vectors, memory plan, engines' sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinyforge import boards, spec
from tinyforge.aims import aim_of
from tinyforge.boards import Board
from tinyforge.boards.possible import require_possible
from tinyforge.datasets import is_drawn
from tinyforge.engines.base import Engine, Lowered, Wish
from tinyforge.engines.choose import Choice, choose
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.choices import KernelChoice, choices
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import Aim
from tinyforge.ops.upright import rows_input
from tinyforge.project import tree
from tinyforge.project.digests import digests
from tinyforge.project.ini import SIM, environment
from tinyforge.project.layer_tests import LayerTests
from tinyforge.project.model_files import Golden
from tinyforge.project.tflm_library import dependency, library_for
from tinyforge.proof import golden as golden_vectors
from tinyforge.proof import oracle, visible
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import ConstantCoverage
from tinyforge.report.break_even import BreakEven, break_even_of
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.tflite.about import remembers

MODEL_FILE = "model.tflite"

_STAGES = {
    "aot": "Plan the arena and compile the model to C",
    "tflm": "Plan the interpreter's arena",
}


@dataclass(frozen=True, eq=False)
class Generated:
    """A project that is not yet on the disk. aim: of its plan. files: by path. seen: what golden
    vectors that were chosen see of the compiled engine's constants."""

    source: Source
    board: Board
    aim: Aim
    lowered: Mapping[str, Lowered]
    files: Mapping[str, str | bytes]
    seen: tuple[ConstantCoverage, ...] = ()

    @property
    def plan(self) -> Plan | None:
        """None without the aot engine."""
        aot = self.lowered.get("aot")
        return None if aot is None else aot.plan

    @property
    def choices(self) -> tuple[KernelChoice, ...]:
        """The compiled engine's kernels, and why; none without that engine."""
        return () if self.plan is None else choices(self.plan, self.aim)

    @property
    def break_even(self) -> BreakEven | None:
        """What zeros are worth to the compiled engine; None where it has no layer with some."""
        return None if self.plan is None else break_even_of(self.plan, self.aim)

    def on(self, board: Board) -> Generated:
        """The same sources, to be built for another board."""
        return replace(self, board=board)


@dataclass(frozen=True, eq=False)
class Planned:
    """A model's engines for a board, as they are asked for: what a project is rendered of."""

    board: Board
    choice: Choice
    aim: Aim
    lowered: Mapping[str, Lowered]

    @property
    def plan(self) -> Plan | None:
        """None without the aot engine."""
        aot = self.lowered.get("aot")
        return None if aot is None else aot.plan


def planned(
    source: Source,
    settings: Spec,
    stages: Stages,
    *,
    board: Board | None = None,
    fast: int | None = None,
) -> Planned:
    """The engines' sources. board: None: the one in settings. fast: as Aim's. ForgeError for what
    cannot be."""
    board = board or boards.load(settings.board)
    by_rows = settings.feed == "rows"
    require_possible(source.graph, inputs_whole=not by_rows)
    choice = choose(source.graph, settings.engine, by_rows=by_rows)
    aim = replace(aim_of(settings, board), fast=fast)
    lowered = {
        name: _lowered(engine, source, aim, settings, stages)
        for name, engine in choice.engines.items()
    }
    board = board.with_quick_stack(max(one.ram_bytes for one in lowered.values()))
    return Planned(board, choice, aim, lowered)


def choose_golden(
    source: Source, examples: Examples, settings: Spec, stages: Stages, of: Planned
) -> Chosen:
    """The golden vectors of a model's project."""
    with stages.stage("Choose golden vectors that see wrong layers"):
        graph = source.narrowed.graph
        return golden_vectors.chosen(graph, examples, settings.seed, plan=of.plan)


def generate(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    golden: Chosen | None = None,
    board: Board | None = None,
    of: Planned | None = None,
) -> Generated:
    """A model's project for a board; None: the one in settings. golden: its golden vectors; None:
    the first examples. of: its engines for that board, where they are there already."""
    of = of or planned(source, settings, stages, board=board)
    graph, board, choice, lowered = source.graph, of.board, of.choice, of.lowered
    library = dependency(settings.tflm_library)
    with stages.stage("Render the project"):
        inputs = golden.inputs if golden else examples.inputs[: golden_vectors.most(graph)]
        golden_files, seen = _golden(source, inputs, lowered.get("aot"), look=golden is not None)
        files: dict[str, str | bytes] = dict(
            tree.project_files(
                tree.Project(
                    graph,
                    board,
                    lowered,
                    golden_files,
                    source.model,
                    source.labels,
                    choice.left_out,
                    settings.app,
                    settings.optimize,
                    _layer_tests(source, inputs, choice, lowered) if settings.layer_tests else None,
                    library,
                    settings.microphone,
                )
            )
        )
    _tell(graph, choice, stages, by_rows=settings.feed == "rows")
    if "tflm" in choice.engines:
        _tell_lacking(graph, board, library, stages)
    data = settings.data if settings.data and is_drawn(settings.data) else None
    project = msgspec.structs.replace(
        settings, model=MODEL_FILE, output=None, data=data, hop=None, tflm_library=library
    )
    files |= {MODEL_FILE: source.model, spec.FILE_NAME: spec.to_toml(project)}
    return Generated(source, board, of.aim, lowered, files, seen)


def _tell(graph: Graph, choice: Choice, stages: Stages, *, by_rows: bool) -> None:
    """What the user should know of how the model will run."""
    if by_rows and len(graph.inputs) > 1:
        fed = graph.input_tensors[rows_input(graph)]
        stages.note(
            f"note: input {fed.name!r} is fed by rows, the others are written before its first row"
        )
    for engine, layers in choice.left_out.items():
        stages.note(f"warning: no {engine} engine: {layers[0].what}, {layers[0].where}")


def _tell_lacking(graph: Graph, board: Board, given: str | None, stages: Stages) -> None:
    """Which operators of the model no library that the project declares has."""
    for name, port in ((board, board.framework), (SIM, SIM)):
        library = library_for(port, given)
        if lacks := sorted(library.lacks & {op.op for op in graph.operators}):
            stages.note(
                f"warning: {environment(name, 'tflm')} will not compile: {library.dependency} "
                f"has no {', '.join(lacks)}; --tflm-library takes another"
            )


def _lowered(engine: Engine, source: Source, aim: Aim, settings: Spec, stages: Stages) -> Lowered:
    with stages.stage(_STAGES[engine.name], 100) as tell:
        wish = Wish(
            aim,
            by_rows=settings.feed == "rows",
            progress=lambda share: tell(int(100 * share)),
        )
        return engine.lower(source.graph_of(engine.name), source.model, wish)


def _golden(
    source: Source, inputs: npt.NDArray[np.int8], compiled: Lowered | None, *, look: bool
) -> tuple[Golden, tuple[ConstantCoverage, ...]]:
    """Golden vectors with the oracle's answers; of a compiled model with its layers' digests, and,
    to look at, what all these see of its constants."""
    if compiled is None or compiled.plan is None:
        return Golden(inputs, oracle.outputs(source.model, source.graph, inputs)), ()
    graph, expected = source.graph_of("aot"), source.expected("aot", inputs)
    found = digests(graph, compiled.plan, tuple(compiled.layer_symbols), expected)
    golden = Golden(inputs, oracle.answer(graph, expected), found)
    if not look:
        return golden, ()
    return golden, visible.coverage(graph, compiled.plan, compiled, expected, inputs)


def _layer_tests(
    source: Source,
    golden: npt.NDArray[np.int8],
    choice: Choice,
    lowered: Mapping[str, Lowered],
) -> LayerTests:
    """What every layer must compute from the first golden vector; where layers remember, from all.

    ForgeError without the compiled engine, whose layers they are.
    """
    planned = lowered["aot"].plan if "aot" in lowered else None
    if planned is None:
        left_out = choice.left_out.get("aot")
        raise ForgeError(
            "--layer-tests are of the compiled engine's layers, and the project has none of that",
            where=f"{left_out[0].where}: {left_out[0].what}" if left_out else "",
            fix="leave --layer-tests out" + ("" if left_out else ", or give --engine aot or both"),
        )
    inputs = golden if remembers(source.graph) else golden[:1]
    return LayerTests(source.graph_of("aot"), planned, inputs, source.expected("aot", inputs))
