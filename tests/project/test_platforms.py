"""Projects built, run and tested by PlatformIO itself, offline, emulated and on this computer."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from platformio.project.config import ProjectConfig

from tests.project.test_tree import example
from tinyforge.boards.cores import CORES
from tinyforge.errors import ForgeError
from tinyforge.project.layout import LAYER_TESTS
from tinyforge.project.pio import run_pio
from tinyforge.project.platforms import board_files, emulated_cores
from tinyforge.project.tree import project_files
from tinyforge.project.writer import write
from tinyforge.resources import folder
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory

VECTORS = 4
PASSED = f"PASS: {VECTORS} golden vectors"


@pytest.fixture(scope="module")
def built(core_dir, tmp_path_factory) -> Path:
    """A project, in a path with spaces, whose sim and native environments are built."""
    project = tmp_path_factory.mktemp("a path") / "with spaces"
    write(project_files(example()), project)
    shown = run_pio(project, "run", "-e", "sim", "-e", "native").output
    assert "warning" not in shown.lower(), shown
    return project


@pytest.fixture
def project(built, tmp_path) -> Path:
    """A copy of it to break."""
    return shutil.copytree(built, tmp_path / "copy of it")


def cases(output: str) -> dict[str, str]:
    """What became of each unit test, as PlatformIO shows it."""
    return dict(re.findall(r"^test/.*?: (\S+)\t\[(\w+)\]", output, re.MULTILINE))


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def corrupt_a_weight(project: Path) -> None:
    """Changes the bias of the last layer's first class by more than any answer can hide."""
    weights = project / "src" / "aot" / "weights.c"
    text = weights.read_text()
    tables = re.findall(r"const int32_t (\w*bias\w*)\[", text)
    changed = re.sub(rf"({tables[-1]}\[\d+\] = \{{\s*)(-?\d+)", r"\g<1>1000000", text)
    assert changed != text
    weights.write_text(changed)


@pytest.mark.parametrize("environment", ["sim", "native"])
def test_simulate_runs_the_application(built, environment):
    assert PASSED in run_pio(built, "run", "-t", "simulate", environment=environment).output


@pytest.mark.parametrize("environment", ["sim", "native"])
def test_golden_vectors_are_unit_tests(built, environment):
    found = cases(run_pio(built, "test", environment=environment).output)
    tables = re.findall(r"(\w+)\[\d+\] = {", (built / "src/aot/weights.c").read_text())
    names = ["initializes", *(f"golden_{i}" for i in range(VECTORS)), *tables]
    assert tables
    assert found == dict.fromkeys(names, "PASSED")


@pytest.mark.parametrize("environment", ["sim", "native"])
def test_a_corrupted_weight_fails(project, environment):
    corrupt_a_weight(project)
    with pytest.raises(ForgeError, match=r"\[FAILED\]") as caught:
        run_pio(project, "test", environment=environment)
    assert "expected" in caught.value.what
    assert cases(caught.value.what)["initializes"] == "PASSED"
    with pytest.raises(ForgeError, match="FAIL: golden vector"):
        run_pio(project, "run", "-t", "simulate", environment=environment)


def test_a_crash_fails_the_tests(project):
    """Firmware that ends before its tests do, with whatever status."""
    append(
        project / "src" / "aot" / "model.c",
        '#include "forge/forge_port.h"\n'
        "__attribute__((constructor)) static void early(void) { forge_port_exit(0); }\n",
    )
    for environment in ("sim", "native"):
        with pytest.raises(ForgeError, match="ended before its tests did"):
            run_pio(project, "test", environment=environment)


def test_the_sanitizers_watch(project):
    model = project / "src" / "aot" / "model.c"
    text = model.read_text()
    begin = "forge_status forge_invoke(void) {\n"
    assert begin in text
    past = "  volatile unsigned past = sizeof forge_arena;\n  forge_arena[0] = forge_arena[past];\n"
    model.write_text(text.replace(begin, begin + past))
    with pytest.raises(ForgeError, match=r"AddressSanitizer|runtime error"):
        run_pio(project, "run", "-t", "simulate", environment="native")


def test_every_emulated_core_boots(project):
    """As in the environment sim, on each core's own board; in one go, to be quick."""
    names = [f"sim_{core}" for core in emulated_cores()]
    sections = (
        f"[env:{name}]\nextends = env:sim\nboard = {name.removeprefix('sim_')}\n" for name in names
    )
    (project / "local.ini").write_text("\n".join(sections))
    chosen = [argument for name in names for argument in ("-e", name)]
    shown = run_pio(project, "run", "-t", "simulate", *chosen).output
    assert shown.count(PASSED) == len(names) == len(CORES)


def test_zig_and_unicorn_do_as_well(project):
    (project / "local.ini").write_text(
        "[env:sim]\ncustom_toolchain = zig\ncustom_machine = unicorn\n"
    )
    shown = run_pio(project, "run", "-t", "simulate", environment="sim").output
    assert PASSED in shown
    elf = project / ".pio" / "build" / "sim" / "firmware.elf"
    assert b"ziglang" in elf.read_bytes() or b"clang" in elf.read_bytes()


# What a library of C++ may do, and newlib wants symbols of the linker's for.
CPP = """\
#include "forge/forge_port.h"
namespace {
struct Kept {
  char *text = new char[9]{"on heap\\n"};
  ~Kept() { forge_port_print(text); }
};
Kept kept;
struct First { First() { forge_port_print(kept.text); } } first;
}
"""


def test_the_interpreters_environment_links_what_cpp_wants(project):
    """Memory, and objects that are to be destroyed; with the libraries of sim_tflm."""
    ini = ProjectConfig(str(project / "platformio.ini"))
    libraries = [f for f in ini.get("env:sim_tflm", "build_flags") if f.startswith("-l")]
    assert libraries
    (project / "src" / "own").mkdir()
    (project / "src" / "own" / "kept.cc").write_text(CPP)
    (project / "local.ini").write_text(
        "[env:sim_cpp]\nextends = env:sim\ncustom_toolchain = gcc\n"
        "build_src_filter = ${env:sim.build_src_filter} +<own/>\n"
        f"build_flags = {' '.join(libraries)}\n"
    )
    shown = run_pio(project, "run", "-t", "simulate", environment="sim_cpp").output
    assert f"on heap\n{PASSED}" in shown


def test_a_changed_file_alone_is_compiled_again(project):
    append(project / "src" / "main.c", "/* changed */\n")
    shown = run_pio(project, "run", environment="sim")
    compiled = re.findall(r"^Compiling .*?/(\w+)\.o", shown.output, re.MULTILINE)
    assert set(compiled) <= {"main"}
    sys.stderr.write(f"an incremental build took {shown.seconds:.1f} s\n")


def test_a_board_that_is_too_small_is_refused(project):
    (project / "local.ini").write_text("[env:sim]\nboard_upload.maximum_size = 1024\n")
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    with pytest.raises(ForgeError, match="greater than maximum allowed"):
        run_pio(project, "run", environment="sim")


def test_the_elf_is_one_that_the_simulator_reads(built):
    core = CORES["cortex-m4"]
    elf = built / ".pio" / "build" / "sim" / "firmware.elf"
    firmware = Firmware.load(elf, core=core, memory=qemu_memory(core))
    assert firmware.symbol("Reset_Handler").address == firmware.entry


def test_nothing_is_fetched(built):
    """No package but the stand-in, and no platform beside the project's own."""
    packages = Path(os.environ["PLATFORMIO_CORE_DIR"]) / "packages"
    assert [path.name for path in packages.iterdir()] == ["tool-scons"]
    assert not (packages.parent / "platforms").exists()
    assert sorted(path.name for path in (built / "platforms").iterdir()) == [
        "forge_native",
        "forge_sim",
    ]
    assert not list((built / ".pio").glob("libdeps/*/*"))


def test_platforms_and_golden_tests_come_with_every_project():
    project = example()
    files = project_files(project)
    for name in ("platforms", "test"):
        shipped = {p for p in (folder("firmware") / name).rglob("*.*") if p.is_file()}
        shipped = {p for p in shipped if p.suffix != ".pyc" and LAYER_TESTS not in p.parts}
        assert len(shipped) >= 3
        for path in shipped:
            assert files[path.relative_to(folder("firmware")).as_posix()] == path.read_text()
    assert board_files().items() <= dict(files).items()
    assert files["README.md"].count("pio test -e sim") == 1
    assert not any(LAYER_TESTS in path for path in files)


def test_lint_passes_on_the_whole_project(built):
    assert ProjectConfig.lint(str(built / "platformio.ini")) == {"errors": [], "warnings": []}
