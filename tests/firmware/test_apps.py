"""The watch's and the drone's applications: the same answers as classify, and their timekeeping.

On this computer under the sanitizers, with a port whose time is scripted, and in the emulator,
where time is counted in instructions.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models, several
from tests.firmware import sanitized
from tests.firmware.spoken import console
from tests.firmware.test_application import answers, frames, sources
from tests.memory import graphs
from tinyforge.boards import load
from tinyforge.boards.cores import CORES
from tinyforge.engines.aot import compiled
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.project.layout import sources_for
from tinyforge.project.model_files import Golden
from tinyforge.project.tree import Project, project_files
from tinyforge.sim.base import Job, Run
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.spec import AppChoice
from tinyforge.tflite import write

Int8 = npt.NDArray[np.int8]

# Pictures of one channel and of three, and an input that is no picture.
MODELS = {
    "classifier": models.classifier(3),
    "separable": models.separable(3),
    "diamonds": graphs.SHAPES["diamonds"](),
    "tangled": several.tangled(),
}
APPS: tuple[AppChoice, ...] = ("watch", "drone")
SCRIPTED = Path(__file__).parent / "scripted_port.c"


def application(
    graph: Graph, app: str, workspace: Path, *defines: str, port: tuple[Path, ...] | None = None
) -> Path:
    workspace.mkdir(exist_ok=True)
    golden = frames(graph, 1)
    files = sources(graph, golden, answers(graph, golden))
    return sanitized.build_application(files, workspace, app=app, defines=defines, port=port)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_classify(name: str, app: str, tmp_path: Path) -> None:
    graph = MODELS[name]
    inputs = frames(graph, 5)[[0, 1, 0, 2, 3, 4, 4]]
    done = sanitized.run(application(graph, app, tmp_path / "app"), inputs.tobytes())
    plain = sanitized.run(application(graph, "classify", tmp_path / "plain"), inputs.tobytes())
    assert (done.returncode, plain.returncode) == (0, 0)
    assert done.stdout == plain.stdout == answers(graph, inputs).tobytes()
    first, report = console(done.stderr)
    assert first == "PASS: 1 golden vectors"
    assert report.startswith(f"{app}: 7 answers, ")


@pytest.mark.parametrize("app", APPS)
def test_a_frame_that_is_cut_short_gets_no_answer(app: str, tmp_path: Path) -> None:
    graph = MODELS["separable"]
    inputs = frames(graph, 2)
    done = sanitized.run(application(graph, app, tmp_path), inputs.tobytes()[:-1])
    assert done.stdout == answers(graph, inputs[:1]).tobytes()


@pytest.mark.parametrize("app", APPS)
def test_no_frame_is_answered_when_the_self_test_fails(app: str, tmp_path: Path) -> None:
    graph = MODELS["classifier"]
    golden = frames(graph, 1)
    wrong = answers(graph, golden)
    wrong[0, 0] ^= 1
    program = sanitized.build_application(sources(graph, golden, wrong), tmp_path, app=app)
    done = sanitized.run(program, golden.tobytes())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"FAIL: the self-test's outputs differ from the golden vectors\n")


@pytest.mark.parametrize("hop", [1, 8, 48, 63])
def test_windows_of_a_watch_overlap(hop: int, tmp_path: Path) -> None:
    """Each window begins a hop after the one before; the samples are one stream."""
    graph = MODELS["classifier"]
    size = graph.tensors[graph.inputs[0]].nbytes
    stream = np.random.default_rng(5).integers(-128, 128, size + 6 * hop + hop - 1).astype(np.int8)
    windows = np.stack([stream[i * hop : i * hop + size] for i in range(7)])
    program = application(graph, "watch", tmp_path, f"FORGE_WATCH_HOP={hop}")
    assert sanitized.run(program, stream.tobytes()).stdout == answers(graph, windows).tobytes()


def transcript(
    app: str, tmp_path: Path, count: int, inference_us: int, *defines: str, start: int = 0
) -> list[str]:
    """What the application asked of the scripted board and printed, for so many answers."""
    graph = MODELS["classifier"]
    script = (f"INFERENCE_US={inference_us}u", f"START_US={start}u")
    program = application(graph, app, tmp_path, *defines, *script, port=(SCRIPTED,))
    done = sanitized.run(program, frames(graph, count).tobytes())
    assert done.returncode == 0
    assert done.stdout == answers(graph, frames(graph, count)).tobytes()
    return console(done.stderr)[1:]


# The second begins so late that the clock wraps in the second period.
@pytest.mark.parametrize("start", [0, 2**32 - 1500])
def test_a_drone_in_time(start: int, tmp_path: Path) -> None:
    assert transcript("drone", tmp_path, 3, 400, "FORGE_DRONE_PERIOD_US=1000", start=start) == [
        "watchdog 500",
        *["kick", "sleep 600"] * 3,
        "drone: 3 answers, 0 deadlines missed, worst latency 400 of 1000 us",
    ]


def test_a_drone_that_is_late_skips_ticks(tmp_path: Path) -> None:
    """2500 of 1000 us: two ticks are overrun, the loop goes on at the third."""
    period = "FORGE_DRONE_PERIOD_US=1000"
    assert transcript("drone", tmp_path, 2, 2500, period, "FORGE_DRONE_WATCHDOG_MS=9") == [
        "watchdog 9",
        *["kick", "sleep 500"] * 2,
        "drone: 2 answers, 2 deadlines missed, worst latency 2500 of 1000 us",
    ]


def test_an_answer_at_the_deadline_is_in_time(tmp_path: Path) -> None:
    """And each is reported where every report has one answer."""
    lines = transcript("drone", tmp_path, 2, 1000, "FORGE_DRONE_PERIOD_US=1000",
                       "FORGE_REPORT_EVERY=1")  # fmt: skip
    reports = [line for line in lines if line.startswith("drone")]
    assert reports == [
        f"drone: {n} answers, 0 deadlines missed, worst latency 1000 of 1000 us" for n in (1, 2)
    ]


@pytest.mark.parametrize("start", [0, 2**32 - 5000])
def test_the_duty_cycle_of_a_watch(start: int, tmp_path: Path) -> None:
    """Five answers of 1234 us, one each 10 ms: reported after two, two, and the last."""
    defines = ("FORGE_WATCH_PERIOD_MS=10", "FORGE_REPORT_EVERY=2")
    both = ["sleep 8766", "sleep 8766", "watch: 2 answers, 1234 us awake for each, "
            "duty cycle 12.34 %"]  # fmt: skip
    assert transcript("watch", tmp_path, 5, 1234, *defines, start=start) == [
        *both,
        *both,
        "sleep 8766",
        "watch: 1 answers, 1234 us awake for each, duty cycle 12.34 %",
    ]


def test_a_watch_that_is_too_slow_does_not_sleep(tmp_path: Path) -> None:
    assert transcript("watch", tmp_path, 2, 20_000, "FORGE_WATCH_PERIOD_MS=10") == [
        "watch: 2 answers, 20000 us awake for each, duty cycle 100.00 %"
    ]


def test_hundredths_have_two_digits(tmp_path: Path) -> None:
    (line,) = transcript("watch", tmp_path, 1, 501, "FORGE_WATCH_PERIOD_MS=1000")[1:]
    assert line.endswith("501 us awake for each, duty cycle 0.05 %")


def project(app: AppChoice, model: str, folder: Path, defines: str = "") -> None:
    """A whole project on the disk; defines stand before its application's source."""
    graph = MODELS[model]
    inputs = frames(graph, 1)
    golden = Golden(inputs, answers(graph, inputs))
    engines = {"aot": compiled(plan(graph))}
    board = load("nrf52840_dk")
    files = project_files(Project(graph, board, engines, golden, write(graph), app=app))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(defines + text if path == "src/main.c" else text)


def emulated(app: AppChoice, tmp_path: Path, inputs: Int8, defines: str = "") -> Run:
    """A project's application, in unicorn."""
    graph = MODELS["separable"]
    project(app, "separable", tmp_path, defines)
    unicorn = machine("unicorn")
    firmware = build_firmware(
        tmp_path,
        "aot",
        load("nrf52840_dk"),
        compiler=compiler_for(None, unicorn),
        machine=unicorn,
    )
    size = graph.tensors[graph.outputs[0]].nbytes
    return unicorn.run(Job(firmware, inputs, size))


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("app", APPS)
def test_applications_build_for_every_core(
    app: AppChoice, core: str, compiler: str, tmp_path: Path
) -> None:
    """All warnings are errors there; drawings and rows are in it, as the model takes pictures."""
    project(app, "classifier", tmp_path)
    sources, include = sources_for(tmp_path, "aot", "sim")
    firmware = toolchain(compiler).build(
        sources,
        include=include,
        core=CORES[core],
        memory=load("nrf52840_dk").memory_map(),
        output=tmp_path / "firmware.elf",
    )
    read = {"watch": "forge_port_read_point", "drone": "forge_port_read_row"}[app]
    assert read in firmware.symbols


@pytest.mark.parametrize(("period", "missed"), [(33333, 0), (1, 6)])
def test_a_drone_in_the_emulator(period: int, missed: int, tmp_path: Path) -> None:
    """Its clock counts instructions, 100 a microsecond: the latency is the inference's, and a
    little for reading rows and writing the answer. No deadline of 1 us can be met."""
    inputs = frames(MODELS["separable"], 6)
    run = emulated("drone", tmp_path, inputs, f"#define FORGE_DRONE_PERIOD_US {period}\n")
    np.testing.assert_array_equal(run.outputs, answers(MODELS["separable"], inputs))
    assert run.instructions is not None
    report = re.search(
        r"drone: 6 answers, (\d+) deadlines missed, worst latency (\d+) of", run.console
    )
    assert report is not None, run.console
    assert int(report[1]) == missed
    assert 0 <= int(report[2]) * 100 - run.instructions.max() < 5000


def test_a_watch_in_the_emulator(tmp_path: Path) -> None:
    inputs = frames(MODELS["separable"], 4)
    run = emulated("watch", tmp_path, inputs, "#define FORGE_WATCH_PERIOD_MS 10\n")
    np.testing.assert_array_equal(run.outputs, answers(MODELS["separable"], inputs))
    assert run.instructions is not None
    report = re.search(
        r"watch: 4 answers, (\d+) us awake for each, duty cycle (\d+\.\d\d) %", run.console
    )
    assert report is not None, run.console
    assert 0 <= int(report[1]) * 100 - run.instructions.mean() < 5000
    # Of 10 ms; what follows the last answer is not counted.
    assert float(report[2]) == pytest.approx(int(report[1]) / 100, abs=0.02)
