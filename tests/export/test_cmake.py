"""The forms that CMake builds, built by it: as a package, a part, a module, a component."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.corpus import models
from tests.export.made import folder, generated
from tinyforge.boards.cores import CORES
from tinyforge.export import selftest
from tinyforge.project.templates import render
from tinyforge.resources import folder as resource
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines.qemu import qemu_memory
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains.build import linker_script, port
from tinyforge.spec import FormChoice

pytestmark = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("ninja")), reason="needs cmake and ninja"
)

_MAIN = """\
#include <stdio.h>

#include "doodle.h"
#include "kws.h"

static void print(const char *text) { fputs(text, stdout); }

int main(void) {
  kws_print_to(print);
  doodle_print_to(print);
  if (kws_init() != KWS_OK || doodle_init() != DOODLE_OK) return 1;
  return kws_selftest() == KWS_OK && doodle_selftest() == DOODLE_OK ? 0 : 1;
}
"""
_WARNINGS = "-Wall -Wextra -Wconversion -Werror"
_PASSED = "PASS: 4 golden vectors\n" * 2


def run(*command: str, where: Path) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cmake(source: Path, *options: str) -> Path:
    """Configures and builds; without a warning of CMake's or of the compiler's."""
    build = source / "build"
    quiet = ("-G", "Ninja", "-Werror=dev", "-S", ".", "-B", "build")
    run("cmake", *quiet, f"-DCMAKE_C_FLAGS={_WARNINGS}", *options, where=source)
    run("cmake", "--build", "build", where=source)
    return build


def libraries(place: Path, form: FormChoice) -> tuple[Path, Path]:
    """Two models' folders, side by side."""
    return (
        folder(generated(models.classifier(1)), "kws", place, form=form),
        folder(generated(models.separable(2)), "doodle", place, form=form),
    )


def program(place: Path, *lists: str) -> Path:
    """A program of both models, by these lines of a CMakeLists.txt."""
    place.mkdir(exist_ok=True)
    (place / "main.c").write_text(_MAIN)
    begin = "cmake_minimum_required(VERSION 3.20)\nproject(app C)\n"
    (place / "CMakeLists.txt").write_text(begin + "\n".join(lists) + "\n")
    return place


def test_by_itself_it_tests_itself(tmp_path: Path) -> None:
    kws, _ = libraries(tmp_path, "cmake")
    build = cmake(kws)
    run("ctest", "--output-on-failure", where=build)
    assert run(str(build / "kws_selftest"), where=build) == "PASS: 4 golden vectors\n"


def test_two_are_parts_of_a_project(tmp_path: Path) -> None:
    libraries(tmp_path, "cmake")
    app = program(
        tmp_path,
        "add_subdirectory(kws)",
        "add_subdirectory(doodle)",
        "add_executable(app main.c)",
        "target_link_libraries(app PRIVATE kws::kws doodle::doodle)",
    )
    build = cmake(app)
    assert run(str(build / "app"), where=build) == _PASSED
    assert not (build / "kws" / "kws_selftest").exists()


def test_two_are_installed_and_found(tmp_path: Path) -> None:
    prefix = tmp_path / "installed"
    for path in libraries(tmp_path / "sources", "cmake"):
        run("cmake", "--install", str(cmake(path)), "--prefix", str(prefix), where=path)
    app = program(
        tmp_path / "app",
        "find_package(kws 1.0 REQUIRED)",
        "find_package(doodle REQUIRED)",
        "add_executable(app main.c)",
        "target_link_libraries(app PRIVATE kws::kws doodle::doodle)",
    )
    build = cmake(app, f"-DCMAKE_PREFIX_PATH={prefix}")
    assert run(str(build / "app"), where=build) == _PASSED
    headers = sorted(path.name for path in (prefix / "include").iterdir())
    assert headers == ["doodle.h", "kws.h"]


# What the build of Zephyr gives to a module: cmake/modules/extensions.cmake there.
_ZEPHYR = """\
macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  set_property(GLOBAL APPEND PROPERTY libraries ${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
add_library(zephyr_interface INTERFACE)
macro(zephyr_include_directories)
  foreach(path ${ARGN})
    get_filename_component(path ${path} ABSOLUTE)
    target_include_directories(zephyr_interface INTERFACE ${path})
  endforeach()
endmacro()
"""


@pytest.mark.parametrize("chosen", [True, False])
def test_zephyr_builds_modules_that_are_chosen(chosen: bool, tmp_path: Path) -> None:
    libraries(tmp_path, "zephyr")
    app = program(
        tmp_path,
        _ZEPHYR,
        f"set(CONFIG_TINYFORGE_KWS {'y' if chosen else 'n'})",
        "set(CONFIG_TINYFORGE_DOODLE y)",
        "add_subdirectory(kws/zephyr)",
        "add_subdirectory(doodle/zephyr)",
        "get_property(libraries GLOBAL PROPERTY libraries)",
        'message(STATUS "libraries: ${libraries}")',
        "add_executable(app main.c)" if chosen else "return()",
        "target_link_libraries(app PRIVATE zephyr_interface ${libraries})",
    )
    build = cmake(app)
    if chosen:
        assert run(str(build / "app"), where=build) == _PASSED
    assert (build / "kws" / "zephyr" / "libkws.a").exists() == chosen


# What ESP-IDF gives to a component: tools/cmake/component.cmake there.
_IDF = """\
function(idf_component_register)
  cmake_parse_arguments(one "" "" "SRCS;INCLUDE_DIRS;REQUIRES" ${ARGN})
  if(one_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${one_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_library(${name} STATIC ${one_SRCS})
  target_include_directories(${name} PUBLIC ${one_INCLUDE_DIRS})
  set(COMPONENT_LIB ${name} PARENT_SCOPE)
endfunction()
"""


def test_idf_builds_components(tmp_path: Path) -> None:
    libraries(tmp_path, "idf-component")
    app = program(
        tmp_path,
        _IDF,
        "add_subdirectory(kws)",
        "add_subdirectory(doodle)",
        "add_executable(app main.c)",
        "target_link_libraries(app PRIVATE kws doodle)",
    )
    build = cmake(app)
    assert run(str(build / "app"), where=build) == _PASSED


def test_archives_of_a_cross_compiler_pass_in_the_emulator(tmp_path: Path) -> None:
    toolchain = tmp_path / "arm.cmake"
    toolchain.write_text(
        "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_SYSTEM_PROCESSOR arm)\n"
        "set(CMAKE_C_COMPILER arm-none-eabi-gcc)\n"
        "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
    )
    core = CORES["cortex-m4"]
    flags = " ".join((_WARNINGS, *core.gcc_flags))
    archives, includes = [], []
    for path in libraries(tmp_path, "cmake"):
        build = cmake(path, f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", f"-DCMAKE_C_FLAGS={flags}")
        (archive,) = build.glob("*.a")
        archives.append(str(archive))
        includes.append(f"-I{path / 'src'}")
        commands = run("ninja", "-t", "commands", where=build)
        assert " -O2 " in commands
        assert "selftest.c" not in commands
    memory = qemu_memory(core)
    (tmp_path / "script.ld").write_text(linker_script(memory))
    (tmp_path / "main.c").write_text(render("export/selftest.c.j2", prefixes=["kws", "doodle"]))
    run(
        "arm-none-eabi-gcc", *core.gcc_flags, "-O2", "-nostdlib", "-Wl,--gc-sections",
        "-Wl,-T,script.ld", *includes, f"-I{resource('firmware') / 'include'}", "main.c",
        *map(str, port("sim")), *archives, "-lgcc", "-o", "firmware.elf", where=tmp_path,
    )  # fmt: skip
    firmware = Firmware.load(tmp_path / "firmware.elf", core=core, memory=memory)
    assert selftest.run(firmware, Unicorn()).count("PASS: 4 golden vectors") == 4
