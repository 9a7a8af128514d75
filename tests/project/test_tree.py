"""The whole project: complete, deterministic, and running behind an Arduino board's serial port."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.corpus import several
from tests.corpus.models import classifier, separable
from tests.firmware.spoken import spoken
from tests.host_program import build, output_of
from tinyforge.boards import load
from tinyforge.engines.aot import compiled
from tinyforge.engines.base import Lowered, Missing
from tinyforge.errors import ForgeError
from tinyforge.memory.search import plan
from tinyforge.project.layout import sources_for
from tinyforge.project.model_files import Golden
from tinyforge.project.tree import Project, project_files
from tinyforge.project.writer import write
from tinyforge.proof.oracle import answer, reference_trace
from tinyforge.resources import folder
from tinyforge.tflite import write as tflite

INTERPRETER = Lowered(
    {"src/tflm/model_data.c": "", "src/tflm/model_tflm.cc": '#include "tflm.h"\n'},
    flash_symbols=(),
    layer_symbols={},
    step_count=0,
    arena_bytes=16,
)


def example(graph=None, **changes) -> Project:
    """A project with both engines; the interpreter's half is empty, to be quick."""
    graph = graph or classifier(3)
    rng = np.random.default_rng(2)
    inputs = rng.integers(-128, 128, (4, graph.input_bytes)).astype(np.int8)
    outputs = answer(graph, reference_trace(graph, inputs))
    project = Project(
        graph=graph,
        board=load("nrf52840_dk"),
        engines={"aot": compiled(plan(graph)), "tflm": INTERPRETER},
        golden=Golden(inputs, outputs),
        model=tflite(graph),
    )
    return replace(project, **changes)


def test_a_project_is_complete():
    files = project_files(example())
    assert list(files) == sorted(files)
    assert {
        "platformio.ini", "README.md", ".gitignore", "include/model.h", "include/golden.h",
        "src/main.c", "src/common.c", "src/golden.c", "src/aot/model.c", "src/tflm/model_tflm.cc",
        "src/tflm/interpreter.cc", "src/tflm/tflm.h", "src/ports/arduino/port.cpp",
        "src/ports/sim/startup.c", "lib/forge/library.json", "lib/forge/LICENSE",
        "lib/forge/include/forge/forge.h", "lib/forge/include/forge/forge_port.h",
    } <= set(files)  # fmt: skip
    assert files["lib/forge/LICENSE"] == (folder("firmware").parent / "LICENSE").read_text()


@pytest.mark.parametrize("app", ["classify", "watch", "drone", "listen"])
def test_the_application_is_the_one_that_was_chosen(app):
    files = project_files(example(app=app))
    assert files["src/main.c"] == (folder("firmware") / "apps" / f"{app}.c").read_text()
    assert f"| `src/main.c` | the application {app}: " in files["README.md"]


def test_applications_around_a_sensor_wait_for_its_samples():
    files = project_files(example(app="listen", microphone={"hop_ms": 20}))
    assert "#define FORGE_MEL_CHANNELS 8\n" in files["include/log_mel.h"]
    assert "#define FORGE_MEL_HOP 320 " in files["include/log_mel.h"]
    assert "it waits for the sensor's samples" in files["README.md"]
    assert "the score reaches `FORGE_THRESHOLD` thousandths" in files["README.md"]
    motion = project_files(example(separable(1), app="motion"))
    assert "include/log_mel.h" not in motion
    assert "the application motion: an accelerometer's windows" in motion["README.md"]
    assert "sensor's samples" not in project_files(example())["README.md"]


def test_a_framework_without_a_port_is_refused():
    board = load("nucleo_f446re")
    pio = msgspec.structs.replace(board.platformio, frameworks=("libopencm3", "arduino"))
    with pytest.raises(ForgeError, match="no port for the framework libopencm3") as caught:
        project_files(example(board=msgspec.structs.replace(board, platformio=pio)))
    assert "arduino, espidf, stm32cube, zephyr" in caught.value.fix


def test_only_the_kernels_that_are_needed():
    kernels = {Path(p).name for p in project_files(example()) if "/kernels/" in p}
    assert {"conv.h", "pool.h", "fully_connected.h", "softmax.h", "fixed_point.h"} <= kernels
    assert "depthwise.h" not in kernels
    more = project_files(example(separable(1)))
    assert "lib/forge/include/kernels/depthwise.h" in more


@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_one_engine_alone(engine):
    project = example()
    files = project_files(replace(project, engines={engine: project.engines[engine]}))
    other = {"aot": "tflm", "tflm": "aot"}[engine]
    assert not any(path.startswith(f"src/{other}/") for path in files)
    assert any("/kernels/" in path for path in files) == (engine == "aot")
    assert ("lib_deps" in files["README.md"]) == (engine == "tflm")


def test_the_readme_says_what_was_left_out_and_why():
    project = example()
    missing = Missing("layer 3 X 'a`b\n# c'", "no operator X")
    text = project_files(replace(project, left_out={"aot": [missing]}))["README.md"]
    assert "`aot` was left out" in text
    assert "- `layer 3 X 'a'b.# c': no operator X`\n" in text
    assert "left out" not in project_files(project)["README.md"]


def test_no_name_breaks_a_file():
    name = 'x*/ int y; /*\n[env:evil]\nextra_scripts = evil.py\n"%s{{ 7*7 }}'
    files = project_files(example(replace(classifier(3), name=name)))
    assert "evil" not in files["platformio.ini"]
    for path, text in files.items():
        assert "\n[env:evil]" not in text, path
        if not path.startswith(("lib/", "src/ports/")):
            assert "*/ int" not in text.replace('"x*/ int', ""), path


def test_generated_paths_stay_inside():
    project = example()
    for path in ("../x.c", "/x.c", "src/CON.c"):
        engines = {"tflm": replace(INTERPRETER, files={**INTERPRETER.files, path: ""})}
        with pytest.raises(ForgeError, match="path"):
            project_files(replace(project, engines=engines))


def test_same_project_same_text_in_any_process():
    script = (
        "import hashlib; from tests.project.test_tree import *; "
        "print(hashlib.sha256(repr(dict(project_files(example()))).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1
    here = str(Path(__file__).resolve().parents[2])
    assert not [path for path, text in project_files(example()).items() if here in text]


def quick_board(tmp_path: Path, project: Project) -> Path:
    """The project's aot firmware with the Arduino port, behind a stand-in for Arduino's core."""
    write(project_files(project), tmp_path / "project")
    sources, include = sources_for(tmp_path / "project", "aot", "arduino")
    stand_in = Path(__file__).parent / "arduino"
    return build(
        [*sources, stand_in / "board.cpp"],
        tmp_path / "board",
        include=[*include, stand_in],
        defines=["FORGE_SERIAL_BAUD=115200"],
    )


def test_an_arduino_board_tests_itself_and_answers_frames(tmp_path):
    project = example(labels=("a", "b", "c"))
    golden = project.golden
    answer = output_of(quick_board(tmp_path, project), stdin=golden.inputs.tobytes())
    said = spoken(golden.outputs, project.graph.output_tensors[0], project.labels)
    assert answer.decode().splitlines() == ["PASS: 4 golden vectors", *said]


def test_an_arduino_board_reports_a_difference_and_sleeps(tmp_path):
    project = example()
    wrong = project.golden.outputs.copy()
    found = int(wrong[2, 1])
    wrong[2, 1] ^= 1
    board = quick_board(tmp_path, replace(project, golden=Golden(project.golden.inputs, wrong)))
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(board, stdin=project.golden.inputs.tobytes())
    assert caught.value.returncode == 3
    assert caught.value.stdout.decode().splitlines() == [
        f"FAIL: golden vector 2, output 1: expected {found ^ 1}, found {found}",
        "FAIL: the self-test's outputs differ from the golden vectors",
    ]


def test_the_readme_says_what_a_frame_of_several_inputs_is():
    files = project_files(example(several.tangled()))
    readme = files["README.md"]
    assert "the same serial port: 125 raw bytes in, 120 raw bytes\nback for each.\n" in readme
    assert "- in: `FORGE_INPUT_A`, 24 bytes: 24 of int8\n" in readme
    assert "An output is valid until an input is written" in readme
    assert "FORGE_CLASS_SCORES 0\n" in files["include/model.h"]
    alone = project_files(example())["README.md"]
    assert "- in: " not in alone
    assert "An output is valid" not in alone


def test_the_readme_says_how_a_classifier_answers():
    """As its applications do: forge_answer.h."""
    words = "raw bytes in, a line with the class's {} and its score\nback for each.\n"
    named = project_files(example(labels=("a", "b", "c")))
    assert words.format("name") in named["README.md"]
    assert "FORGE_CLASS_SCORES 3\n" in named["include/model.h"]
    bare = project_files(example())
    assert words.format("number") in bare["README.md"]
    assert "FORGE_CLASS_SCORES 3\n" in bare["include/model.h"]
