"""A project onto its board: self-test firmware, the proof, and then the application."""

from __future__ import annotations

from pathlib import Path

from tinyforge import boards
from tinyforge.aims import aim_of
from tinyforge.boards import Board
from tinyforge.device import port as ports
from tinyforge.device.link import Link
from tinyforge.device.port import SerialPort
from tinyforge.device.prove import prove_on_device
from tinyforge.device.record import DeviceReport
from tinyforge.device.sources import require_model
from tinyforge.device.subject import Subject
from tinyforge.engines.base import Wish
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.project.ini import environment
from tinyforge.project.pio import run_pio
from tinyforge.project.selftest import selftest_environment
from tinyforge.proof import oracle
from tinyforge.proof.channels import with_channels
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import Proof
from tinyforge.simulate import golden_examples
from tinyforge.source import Source, model_path, open_tflite
from tinyforge.spec import FILE_NAME, EngineChoice, Spec, settle
from tinyforge.stages import Stages

# A USB board takes its port away when it boots, and brings it back within this time.
_APPEAR_SECONDS = 15.0


def flash(
    project: Path,
    stages: Stages,
    *,
    engine: EngineChoice | None = None,
    port: str | None,
    upload: bool = True,
    layers: bool = False,
    seconds: float = 30.0,
) -> tuple[Proof, DeviceReport]:
    """Uploads the self-test, runs the project's golden vectors on the board, and, if every answer
    is right, uploads the application.

    engine: None or "both": the first one the project has. port: None: the only one there is.
    upload: False: the self-test is on the board already, and stays there. layers: compare every
    layer. seconds: how long one answer may take. ForgeError for all that goes wrong but a wrong
    answer, which the proof holds; before an upload also for a constant in the project's sources
    that is not the model's.
    """
    settings = project_settings(project, engine)
    source = open_tflite(model_path(settings), stages)
    examples = _golden(project, source)
    board = boards.load(settings.board)
    subject = _subject(project, source, examples, board, settings)
    if upload:
        require_model(project, subject, settings, stages)
    with stages.stage(f"Ask {oracle.version()} for every layer"):
        expected = source.expected(subject.engine, examples.inputs)
        oracle.require_agreement(examples.outputs, oracle.answer(subject.graph, expected))
    if upload:
        selftest = selftest_environment(board, subject.engine)
        _upload(project, selftest, port, stages, "the self-test")
    appear = _APPEAR_SECONDS if upload else 0.0
    name = port or ports.find(appear_seconds=appear)
    baud = board.platformio.monitor_speed
    title = f"Prove {len(examples):,} inputs on {name}"
    with (
        SerialPort(name, baud, appear_seconds=appear) as line,
        stages.stage(title, len(examples)) as tell,
    ):
        proof, report = prove_on_device(
            Link(line, seconds=seconds),
            subject,
            expected,
            oracle=oracle.version(),
            port=name,
            layers=layers,
            progress=tell,
        )
    proof = with_channels(proof, source.narrowed)
    if upload and proof.bit_exact:
        application = environment(board, subject.engine)
        _upload(project, application, port, stages, "the application")
    return proof, report


def project_settings(project: Path, engine: EngineChoice | None) -> Spec:
    """The project's own. ForgeError where there is none."""
    path = project / FILE_NAME
    if not path.is_file():
        raise ForgeError(
            f"this is no project of tinyforge: it has no {FILE_NAME}",
            where=str(project),
            fix="tinyforge build or tinyforge generate writes one",
        )
    return settle(path, engine=engine)


def _golden(project: Path, source: Source) -> Examples:
    """The project's golden vectors. ForgeError where they are another model's."""
    examples = golden_examples(project)
    assert examples.outputs is not None
    sizes = (examples.inputs.shape[1], examples.outputs.shape[1])
    expected = (source.graph.input_bytes, source.graph.output_bytes)
    if sizes != expected:
        raise ForgeError(
            f"golden vectors of {sizes[0]} bytes in and {sizes[1]} out, the model has "
            f"{expected[0]} and {expected[1]}",
            where=str(project),
            fix="write the project anew: tinyforge generate",
        )
    return examples


def _upload(project: Path, name: str, port: str | None, stages: Stages, what: str) -> None:
    where = () if port is None else ("--upload-port", port)
    with stages.stage(f"Build and upload {what}"):
        run_pio(project, "run", "-t", "upload", *where, environment=name)


def _subject(
    project: Path, source: Source, examples: Examples, board: Board, settings: Spec
) -> Subject:
    """The project's own engine, that or the first one. ForgeError when it does not have it."""
    wanted, by_rows = settings.engine, settings.feed == "rows"
    able = choose(source.graph, wanted, by_rows=by_rows).engines
    there = {n: e for n, e in able.items() if (project / "src" / n).is_dir()}
    if not there:
        raise ForgeError(
            f"the project has no engine {wanted}" if wanted != "both" else "no engine in it",
            where=str(project),
            fix="tinyforge generate writes a project; --engine chooses the engines in it",
        )
    name, engine = next(iter(there.items()))
    graph = source.graph_of(name)
    wish = Wish(aim_of(settings, board), by_rows=by_rows)
    lowered = engine.lower(graph, source.model, wish)
    return Subject(
        model=source.model,
        graph=graph,
        board=board,
        engine=name,
        lowered=lowered,
        plan=None if by_rows else lowered.plan,  # its steps are taken as rows come, none by itself
        inputs=examples.inputs,
    )
