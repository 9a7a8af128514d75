"""The way of the data, as code. Every stage is a function elsewhere; here they only meet.

model bytes -> Graph -> plan -> engines' sources -> project -> ELF -> machine -> proof -> report
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tinyforge import boards, spec, tflite
from tinyforge.boards import Board
from tinyforge.boards.possible import require_possible
from tinyforge.datasets import is_drawn
from tinyforge.engines.base import Lowered
from tinyforge.engines.choose import Choice, choose
from tinyforge.errors import DoesNotFitError, ForgeError
from tinyforge.graph import DType, Graph
from tinyforge.graph.passes import adapt
from tinyforge.memory.plan import Plan
from tinyforge.memory.planner import plan
from tinyforge.ops.upright import rows_input
from tinyforge.project import tree, writer
from tinyforge.project.ini import environment
from tinyforge.project.layer_tests import LayerTests
from tinyforge.project.model_files import Golden
from tinyforge.proof import budget, discriminate, oracle
from tinyforge.proof import examples as example_files
from tinyforge.proof.boundary import applies, require_boundary
from tinyforge.proof.data import of_samples
from tinyforge.proof.examples import Examples
from tinyforge.proof.interpreted import prove_interpreted
from tinyforge.proof.prove import Subject, prove
from tinyforge.proof.readback import require_constants
from tinyforge.proof.record import Proof
from tinyforge.report.html_report import to_html
from tinyforge.report.json_report import json_text, to_json
from tinyforge.report.record import Report
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.source import Source, class_names
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.training import KERAS_SUFFIXES, Loading

MODEL_FILE = "model.tflite"
_GOLDEN_BYTES = 4096  # of self-test inputs in flash; at least one input, whatever its size
_CANDIDATES = 24  # for golden vectors, of each kind


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


def open_tflite(path: Path, stages: Stages) -> Source:
    """A .tflite file, read, verified and int8 inside. ForgeError for anything else.

    Conversions at its boundary are dropped, with a note: then model is not the file's bytes.
    """
    model, graph = tflite.read_file(path)
    written, adapted = _adapted(model, graph, stages)
    takes_bytes = graph.tensors[graph.inputs[0]].dtype is DType.UINT8
    return Source(written, adapted, class_names(adapted, stages), takes_bytes)


def _adapted(model: bytes, graph: Graph, stages: Stages) -> tuple[bytes, Graph]:
    """A model as engines run it. ForgeError where they cannot."""
    adapted, notes = adapt(graph)
    for note in notes:
        stages.note(note)
    tflite.require_int8(adapted, graph)
    require_possible(adapted)
    return model if adapted is graph else tflite.write(adapted), adapted


def choose_golden(
    source: Source, examples: Examples, settings: Spec, stages: Stages
) -> discriminate.Chosen:
    """The inputs of golden vectors: those few that see most single changes of the model, of the
    user's examples first."""
    graph, count = source.graph, _golden_count(source.graph)
    given = examples.inputs[:0] if examples.drawn else examples.inputs
    if not graph.states:
        spread = np.linspace(0, len(given) - 1, min(len(given), _CANDIDATES)).astype(int)
        given = given[spread]
    candidates = max(count, _CANDIDATES)
    drawn = example_files.synthetic(graph, candidates, settings.seed).inputs
    with stages.stage("Choose golden vectors that see wrong layers"):
        return discriminate.choose(graph, given, drawn, count, settings.seed)


def generate(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    golden: discriminate.Chosen | None = None,
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
        inputs = golden.inputs if golden else examples.inputs[: _golden_count(source.graph)]
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
    if by_rows and len(graph.inputs) > 1:
        fed = graph.input_tensors[rows_input(graph)]
        stages.note(
            f"note: input {fed.name!r} is fed by rows, the others are written before its first row"
        )
    for engine, layers in choice.left_out.items():
        stages.note(f"warning: no {engine} engine: {layers[0].what}, {layers[0].where}")
    if "tflm" in lowered:
        stages.note(
            f"note: {environment(board, 'tflm')} compiles with TensorFlow Lite Micro in "
            "lib/tflite-micro: see the project's README; tinyforge tflm install fetches the sources"
        )
    data = settings.data if settings.data and is_drawn(settings.data) else None
    project = msgspec.structs.replace(settings, model=MODEL_FILE, output=None, data=data)
    files |= {MODEL_FILE: source.model, spec.FILE_NAME: spec.to_toml(project)}
    return Generated(source, board, planned, lowered, files)


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


def _golden_count(graph: Graph) -> int:
    return max(1, _GOLDEN_BYTES // graph.input_bytes)


def verify(generated: Generated, examples: Examples, settings: Spec, stages: Stages) -> Proof:
    """The proof of a project: of its compiled half where it has one, else of the interpreter's."""
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        writer.write(generated.files, folder)
        return verify_folder(generated, folder, examples, settings, stages)


def verify_folder(
    generated: Generated, folder: Path, examples: Examples, settings: Spec, stages: Stages
) -> Proof:
    """The same for the sources that lie in a folder, as they lie there."""
    source, board, planned = generated.source, generated.board, generated.plan
    if planned is None:
        with stages.stage("Run the project's model in TensorFlow Lite Micro"):
            lowered = generated.lowered["tflm"]
            return prove_interpreted(lowered, source.model, source.graph, examples, board)
    runner = machine_for(settings.machine, board.core_model())
    compiler = compiler_for(settings.toolchain, runner, settings.optimize)
    with stages.stage(f"Build the firmware with {compiler.name}"):
        firmware = build_firmware(folder, "aot", board, compiler=compiler, machine=runner)
    lowered = generated.lowered["aot"]
    with stages.stage("Read every constant back from it"):
        constants = require_constants(
            firmware, folder, lowered, source.graph, compiler=compiler, output=firmware.path
        )
    boundary = 0
    if firmware.core is not None and applies(source.graph):
        with stages.stage("Prove the functions at the model's boundary"):
            output = firmware.path.with_name("boundary.elf")
            boundary = require_boundary(
                folder, source.graph, board, compiler=compiler, machine=runner, output=output
            )
    with stages.stage("Ask TensorFlow Lite Micro for every layer"):
        expected = oracle.trace(source.model, source.graph, examples.inputs)
        oracle.require_agreement(examples.outputs, oracle.answer(source.graph, expected))
    subject = Subject(
        graph=source.graph,
        plan=planned,
        lowered=lowered,
        firmware=firmware,
        board=board,
        toolchain=compiler.version(),
        inputs=examples.inputs,
        labels=examples.labels,
        head=examples.head,
    )
    title = f"Prove {len(examples):,} inputs on {runner.name}"
    with stages.stage(title, len(examples)) as tell:
        name = oracle.version()
        proof = prove(subject, expected, oracle=name, machine=runner, progress=tell)
    return replace(proof, constants=constants, boundary=boundary)


def build(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    core: str | None = None,
    overwrite: bool = False,
    accept: bool = False,
) -> tuple[Report, Path]:
    """The whole way: generate, prove, refuse or write. The report, and the project's folder.

    core: another core than the board's to prove the same C on. overwrite: also over generated files
    that were edited. accept: also where accuracy dropped. ForgeError, and nothing written, unless
    the firmware is exact and fits board and budget.
    """
    if source.measured is not None:
        source.measured.require_kept(accept=accept)
    chosen = choose_golden(source, examples, settings, stages)
    examples = with_golden(examples, chosen)
    generated = generate(source, examples, settings, stages, golden=chosen)
    check_target(generated, settings, overwrite=overwrite)
    proved = generated.on(generated.board.with_core(core))
    try:
        proof = verify(proved, examples, settings, stages)
    except DoesNotFitError as error:
        stages.note(f"{error.what}: measuring what it takes")
        proof = verify(proved.on(boards.roomy(proved.board)), examples, settings, stages)
    budget.require(proof, generated.board, settings.budget, source.measured)
    proof = replace(proof, golden=chosen.coverage)
    report = Report(
        board=settings.board,
        engine=proof.engine,
        proof=proof,
        seconds=stages.seconds,
        accuracy=source.measured,
    )
    return report, write(generated, settings, report, overwrite=overwrite)


def with_golden(examples: Examples, chosen: discriminate.Chosen) -> Examples:
    """Where nobody gave examples, the golden vectors are the first of them; in a sequence they
    are already."""
    if not examples.drawn:
        return examples
    both = np.concatenate([chosen.inputs, examples.inputs])
    return replace(examples, inputs=both)


def check_target(generated: Generated, settings: Spec, *, overwrite: bool) -> None:
    """ForgeError where write() would refuse: before anything is proved."""
    writer.check(generated.files, _target(generated, settings), overwrite=overwrite)


def _target(generated: Generated, settings: Spec) -> Path:
    return spec.project_folder(settings, generated.source.graph.name, generated.board.id)


def write(
    generated: Generated,
    settings: Spec,
    report: Report | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """The project onto the disk, with the report where there is one; returns its folder.

    overwrite: also over generated files that were edited.
    """
    files = dict(generated.files)
    if report is not None:
        report = replace(report, seconds=None)
        files |= {"report.json": json_text(to_json(report)), "report.html": to_html(report)}
    return writer.write(files, _target(generated, settings), overwrite=overwrite)


def model_path(settings: Spec) -> Path:
    """The model that was named. ForgeError when there is none."""
    if settings.model is None:
        raise ForgeError(
            "no model was named",
            fix="give its path, or set model in tinyforge.toml",
        )
    return Path(settings.model)


def open_model(settings: Spec, stages: Stages, how: Loading, *, accept: bool = False) -> Source:
    """A .tflite file, or a Keras model that is quantized first, calibrated with settings.data.

    accept: a drop of accuracy as well.
    """
    path = model_path(settings)
    if path.suffix not in KERAS_SUFFIXES and not path.is_dir():
        return open_tflite(path, stages)
    from tinyforge.training.process import apart
    from tinyforge.training.workflow import quantized_file

    small = apart(
        quantized_file,
        path,
        settings.data,
        stages=stages,
        how=how,
        seed=settings.seed,
        range_text=settings.range,
        accept=accept,
    )
    model, graph = _adapted(small.model, tflite.read(small.model, name=path.stem), stages)
    return Source(
        model,
        graph,
        small.classes,
        examples=of_samples(graph, small.samples, small.inputs),
        measured=small.measured,
    )
