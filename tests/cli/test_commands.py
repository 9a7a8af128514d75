"""The commands as a user types them, on real models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.baseline_files import baseline_files
from tests.corpus import models
from tests.corpus.boundary import with_boundary
from tinyforge.graph import DType
from tinyforge.ops import OPS
from tinyforge.report.break_even import thinned
from tinyforge.tflite import read, require_quantized, write


def tinyforge(*arguments: str, folder: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """One command, run in a folder."""
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == status, shown.stderr
    return shown


def document(*arguments: str, folder: Path, status: int = 0) -> dict[str, Any]:
    """What --json prints; nothing else may be on stdout."""
    parsed = json.loads(tinyforge(*arguments, "--json", folder=folder, status=status).stdout)
    assert isinstance(parsed, dict)
    return parsed


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small classifier of our own."""
    path = tmp_path / "small.tflite"
    path.write_bytes(write(models.classifier(1)))
    return path


COMMANDS = [
    "demo",
    "build",
    "compare",
    "generate",
    "export",
    "simulate",
    "flash",
    "monitor",
    "inspect",
    "advise",
    "arena",
    "bench",
    "convert",
    "diff",
    "train",
    "prune",
    "quantize",
    "boards",
    "doctor",
    "setup-offline",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str, tmp_path: Path) -> None:
    shown = tinyforge(command, "--help", folder=tmp_path).stdout
    assert f"Example: tinyforge {command}" in shown
    assert "--json" in shown
    assert "--debug" in shown


def test_build_proves_and_writes(model: Path, tmp_path: Path) -> None:
    built = ("build", str(model), "-o", "out", "--optimize", "size")
    proof = document(*built, folder=tmp_path)["proof"]
    assert proof["bit_exact"] is True
    assert proof["arena"]["planned"] == proof["arena"]["touched"]
    exact = [layer["bit_exact"] for layer in proof["instructions_by_layer"]]
    within = [layer["within"] for layer in proof["instructions_by_layer"]]
    assert within[:2] == [1, None], "the convolution runs within the pool"
    assert exact == [True if layer is None else None for layer in within]
    for name in ("platformio.ini", "report.json", "report.html", "model.tflite", "tinyforge.toml"):
        assert (tmp_path / "out" / name).is_file()
    assert "seconds" not in json.loads((tmp_path / "out" / "report.json").read_text())


def test_what_zeros_are_worth_to_a_pruned_model_is_reported(tmp_path: Path) -> None:
    graph = models.classifier(1)
    multiplying = [op for op in graph.operators if OPS[op.op].weighted is not None]
    for op in multiplying:
        graph = thinned(graph, op, 0.8, "blocks")
    (tmp_path / "pruned.tflite").write_bytes(write(graph))
    printed = document("build", "pruned.tflite", "-o", "out", folder=tmp_path)["break_even"]
    written = json.loads((tmp_path / "out" / "report.json").read_text())["break_even"]
    assert printed == written
    assert written["layer"] in {op.index for op in multiplying}
    assert written["zeros"] == pytest.approx(0.8, abs=0.05)
    assert "What zeros are worth" in (tmp_path / "out" / "report.html").read_text()


def test_a_model_with_a_float_boundary_is_built_as_int8(tmp_path: Path) -> None:
    graph = with_boundary(models.classifier(1), DType.FLOAT32)
    (tmp_path / "float.tflite").write_bytes(write(graph))
    shown = tinyforge("build", "float.tflite", "-o", "out", folder=tmp_path)
    assert "input 'seen 0' is float32 in the file and int8 in the firmware" in shown.stderr
    built = read((tmp_path / "out" / "model.tflite").read_bytes())
    require_quantized(built)
    assert len(built.operators) == len(graph.operators) - 2
    assert document("simulate", "out", folder=tmp_path)["proof"]["bit_exact"] is True


@pytest.mark.parametrize(
    ("engine", "word"), [("both", "PROVED: every tensor bit-exact"), ("tflm", "CARRIED, NOT RUN")]
)
def test_a_model_that_remembers_is_built(engine: str, word: str, tmp_path: Path) -> None:
    """Of either engine; proved, measured, explained and ranked like any other."""
    (tmp_path / "keywords.tflite").write_bytes(write(models.keywords(1)))
    shown = tinyforge("build", "keywords.tflite", "-o", "out", "--engine", engine, folder=tmp_path)
    assert word in shown.stdout
    assert "forge_reset" in (tmp_path / "out" / "README.md").read_text()
    assert tinyforge("simulate", "out", folder=tmp_path)
    if engine == "both":
        assert "(state)" in (tmp_path / "out" / "report.html").read_text()
        for command in ("arena", "bench", "inspect"):
            tinyforge(command, "keywords.tflite", folder=tmp_path)


@pytest.mark.parametrize("app", ["classify", "watch", "drone", "listen", "motion"])
def test_a_model_fed_by_rows_is_built(app: str, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(write(models.separable(1)))
    small = ("build", "m.tflite", "--optimize", "size")
    whole = document(*small, "-o", "whole", "--engine", "aot", folder=tmp_path)
    fed = (*small, "-o", "fed", "--feed", "rows", "--app", app)
    proof = document(*fed, folder=tmp_path)["proof"]
    assert proof["bit_exact"] is True
    assert proof["arena"]["touched"] == proof["arena"]["planned"]
    assert proof["arena"]["planned"] < whole["proof"]["arena"]["planned"]
    assert "forge_push_row" in (tmp_path / "fed" / "README.md").read_text()
    assert not (tmp_path / "fed" / "src" / "tflm").exists()
    again = document("simulate", "fed", folder=tmp_path)["proof"]
    assert again["arena"]["planned"] == proof["arena"]["planned"]
    least = ("--optimize", "size", "--engine", "aot", "--feed", "rows")
    arena = document("arena", "m.tflite", *least, folder=tmp_path)
    assert arena["predicted"] == proof["arena"]["planned"]


@pytest.mark.parametrize("command", ["build", "arena"])
def test_the_interpreter_is_not_fed_by_rows(command: str, model: Path, tmp_path: Path) -> None:
    refused = tinyforge(
        command, str(model), "--engine", "tflm", "--feed", "rows", folder=tmp_path, status=2
    )
    assert "keeps its input whole" in refused.stderr


def test_building_twice_changes_no_byte_and_no_mtime(model: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        files = (p for p in (tmp_path / "out").rglob("*") if p.is_file())
        return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}

    tinyforge("build", str(model), "-o", "out", folder=tmp_path)
    first = state()
    tinyforge("build", str(model), "-o", "out", folder=tmp_path)
    assert state() == first


@pytest.mark.parametrize("machine", ["unicorn", "qemu", "native"])
def test_simulate_a_project_on_each_machine(machine: str, model: Path, tmp_path: Path) -> None:
    tinyforge("generate", str(model), "-o", "out", folder=tmp_path)
    proof = document("simulate", "out", "--machine", machine, folder=tmp_path)["proof"]
    assert proof["bit_exact"] is True
    assert proof["machine"].startswith(machine)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_a_project_for_size_is_smaller_on_the_board_too(
    compiler: str, model: Path, tmp_path: Path
) -> None:
    """The choice stays with the project: PlatformIO's flags, and what simulate builds again."""
    proofs = {}
    for optimize in ("speed", "size"):
        built = ("build", str(model), "--optimize", optimize, "--toolchain", compiler)
        written = document(*built, "-o", optimize, folder=tmp_path)["proof"]
        proofs[optimize] = document("simulate", optimize, folder=tmp_path)["proof"]
        assert proofs[optimize]["flash"] == written["flash"]
    speed, size = proofs["speed"], proofs["size"]
    assert (speed["toolchain"][-3:], size["toolchain"][-3:]) == ("-O2", "-Os")
    assert size["flash"]["code"] < speed["flash"]["code"]
    assert size["flash"]["weights"] < speed["flash"]["weights"]
    ini = (tmp_path / "size" / "platformio.ini").read_text()
    assert "-Os\n" in ini
    assert "-O2\n" not in ini


def test_an_edit_is_named_before_anything_is_proved(model: Path, tmp_path: Path) -> None:
    document("build", str(model), "-o", "out", folder=tmp_path)
    weights = tmp_path / "out" / "src" / "aot" / "weights.c"
    written = weights.read_bytes()
    weights.write_bytes(written + b"\n")
    error = document("build", str(model), "-o", "out", folder=tmp_path, status=2)["error"]
    assert "edited: src/aot/weights.c" in error["what"]
    assert weights.read_bytes() == written + b"\n"
    done = tinyforge("simulate", "out", folder=tmp_path)
    assert "edited since they were generated: src/aot/weights.c" in done.stderr
    document("build", str(model), "-o", "out", "--overwrite", folder=tmp_path)
    assert weights.read_bytes() == written


def test_sources_of_one_s_own_are_named_as_not_proved(model: Path, tmp_path: Path) -> None:
    document("build", str(model), "-o", "out", folder=tmp_path)
    for name, text in {"filter.c": "int own;\n", "notes.txt": "", "mine/unused.c": "?"}.items():
        path = tmp_path / "out" / "src" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for command in (("simulate", "out"), ("build", str(model), "-o", "out")):
        said = " ".join(tinyforge(*command, folder=tmp_path).stderr.split())
        assert "compiled with the project, not proved: src/filter.c; the proof" in said, command


def test_simulate_builds_the_sources_as_they_lie_there(model: Path, tmp_path: Path) -> None:
    tinyforge("generate", str(model), "-o", "out", folder=tmp_path)
    source = tmp_path / "out" / "src" / "aot" / "weights.c"
    text = source.read_text()
    begin = text.index("{", text.index("_weights[")) + 1
    first, rest = text[begin:].split(",", 1)
    source.write_text(f"{text[:begin]} {-int(first) or 55},{rest}")
    error = document("simulate", "out", folder=tmp_path, status=2)["error"]
    assert "_weights[0] is " in error["what"]  # read back before anything runs


def test_engine_tflm_is_carried_and_not_called_proved(model: Path, tmp_path: Path) -> None:
    result = document("build", str(model), "--engine", "tflm", "-o", "out", folder=tmp_path)
    assert result["engine"] == "tflm"
    assert result["proof"]["bit_exact"] is True
    assert result["proof"]["firmware_ran"] is False
    page = (tmp_path / "out" / "report.html").read_text()
    assert "PROVED" not in page
    assert "CARRIED, NOT RUN" in page
    assert not (tmp_path / "out" / "src" / "aot").exists()


def test_labels_and_outputs_come_with_the_inputs(model: Path, tmp_path: Path) -> None:
    graph = models.classifier(1)
    shape = graph.tensors[graph.inputs[0]].shape
    inputs = np.zeros((3, *shape), np.int8)
    np.savez(tmp_path / "x.npz", inputs=inputs, labels=np.array([0, 0, 0]))
    proof = document("build", str(model), "--inputs", "x.npz", folder=tmp_path)["proof"]
    assert proof["inputs"] == 3
    assert proof["accuracy"] in (0.0, 1.0)
    outputs = np.full((3, graph.tensors[graph.outputs[0]].size), 99, np.int8)
    np.savez(tmp_path / "x.npz", inputs=inputs, outputs=outputs)
    error = document("build", str(model), "--inputs", "x.npz", folder=tmp_path, status=2)["error"]
    assert "outputs that came with the inputs" in error["what"]


def test_data_for_a_model_that_came_quantized(model: Path, tmp_path: Path) -> None:
    """Its range is found, accuracy measured and limited; the project says what a pixel is."""
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
    names = np.array(["ant", "bee", "cat"])
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(12) % 3, classes=names)
    built = document("build", str(model), "--data", "data.npz", "-o", "out", folder=tmp_path)
    assert built["accuracy"]["examples"] == built["proof"]["inputs"] == 12
    assert built["accuracy"]["int8_model"] == built["proof"]["accuracy"]
    assert built["accuracy"]["range"] == "0..1"
    assert '"bee"' in (tmp_path / "out" / "src" / "labels.c").read_text()
    assert "FORGE_INPUT_OF_PIXEL(values[i])" in (tmp_path / "out" / "README.md").read_text()
    (tmp_path / "tinyforge.toml").write_text("[budget]\naccuracy = 1.0\n")
    error = document(
        *("build", str(model), "--data", "data.npz", "--range", "-1..1", "-o", "no"),
        folder=tmp_path,
        status=2,
    )["error"]
    assert "100.00% wanted by the budget" in error["what"]
    assert not (tmp_path / "no").exists()


def test_a_refused_model_writes_nothing(model: Path, tmp_path: Path) -> None:
    settings = tmp_path / "tinyforge.toml"
    settings.write_text('model = "small.tflite"\n[budget]\nram = 100\n')
    error = document("build", "-o", "out", folder=tmp_path, status=2)["error"]
    assert "allowed by the budget" in error["what"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bord = 'x'", "bord"),
        ("seed = 'a'", "int"),
        ("seed = -1", "seed"),
        ("seed = 4294967296", "seed"),
        ("[[", "not usable"),
        ("engine = 'x'", "engine"),
    ],
)
def test_bad_settings_are_refused(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "tinyforge.toml").write_text(text)
    error = document("build", "m.tflite", folder=tmp_path, status=2)["error"]
    assert complaint in error["what"]


def test_convert_writes_what_parses_back(model: Path, tmp_path: Path) -> None:
    from tinyforge.tflite.c_array import parse_c_array

    result = document("convert", str(model), "-o", "data.c", folder=tmp_path)
    assert result["bytes"] == model.stat().st_size
    assert parse_c_array((tmp_path / "data.c").read_text()) == model.read_bytes()
    assert result["symbol"] in (tmp_path / "data.h").read_text()


def test_convert_loses_nothing_when_the_second_file_cannot_be_written(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.h").mkdir()
    document("convert", str(model), "-o", "data.c", folder=tmp_path, status=2)
    assert not (tmp_path / "data.c").exists()


def test_inspect_counts(model: Path, tmp_path: Path) -> None:
    summary = document("inspect", str(model), folder=tmp_path)
    assert summary["macs"] == sum(layer["macs"] for layer in summary["layers"])
    assert "nrf52840_dk" in summary["boards"]
    shown = tinyforge("inspect", str(model), folder=tmp_path).stdout
    assert f"{summary['arena_bytes']:,} bytes" in shown


def test_arena_of_both_engines(model: Path, tmp_path: Path) -> None:
    small = document("arena", str(model), "--core", "m4", folder=tmp_path)
    vector = document("arena", str(model), "--core", "cortex-m55", folder=tmp_path)
    plain = document("arena", str(model), "--kernels", "reference", folder=tmp_path)
    assert small["core"] == plain["core"] == "cortex-m4"
    assert small["recorded_on_host"]["head"] >= plain["head"]
    assert vector["predicted"] > small["predicted"] > plain["predicted"]
    assert all(found["predicted"] == found["head"] + found["tail"] for found in (small, plain))
    aot = ("--engine", "aot", "--optimize", "size")
    compiled = document("arena", str(model), *aot, folder=tmp_path)
    summary = document("inspect", str(model), folder=tmp_path)
    assert compiled["predicted"] == summary["arena_bytes"]
    error = document("arena", str(model), "--core", "m99", folder=tmp_path, status=2)["error"]
    assert "unknown core 'm99'" in error["what"]
    assert "smallest arena" in tinyforge("arena", str(model), folder=tmp_path).stdout


@pytest.fixture
def baselines(tmp_path: Path) -> Path:
    """The interpreter's figures for the small classifier: made up."""
    folder = tmp_path / "baselines"
    folder.mkdir()
    for name, text in baseline_files("small").items():
        (folder / name).write_text(text)
    return folder


def test_bench_says_what_each_layer_costs(model: Path, baselines: Path, tmp_path: Path) -> None:
    shape = read(model.read_bytes()).input_tensors[0].shape
    inputs = np.random.default_rng(1).integers(-128, 128, (4, *shape)).astype(np.int8)
    np.savez(tmp_path / "same.npz", inputs=inputs)
    same = ("--inputs", "same.npz", "--optimize", "size")
    found = document("bench", str(model), "--baselines", str(baselines), *same, folder=tmp_path)
    (small,) = found["models"]
    proof = document("build", str(model), "-o", "out", *same, folder=tmp_path)["proof"]
    assert small["instructions"] == proof["instructions"]
    assert small["cycles"] == proof["cycles"]
    time = small["time"]
    assert (time["board"], time["error"]) == ("nucleo_l4r5zi", 3.2)
    assert time["cycles"] > small["cycles"]["mid"]
    assert proof["time"]["cycles"] is None  # another board, of which less is known
    assert small["ram"] == small["arena"] + small["data_bss"] + small["stack"]
    assert (small["arena"], small["ram"]) == (proof["arena"]["planned"], proof["ram"]["total"])
    assert (small["code"], small["weights"]) == (proof["flash"]["code"], proof["flash"]["weights"])
    layers = {layer["index"]: layer for layer in small["layers"]}
    for measured in proof["instructions_by_layer"]:
        layer = layers[measured["index"]]
        assert (layer["op"], layer["macs"]) == (measured["op"], measured["macs"])
        assert layer["instructions"] == measured["instructions"]
        assert layer["cycles"] == measured["cycles"]
    # The convolution runs within the pool, whose figures are those of both.
    assert (layers[0]["within"], layers[0]["baseline"]) == (1, None)
    assert 0.9 < sum(layer["simulated"] or 0 for layer in layers.values()) / time["cycles"] < 1
    assert layers[1]["cycles_per_mac"] == layers[1]["cycles"]["mid"] / layers[0]["macs"]
    assert layers[1]["baseline"] == {"instructions": 1000, "cycles": None}
    assert small["ratios"]["instructions"] == small["instructions"] / 1000
    assert small["ratios"]["cycles"] == small["cycles"]["mid"] / 1300
    assert small["ratios"]["arena"] == small["arena"] / 500
    assert small["ratios"]["ram"] == small["ram"] / 600
    assert small["ratios"]["flash"] == (small["code"] + small["weights"]) / 10000
    assert found["geometric_means"] == pytest.approx(small["ratios"])


def test_bench_in_a_pipe(model: Path, baselines: Path, tmp_path: Path) -> None:
    (tmp_path / "other.tflite").write_bytes(model.read_bytes())
    shown = tinyforge(
        "bench", str(model), "other.tflite", "--baselines", str(baselines), folder=tmp_path
    ).stdout
    assert "\x1b" not in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "small on cortex-m4, for balanced: zig" in shown
    assert "other on cortex-m4" in shown
    assert shown.count("geometric mean") == 0  # of one model with a baseline
    said = " ".join(shown.split())
    assert "board: nucleo_l4r5zi, flash and caches simulated" in said
    assert "it was off by 0.9 % in the mean, 3.2 % at worst" in said


def test_bench_on_another_core_and_for_size(model: Path, tmp_path: Path) -> None:
    def bench(*arguments: str) -> dict[str, Any]:
        (found,) = document("bench", str(model), *arguments, folder=tmp_path)["models"]
        return dict(found)

    fast, small = bench("--core", "m7"), bench("--core", "cortex-m7", "--optimize", "size")
    assert fast["core"] == small["core"] == "cortex-m7"
    assert fast["cycles"] is None  # the model is of the Cortex-M4 alone
    assert small["code"] < fast["code"]
    vector = bench("--core", "m55", "--machine", "qemu")
    assert vector["instructions"] < fast["instructions"]
    refused = document("bench", str(model), "--core", "m99", folder=tmp_path, status=2)["error"]
    assert "unknown core 'm99'" in refused["what"]
    refused = document("bench", str(model), "--baselines", ".", folder=tmp_path, status=2)["error"]
    assert "not usable baselines" in refused["what"]
    refused = document("bench", str(model), "--machine", "native", folder=tmp_path, status=2)
    assert "does not measure" in refused["error"]["what"]


def test_boards_and_doctor(tmp_path: Path) -> None:
    boards = document("boards", folder=tmp_path)["boards"]
    assert len(boards) >= 42
    assert document("boards", "list", folder=tmp_path)["boards"] == boards
    pico = document("boards", "show", "pico", folder=tmp_path)
    assert pico["core"] == "cortex-m0plus"
    assert pico in boards
    shown = tinyforge("boards", "show", "nucleo_l4r5zi", folder=tmp_path).stdout
    assert "8 bytes at a time, caches of 1,024 and 256 bytes" in " ".join(shown.split())
    shown = tinyforge("boards", "show", "nucleo_h743zi", folder=tmp_path).stdout
    assert "AXI SRAM: 524,288 bytes at 0x24000000" in shown
    wrong = document("boards", "show", "pcio", folder=tmp_path, status=2)
    assert "pico" in wrong["error"]["fix"]
    tools = {t["name"]: t for t in document("doctor", folder=tmp_path)["tools"]}
    assert tools["Python"]["version"].startswith("3.")
    assert tools["qemu-system-arm"]["version"]
    assert "\x1b" not in tinyforge("doctor", folder=tmp_path).stdout


@pytest.mark.parametrize("app", ["watch", "drone", "listen"])
def test_a_project_keeps_its_application(app: str, model: Path, tmp_path: Path) -> None:
    document("build", str(model), "--app", app, "-o", "out", folder=tmp_path)
    settings = (tmp_path / "out" / "tinyforge.toml").read_text()
    assert f'app = "{app}"' in settings
    assert "/* A " + app in (tmp_path / "out" / "src" / "main.c").read_text()
    for machine in ("unicorn", "qemu"):
        proof = document("simulate", "out", "--machine", machine, folder=tmp_path)["proof"]
        assert (proof["bit_exact"], proof["instructions"] > 0) == (True, True)


def test_layers_are_tested_on_demand(model: Path, tmp_path: Path) -> None:
    layers = tmp_path / "out" / "test" / "test_layers"
    document("build", str(model), "--layer-tests", "-o", "out", folder=tmp_path)
    assert "layer_tests = true" in (tmp_path / "out" / "tinyforge.toml").read_text()
    assert {path.name for path in layers.iterdir()} == {"layers.c", "layers.h", "test_layers.c"}
    for engine in ("aot", "tflm"):
        proof = document("simulate", "out", "--engine", engine, folder=tmp_path)["proof"]
        assert (proof["engine"], proof["bit_exact"]) == (engine, True)
    document("generate", str(model), "-o", "out", folder=tmp_path)
    assert not layers.exists()
    arguments = ("generate", str(model), "--layer-tests", "--engine", "tflm", "-o", "out")
    error = document(*arguments, folder=tmp_path, status=2)["error"]
    assert "of the compiled engine's layers" in error["what"]
    assert "--engine aot" in error["fix"]


def test_boards_are_ranked_for_a_model(model: Path, tmp_path: Path) -> None:
    """The needs of a board's core are those that building for the board measures."""
    ranking = document("boards", "fit", str(model), folder=tmp_path)
    assert set(ranking["cores"]) == {"cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33"}
    boards = {board["id"]: board for board in ranking["boards"]}
    assert "esp32dev" in ranking["not_measured"]
    assert "esp32dev" not in boards
    limits = [board["ram"]["limit"] for board in ranking["boards"]]
    assert limits == sorted(limits)
    for name in ("nrf52_dk", "teensy40"):
        proof = document("build", str(model), "--board", name, "-o", name, folder=tmp_path)["proof"]
        board = boards[name]
        assert board["fits"] is True
        assert board["ram"]["used"] == proof["ram"]["total"]
        assert board["flash"]["used"] == proof["flash"]["total"]
        assert board["instructions"] == proof["instructions"]
        assert board["milliseconds"]["low"] < board["milliseconds"]["high"]
        assert board["cycles"] is None
    checked, unchecked = boards["nucleo_l4r5zi"], boards["nucleo_f446re"]
    assert (checked["error"], unchecked["error"]) == (3.2, None)
    assert checked["cycles"] > unchecked["cycles"] > checked["instructions"]
    shown = tinyforge("boards", "fit", str(model), folder=tmp_path).stdout.splitlines()
    assert shown.index(next(line for line in shown if "adafruit_feather_nrf52832" in line)) < 10
    assert all(len(line) <= 80 for line in shown)
    assert not any("…" in line for line in shown)


def test_what_does_not_fit_is_measured_and_refused(tmp_path: Path) -> None:
    """Though the linker has no room for it: with what is missing, and boards that have it."""
    (tmp_path / "large.tflite").write_bytes(write(models.large(1)))
    error = document(
        "build", "large.tflite", "--board", "adafruit_feather_nrf52832", folder=tmp_path, status=2
    )["error"]
    assert "does not fit adafruit_feather_nrf52832: RAM " in error["what"]
    assert "of 43,520 bytes" in error["what"]
    assert "or take a board on which it fits: " in error["fix"]
    assert " ms)" in error["fix"]
    assert not (tmp_path / "large-adafruit_feather_nrf52832").exists()


def test_the_shared_models_are_bit_exact(corpus: Path, tmp_path: Path) -> None:
    for name in ("quickdraw", "resnet8", "kws", "vww", "ad"):
        golden = corpus / "golden" / f"{name}.npz"
        proof = document(
            "build",
            str(corpus / "models" / f"{name}.tflite"),
            "--board",
            "nucleo_h743zi",
            "--inputs",
            str(golden),
            folder=tmp_path,
        )["proof"]
        assert proof["bit_exact"] is True, name
        assert proof["inputs"] == 8
        arena = proof["arena"]
        # What a kernel has for itself it need not use up.
        assert arena["planned"] - arena["own"] <= arena["touched"] <= arena["planned"]
