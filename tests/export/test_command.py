"""`tinyforge export` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import document, tinyforge
from tests.corpus import models
from tinyforge import boards
from tinyforge.export import selftest
from tinyforge.sim.machines import machine_for
from tinyforge.sim.toolchains import toolchain
from tinyforge.spec import FILE_NAME
from tinyforge.tflite import write


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "kws.tflite"
    path.write_bytes(write(models.classifier(1)))
    return path


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a folder, with its time."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_two_models_are_exported_proved_and_run_in_one_firmware(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.tflite").write_bytes(write(models.separable(2)))
    one = document("export", str(model), "--as", "zephyr", folder=tmp_path)
    other = document(
        "export", "other.tflite", "--prefix", "doodle", "-o", "libraries/doodle",
        "--board", "nucleo_f746zg", "--core", "cortex-m4", "--optimize", "size",
        folder=tmp_path,
    )  # fmt: skip
    assert (one["prefix"], one["form"], one["library"]) == ("kws", "zephyr", str(tmp_path / "kws"))
    assert (other["prefix"], other["form"]) == ("doodle", "c")
    for made in (one, other):
        assert made["proof"]["bit_exact"] is True
        assert all((Path(made["library"]) / path).is_file() for path in made["files"])
    assert "zephyr/module.yml" in one["files"]
    report = json.loads((tmp_path / "kws" / "report.json").read_text())
    assert report["proof"]["bit_exact"] is True
    board = boards.load("nrf52840_dk")
    machine = machine_for("unicorn", board.core_model())
    libraries = {made["prefix"]: Path(made["library"]) for made in (one, other)}
    firmware, _ = selftest.link(
        libraries, tmp_path / "build", board=board, compiler=toolchain("gcc"), machine=machine
    )
    assert selftest.run(firmware, machine).count("PASS: ") == 4


def test_exporting_again_changes_nothing_but_what_must_change(model: Path, tmp_path: Path) -> None:
    export = ("export", str(model), "-o", "library")
    tinyforge(*export, folder=tmp_path)
    library = tmp_path / "library"
    before = state(library)
    tinyforge(*export, folder=tmp_path)
    assert state(library) == before
    header = library / "src" / "kws.h"
    header.write_text(header.read_text() + "\n")
    refused = tinyforge(*export, folder=tmp_path, status=2)
    assert "generated files were edited: src/kws.h" in refused.stderr
    (library / "notes.txt").write_text("mine")
    tinyforge(*export, "--overwrite", "--as", "cmake", folder=tmp_path)
    assert header.read_bytes() == before[str(header)][1]
    assert (library / "notes.txt").read_text() == "mine"
    assert (library / "CMakeLists.txt").is_file()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--prefix", "2fast"), "the prefix '2fast' is no lower-case word"),
        (("--prefix", "float"), "is taken, by C, C++ or tinyforge itself"),
        (("--arena-section", "dtcm"), "--arena-section 'dtcm' is neither a section's name"),
        (("--share-arena", "--arena-section", ".dtcm"), "exclude each other"),
        (("--machine", "native"), "which the machine native does not run"),
        (("-o", "occupied"), "was not written by tinyforge"),
        (("-o", "project"), "there lies a project"),
        (("--as", "makefile"), "'makefile' is not one of"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    options: tuple[str, ...], reason: str, model: Path, tmp_path: Path
) -> None:
    for name, file in (("occupied", "thesis.txt"), ("project", FILE_NAME)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("")
    before = state(tmp_path)
    refused = tinyforge("export", str(model), *options, folder=tmp_path, status=2)
    assert reason in " ".join(refused.stderr.replace("│", " ").split())
    assert "Plan the arena" not in refused.stderr
    assert state(tmp_path) == before


def test_a_model_that_remembers_shares_no_arena(tmp_path: Path) -> None:
    (tmp_path / "wake.tflite").write_bytes(write(models.keywords(1)))
    refused = tinyforge("export", "wake.tflite", "--share-arena", folder=tmp_path, status=2)
    assert "this model remembers" in refused.stderr
    assert not (tmp_path / "wake").exists()
