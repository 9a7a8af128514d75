"""Applications around a sensor: the answers to what it measures, against the features of
tinyforge.features and the oracle; on this computer under the sanitizers, and on emulated boards.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models, sensed, several
from tests.device.emulated import Quiet
from tests.features.sounds import clipped, speech
from tests.firmware import sanitized
from tests.firmware.spoken import spoken
from tests.firmware.test_application import answers, frames
from tinyforge import spec
from tinyforge.boards import load
from tinyforge.boards.cores import CORES
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.features import LogMel, heard, quantized
from tinyforge.graph import Graph
from tinyforge.graph.hop import hopped
from tinyforge.memory.search import plan
from tinyforge.project.layout import sources_for
from tinyforge.project.model_files import Golden, model_files
from tinyforge.project.sensors import sensor_files
from tinyforge.project.tree import Project, project_files
from tinyforge.proof.windows import windows_of
from tinyforge.sim.base import Job
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import AppChoice
from tinyforge.tflite import write

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]

WORDS, GAIT, KEYWORDS = sensed.words(3), sensed.gait(5), models.keywords(1)
NARROW = LogMel(channels=16)
G = 1 / 16384


def spoken_sound(seconds: float = 1.2) -> Int16:
    return clipped(speech(16000, seconds, 8))


def walked(samples: int = 150) -> Int16:
    """x, y, z of steps, turns and knocks, as far as the sensor goes."""
    rng = np.random.default_rng(4)
    t = np.arange(samples)[:, None] / 25
    sway = (
        np.sin(2 * np.pi * t * [1.9, 0.9, 1.7] + [0, 1, 2])
        * np.linspace(0.1, 1.6, samples)[:, None]
    )
    knocks = rng.choice([0, 0, 0, 0, 2.5, -2.5], (samples, 3))
    return np.clip((sway + knocks + [0, 0, 1]) / G, -32768, 32767).astype(np.int16)


def heard_rows(graph: Graph, sound: Int16, features: LogMel) -> Int8:
    tensor = graph.input_tensors[0]
    return heard(sound, scale=tensor.scale, zero_point=tensor.zero_point, features=features)


def measured_rows(graph: Graph, samples: Int16, step: float = G) -> Int8:
    tensor = graph.input_tensors[0]
    return quantized(samples, step, scale=tensor.scale, zero_point=tensor.zero_point)


def windows(graph: Graph, rows: Int8, hop: int) -> Int8:
    """(n, bytes): each begins a hop of rows after the one before."""
    size = graph.input_bytes // rows.shape[1]
    starts = range(0, len(rows) - size + 1, hop)
    return np.stack([rows[start : start + size].reshape(-1) for start in starts])


def said(
    graph: Graph, outputs: Int8, threshold: int = 500, labels: Sequence[str] = ()
) -> list[str]:
    """A line whenever the class is another one than before, or is above the threshold again."""
    lines, before = [], ""
    for line in spoken(outputs, graph.output_tensors[0], labels):
        name, _, score = line.rpartition(" ")
        silent = outputs.shape[1] == 1 and name == (labels or ("class 0",))[0]
        now = "" if silent or round(float(score) * 1000) < threshold else name
        lines += [line] if now and now != before else []
        before = now
    return lines


def application(
    graph: Graph,
    app: AppChoice,
    workspace: Path,
    *defines: str,
    by_rows: bool = False,
    labels: Sequence[str] = (),
) -> Path:
    golden = frames(graph, 1)
    files = {
        **compiled(plan(graph, by_rows=by_rows)).files,
        **model_files(graph, labels, Golden(golden, answers(graph, golden)), by_rows=by_rows),
        **sensor_files(graph, app, {}),
    }
    return sanitized.build_application(files, workspace, app=app, defines=defines)


def run(program: Path, samples: Int16) -> tuple[bytes, list[str]]:
    """What came back, and what was said after the self-test."""
    sensor = program.parent / "samples"
    sensor.write_bytes(samples.tobytes())
    done = sanitized.run(program, b"", {"FORGE_SAMPLES": str(sensor)})
    assert done.returncode == 0, done.stderr
    first, *lines = done.stderr.decode().splitlines()
    assert first == "PASS: 1 golden vectors"
    return done.stdout, lines


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("hop", [None, 1, 7, 20])
def test_a_listener_answers_windows_of_rows(hop: int | None, by_rows: bool, tmp_path: Path) -> None:
    """By default it moves on by a quarter."""
    sound = spoken_sound()
    defines = () if hop is None else (f"FORGE_LISTEN_HOP={hop}",)
    program = application(WORDS, "listen", tmp_path, *defines, by_rows=by_rows)
    expected = answers(WORDS, windows(WORDS, heard_rows(WORDS, sound, NARROW), hop or 5))
    outputs, lines = run(program, sound)
    assert outputs == expected.tobytes()
    assert lines == said(WORDS, expected)
    if hop == 1:
        assert 1 < len(lines) < len(expected)


def test_a_listener_of_a_model_that_remembers_moves_on_by_its_whole_input(tmp_path: Path) -> None:
    sound = spoken_sound(0.6)
    rows = heard_rows(KEYWORDS, sound, LogMel())
    outputs, lines = run(application(KEYWORDS, "listen", tmp_path), sound)
    expected = answers(KEYWORDS, rows)
    assert outputs == expected.tobytes()
    assert lines == said(KEYWORDS, expected)


def test_a_wake_word_of_microwakeword(corpus: Path, tmp_path: Path) -> None:
    """Streaming: three rows an inference, and one score, whose class 0 is not said."""
    graph = open_tflite(corpus / "real" / "okay_nabu.tflite", Quiet()).graph
    sound = np.concatenate([spoken_sound(2.0), clipped(speech(16000, 1.0, 3) * 4)])
    expected = answers(graph, windows(graph, heard_rows(graph, sound, LogMel()), 3))
    assert len(np.unique(expected)) > 3
    threshold = 2  # the model hears no word in this: what it says is what it may hear least
    program = application(graph, "listen", tmp_path, f"FORGE_THRESHOLD={threshold}")
    outputs, lines = run(program, sound)
    assert outputs == expected.tobytes()
    assert lines == said(graph, expected, threshold)


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize(("app", "graph", "hop"), [("listen", WORDS, 4), ("motion", GAIT, 3)])
def test_a_model_that_keeps_what_windows_share(
    app: AppChoice, graph: Graph, hop: int, by_rows: bool, tmp_path: Path
) -> None:
    """It is given the new rows of each window and says what the whole one is; before the first
    there was silence, or rest."""
    found = hopped(graph, hop)
    samples = spoken_sound() if app == "listen" else walked()
    rows = heard_rows(graph, samples, NARROW) if app == "listen" else measured_rows(graph, samples)
    came = rows[: len(rows) // hop * hop].reshape(-1, hop * rows.shape[1])
    expected = answers(graph, windows_of(found, came))
    outputs, lines = run(application(found.graph, app, tmp_path, by_rows=by_rows), samples)
    assert outputs == expected.tobytes()
    assert lines == said(graph, expected)


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("hop", [None, 1, 5, 24])
def test_motion_answers_windows_of_samples(hop: int | None, by_rows: bool, tmp_path: Path) -> None:
    defines = () if hop is None else (f"FORGE_MOTION_HOP={hop}",)
    program = application(GAIT, "motion", tmp_path, *defines, by_rows=by_rows)
    rows = measured_rows(GAIT, walked())
    assert {-128, 127} <= set(rows.reshape(-1).tolist())  # saturated on both sides
    expected = answers(GAIT, windows(GAIT, rows, hop or 6))
    outputs, lines = run(program, walked())
    assert outputs == expected.tobytes()
    assert lines == said(GAIT, expected)
    if hop == 1:
        assert 1 < len(lines) < len(expected)


def test_another_unit_and_threshold(tmp_path: Path) -> None:
    """Metres a second squared, from a sensor of 8 g; labels."""
    labels = ("rest", "walk", "run", "fall")
    defines = ("FORGE_MOTION_SCALE=(9.80665/4096)", "FORGE_THRESHOLD=400", "FORGE_MOTION_HOP=1")
    program = application(GAIT, "motion", tmp_path, *defines, labels=labels)
    samples = (walked() // 16).astype(np.int16)
    expected = answers(GAIT, windows(GAIT, measured_rows(GAIT, samples, 9.80665 / 4096), 1))
    outputs, lines = run(program, samples)
    assert outputs == expected.tobytes()
    assert lines == said(GAIT, expected, 400, labels)
    assert lines != said(GAIT, expected, 500, labels)


@pytest.mark.parametrize(("app", "graph"), [("listen", WORDS), ("motion", GAIT)])
def test_without_a_sensor_frames_are_answered(app: AppChoice, graph: Graph, tmp_path: Path) -> None:
    """As the application classify does, which is what proofs feed."""
    inputs = frames(graph, 4)
    done = sanitized.run(application(graph, app, tmp_path / "app"), inputs.tobytes())
    plain = sanitized.run(application(graph, "classify", tmp_path / "plain"), inputs.tobytes())
    assert done.stdout == answers(graph, inputs).tobytes()
    assert (done.returncode, done.stdout, done.stderr) == (0, plain.stdout, plain.stderr)


@pytest.mark.parametrize(("app", "graph"), [("listen", WORDS), ("motion", GAIT)])
def test_samples_that_end_early_get_no_answer(app: AppChoice, graph: Graph, tmp_path: Path) -> None:
    program = application(graph, app, tmp_path)
    needed = {"listen": 480 + 19 * 160, "motion": 24 * 3}[app]
    samples = np.full(needed, 900, np.int16)
    assert run(program, samples[:-1]) == (b"", [])
    assert len(run(program, samples)[0]) == graph.output_bytes


@pytest.mark.parametrize(("app", "graph"), [("listen", WORDS), ("motion", GAIT)])
def test_nothing_is_heard_when_the_self_test_fails(
    app: AppChoice, graph: Graph, tmp_path: Path
) -> None:
    golden = frames(graph, 1)
    files = {
        **compiled(plan(graph)).files,
        **model_files(graph, (), Golden(golden, answers(graph, golden) ^ 1)),
        **sensor_files(graph, app, {}),
    }
    sensor = tmp_path / "samples"
    sensor.write_bytes(bytes(40000))
    program = sanitized.build_application(files, tmp_path, app=app)
    done = sanitized.run(program, b"", {"FORGE_SAMPLES": str(sensor)})
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"FAIL: the self-test's outputs differ from the golden vectors\n")


def test_features_test_themselves_before_the_model(tmp_path: Path) -> None:
    """One weight of one filter is enough; nothing is answered then, not even frames."""
    golden = frames(WORDS, 1)
    files = {
        **compiled(plan(WORDS)).files,
        **model_files(WORDS, (), Golden(golden, answers(WORDS, golden))),
        **sensor_files(WORDS, "listen", {}),
    }
    first = re.compile(r"(forge_mel_weights\[\d+\]\[2\] = {\s*{\d+, )(\d+)")
    header = files["include/log_mel.h"]
    wrong = first.sub(lambda found: f"{found[1]}{int(found[2]) ^ 64}", header)
    assert wrong != header
    program = sanitized.build_application(
        {**files, "include/log_mel.h": wrong}, tmp_path, app="listen"
    )
    done = sanitized.run(program, golden.tobytes())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"FAIL: the features of a noise differ from the host's\n"


def project(app: AppChoice, graph: Graph, folder: Path) -> None:
    inputs = frames(graph, 1)
    golden = Golden(inputs, answers(graph, inputs))
    engines = {"aot": compiled(plan(graph))}
    board = load("nrf52840_dk")
    for path, text in project_files(
        Project(graph, board, engines, golden, write(graph), app=app)
    ).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(("app", "graph"), [("listen", WORDS), ("motion", GAIT)])
def test_applications_build_for_every_core(
    app: AppChoice, graph: Graph, core: str, compiler: str, tmp_path: Path
) -> None:
    """All warnings are errors there; scales are worked out without floating point."""
    project(app, graph, tmp_path)
    sources, include = sources_for(tmp_path, "aot", "sim")
    firmware = toolchain(compiler).build(
        sources,
        include=include,
        core=CORES[core],
        memory=load("nrf52840_dk").memory_map(),
        output=tmp_path / "firmware.elf",
    )
    assert "forge_port_read_samples" in firmware.symbols
    assert not [name for name in firmware.symbols if name.startswith(("__aeabi_f", "__aeabi_d"))]


@pytest.mark.parametrize("wrong", [False, True])
def test_a_proof_runs_the_features_on_the_core(wrong: bool, tmp_path: Path) -> None:
    """There the firmware is fed frames; a wrong feature ends it before the first."""
    project("listen", WORDS, tmp_path)
    tables = tmp_path / "include" / "log_mel.h"
    text = tables.read_text()
    tables.write_text(text.replace("FORGE_MEL_FIRST_BIN 5", f"FORGE_MEL_FIRST_BIN {5 + wrong}"))
    assert (tables.read_text() != text) == wrong
    unicorn = machine("unicorn")
    firmware = build_firmware(
        tmp_path, "aot", load("nrf52840_dk"), compiler=toolchain("zig"), machine=unicorn
    )
    inputs = frames(WORDS, 2)
    if wrong:
        with pytest.raises(ForgeError, match="features of a noise differ from the host's"):
            unicorn.run(Job(firmware, inputs, output_bytes=4))
    else:
        done = unicorn.run(Job(firmware, inputs, output_bytes=4))
        np.testing.assert_array_equal(done.outputs, answers(WORDS, inputs))


@pytest.mark.parametrize("app", ["listen", "motion"])
def test_a_sensor_on_an_emulated_board(app: AppChoice, tmp_path: Path) -> None:
    """QEMU, whose semihosting opens the real samples.bin."""
    qemu = shutil.which("qemu-system-arm")
    if qemu is None:
        pytest.skip("needs qemu-system-arm")
    graph, samples, rows, hop = {
        "listen": (
            WORDS,
            spoken_sound(),
            heard_rows(WORDS, spoken_sound(), NARROW),
            5,
        ),
        "motion": (GAIT, walked(), measured_rows(GAIT, walked()), 6),
    }[app]
    project(app, graph, tmp_path)
    board = load("nrf52840_dk")
    firmware = build_firmware(
        tmp_path, "aot", board, compiler=toolchain(None), machine=machine("qemu")
    )
    (tmp_path / "samples.bin").write_bytes(samples.tobytes())
    command = [qemu, "-M", "mps2-an386", "-nographic", "-semihosting-config",
               "enable=on,target=native", "-kernel", str(firmware.path)]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    )
    expected = answers(graph, windows(graph, rows, hop))
    assert (tmp_path / "results.bin").read_bytes() == expected.tobytes()
    lines = (done.stdout + done.stderr).decode().splitlines()
    assert [line for line in lines if line.startswith("class")] == said(graph, expected)


@pytest.mark.parametrize(
    ("app", "graph", "microphone", "what"),
    [
        ("motion", WORDS, {}, "three axes, in the last dimension, and its input is 1x20x16x1"),
        ("motion", several.tangled(), {}, "motion takes a model with one input, of int8"),
        ("listen", several.tangled(), {}, "listen takes a model with one input, of int8"),
        (
            "listen",
            WORDS,
            {"channels": 30},
            "listen gives it rows of 30, and its input is 1x20x16x1",
        ),
        ("listen", WORDS, {"chanels": 16}, "no setting of a microphone: 'chanels'"),
        ("listen", WORDS, {"window_ms": 30.5}, "window_ms = 30.5 is no whole number"),
        ("listen", WORDS, {"hop_ms": 40}, "a hop of 640 samples"),
    ],
)
def test_models_and_settings_that_do_not_fit(
    app: AppChoice, graph: Graph, microphone: dict[str, float], what: str
) -> None:
    with pytest.raises(ForgeError) as caught:
        sensor_files(graph, app, microphone)
    assert what in str(caught.value)
    assert caught.value.fix


def test_settings_of_a_microphone_reach_the_tables() -> None:
    files = sensor_files(WORDS, "listen", {"hop_ms": 20, "highest_hz": 4000})
    text = files["include/log_mel.h"]
    assert "#define FORGE_MEL_HOP 320" in text
    assert "from 125 to 4000 Hz" in text
    assert sensor_files(WORDS, "classify", {}) == {}


def test_settings_of_a_microphone_are_kept(tmp_path: Path) -> None:
    settings = tmp_path / "tinyforge.toml"
    settings.write_text('app = "listen"\n[microphone]\nhop_ms = 20\nhighest_hz = 4000.5\n')
    found = spec.load(settings)
    assert found.microphone == {"hop_ms": 20, "highest_hz": 4000.5}
    settings.write_text(spec.to_toml(found))
    assert spec.load(settings).microphone == found.microphone
    assert "microphone" not in spec.to_toml(spec.Spec(app="listen"))
