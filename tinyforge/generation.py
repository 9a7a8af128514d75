"""From a quantized model to a project's files: golden vectors, memory plan, engines' sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinyforge import boards, spec
from tinyforge.boards import Board
from tinyforge.boards.possible import require_possible
from tinyforge.datasets import is_drawn
from tinyforge.engines.base import Lowered
from tinyforge.engines.choose import Choice, choose
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.ops.upright import rows_input
from tinyforge.project import tree
from tinyforge.project.ini import environment
from tinyforge.project.layer_tests import LayerTests
from tinyforge.project.model_files import Golden
from tinyforge.proof import golden as golden_vectors
from tinyforge.proof import oracle
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages

MODEL_FILE = "model.tflite"


@dataclass(frozen=True, eq=False)
class Generated:
    """A project that is not yet on the disk. files: by path. plan: None without the aot engine."""

    source: Source
    board: Board
    plan: Plan | None
    lowered: Mapping[str, Lowered]
    files: Mapping[str, str | bytes]

    def on(self, board: Board) -> Generated:
        """The same sources, to be built for another board."""
        return replace(self, board=board)


def choose_golden(source: Source, examples: Examples, settings: Spec, stages: Stages) -> Chosen:
    """The golden vectors of a model's project."""
    with stages.stage("Choose golden vectors that see wrong layers"):
        return golden_vectors.chosen(source.graph, examples, settings.seed)


def generate(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    golden: Chosen | None = None,
) -> Generated:
    """A model's project for a board. golden: its golden vectors; None: the first examples."""
    board = boards.load(settings.board)
    graph = source.graph
    by_rows = settings.feed == "rows"
    require_possible(graph, inputs_whole=not by_rows)
    choice = choose(graph, settings.engine, by_rows=by_rows)
    planned = _planned(graph, stages, by_rows=by_rows) if "aot" in choice.engines else None
    with stages.stage("Compile the model to C"):
        lowered = {
            name: engine.lower(graph, planned, source.model)
            for name, engine in choice.engines.items()
        }
        inputs = golden.inputs if golden else examples.inputs[: golden_vectors.most(graph)]
        outputs = oracle.outputs(source.model, graph, inputs)
        files: dict[str, str | bytes] = dict(
            tree.project_files(
                tree.Project(
                    graph,
                    board,
                    lowered,
                    Golden(inputs, outputs),
                    source.model,
                    source.labels,
                    choice.left_out,
                    settings.app,
                    settings.optimize,
                    _layer_tests(source, inputs, choice, planned) if settings.layer_tests else None,
                )
            )
        )
    _tell(graph, board, choice, stages, by_rows=by_rows)
    data = settings.data if settings.data and is_drawn(settings.data) else None
    project = msgspec.structs.replace(settings, model=MODEL_FILE, output=None, data=data)
    files |= {MODEL_FILE: source.model, spec.FILE_NAME: spec.to_toml(project)}
    return Generated(source, board, planned, lowered, files)


def _tell(graph: Graph, board: Board, choice: Choice, stages: Stages, *, by_rows: bool) -> None:
    """What the user should know of how the model will run."""
    if by_rows and len(graph.inputs) > 1:
        fed = graph.input_tensors[rows_input(graph)]
        stages.note(
            f"note: input {fed.name!r} is fed by rows, the others are written before its first row"
        )
    for engine, layers in choice.left_out.items():
        stages.note(f"warning: no {engine} engine: {layers[0].what}, {layers[0].where}")
    if "tflm" in choice.engines:
        stages.note(
            f"note: {environment(board, 'tflm')} compiles with TensorFlow Lite Micro in "
            "lib/tflite-micro: see the project's README; tinyforge tflm install fetches the sources"
        )


def _planned(graph: Graph, stages: Stages, *, by_rows: bool) -> Plan:
    with stages.stage("Plan the arena", 100) as tell:
        return plan(graph, by_rows=by_rows, progress=lambda share: tell(int(100 * share)))


def _layer_tests(
    source: Source, golden: npt.NDArray[np.int8], choice: Choice, planned: Plan | None
) -> LayerTests:
    """What every layer must compute from the first golden vector; where layers remember, from all.

    ForgeError without the compiled engine, whose layers they are.
    """
    if planned is None:
        left_out = choice.left_out.get("aot")
        raise ForgeError(
            "--layer-tests are of the compiled engine's layers, and the project has none of that",
            where=f"{left_out[0].where}: {left_out[0].what}" if left_out else "",
            fix="leave --layer-tests out" + ("" if left_out else ", or give --engine aot or both"),
        )
    inputs = golden if source.graph.states else golden[:1]
    return LayerTests(planned, inputs, oracle.trace(source.model, source.graph, inputs))
