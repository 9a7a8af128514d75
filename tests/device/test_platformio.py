"""The self-test as PlatformIO builds it, offline, for the emulated board: either engine."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.corpus import models
from tests.device import emulated
from tests.device.emulated import Quiet
from tinyforge.boards.cores import core_named
from tinyforge.device.flash import flash
from tinyforge.project.ini import LOCAL
from tinyforge.project.pio import run_pio
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory
from tinyforge.spec import EngineChoice

# The board's environments for the self-test, with the emulator's in the board's place.
SELFTEST = """\
[env:{name}_selftest]
extends = env:{name}
build_src_filter =
  ${{env:{name}.build_src_filter}}
  -<main.c>
  +<selftest/>
"""


@pytest.fixture(autouse=True)
def core_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO's own folder, not the user's."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path_factory.getbasetemp() / "pio"))


def loaded(elf: Path) -> Firmware:
    core = core_named("cortex-m4")
    return Firmware.load(elf, core=core, memory=qemu_memory(core))


@pytest.mark.parametrize(("engine", "name"), [("aot", "sim"), ("tflm", "sim_tflm")])
def test_platformio_s_self_test_is_proved(engine: EngineChoice, name: str, tmp_path: Path) -> None:
    library = os.environ.get("TINYFORGE_TFLM") if engine == "tflm" else None
    if engine == "tflm" and not library:
        pytest.skip("needs TINYFORGE_TFLM")
    project = emulated.generate(models.residual(1), tmp_path, engine=engine, tflm_library=library)
    (project / LOCAL).write_text(SELFTEST.format(name=name))
    run_pio(project, "run", environment=f"{name}_selftest")
    elf = project / ".pio" / "build" / f"{name}_selftest" / "firmware.elf"
    with emulated.board(loaded(elf)) as wire:
        proof, device = flash(project, Quiet(), port=wire.port, upload=False, layers=True)
    assert proof.bit_exact
    assert (proof.engine, device.engine) == (engine, engine)
    assert (device.layers_compared > 0) == (engine == "aot")


# The board's own environment, on the emulator, with an upload that puts firmware beside the port.
BOARD = """\
[env:nrf52840_dk]
extends = env:sim
build_src_filter = ${env:sim.build_src_filter}
extra_scripts = upload.py
"""
UPLOAD = """\
import os, shutil
Import("env")
def upload(target, source, env):
    port = env.subst("$UPLOAD_PORT")
    shutil.copy(source[0].get_abspath(), port + ".part")
    os.replace(port + ".part", port + ".elf")
env.AddCustomTarget("upload", "$BUILD_DIR/${PROGNAME}.elf", upload)
"""


def test_flashed_by_platformio_and_proved(tmp_path: Path) -> None:
    """The whole way: the port appears only when the self-test has been uploaded."""
    project = emulated.generate(models.classifier(1), tmp_path)
    (project / LOCAL).write_text(BOARD + SELFTEST.format(name="nrf52840_dk"))
    (project / "upload.py").write_text(UPLOAD)
    port, uploaded, done = tmp_path / "port", tmp_path / "port.elf", threading.Event()

    def boot() -> None:
        while not uploaded.exists():
            if done.wait(0.05):
                return
        with emulated.board(loaded(uploaded)) as wire:
            port.symlink_to(wire.port)
            done.wait()

    board = threading.Thread(target=boot)
    board.start()
    try:
        proof, _ = flash(project, Quiet(), port=str(port))
    finally:
        done.set()
        board.join()
    assert proof.bit_exact
    assert "forge_link_poll" not in loaded(uploaded).symbols  # the application came last
    assert "forge_port_read_frame" in loaded(uploaded).symbols
