"""Which sources of a project belong together: one engine on one port.

The single source of truth for platformio.ini's build_src_filter and for the simulator. ESP-IDF
heeds no such filter: firmware/espidf/CMakeLists.txt, which it reads, chooses the same.
"""

from __future__ import annotations

from pathlib import Path

from tinyforge.errors import ForgeError

# What a compiler takes; PlatformIO's list has more, but projects hold only these.
SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".S")

# The ports that are for this computer, of no board's framework.
HOST_PORTS = ("native", "sim", "sim_serial")

# The folder below src/ of the application that answers a computer, in place of main.c.
SELFTEST = "selftest"

# The folder below test/ of the unit tests of layers, where a project has them.
LAYER_TESTS = "test_layers"


def source_patterns(engine: str, port: str) -> tuple[str, ...]:
    """Patterns below src/: the application's files at the top, then whole folders."""
    return ("*.c", f"{engine}/", f"ports/{port}/")


def cmake_arguments(engine: str, *, selftest: bool = False) -> str:
    """What chooses the sources there. selftest: with the application that answers a computer."""
    return f"-DFORGE_ENGINE={engine}" + (" -DFORGE_SELFTEST=1" if selftest else "")


def compiled_sources(project: Path) -> tuple[Path, ...]:
    """The sources below src/ that some environment compiles, whichever engine and port it has."""
    source_folder = project / "src"
    patterns = ("*", "aot/**/*", "tflm/**/*", "ports/**/*", f"{SELFTEST}/**/*")
    matches = {path for pattern in patterns for path in source_folder.glob(pattern)}
    return tuple(p for p in matches if p.suffix in SOURCE_SUFFIXES and p.is_file())


def sources_for(project: Path, engine: str, port: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The sources to compile and the include folders, of a project on the disk.

    engine: "aot" or "tflm". port: a folder of src/ports: "arduino", "sim", "native".
    ForgeError when the project lacks the engine or the port, or is no project.
    """
    source_folder = project / "src"
    found: list[Path] = []
    for pattern in source_patterns(engine, port):
        whole_folder = pattern.endswith("/")
        matches = sorted(source_folder.glob(f"{pattern}**/*" if whole_folder else pattern))
        sources = [path for path in matches if path.suffix in SOURCE_SUFFIXES and path.is_file()]
        if not sources:
            raise ForgeError(
                f"the project has no {pattern.strip('/')} in src",
                where=str(project),
                fix="tinyforge generate writes a project; --engine chooses the engines in it",
            )
        found += sources
    return tuple(found), (project / "include", project / "lib" / "forge" / "include")


def serial_sources(project: Path, engine: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The same for an emulated board whose sensors and console are its serial port, not files."""
    sources, include = sources_for(project, engine, "sim")
    kept = [path for path in sources if path.name != "files.c"]
    return (*kept, project / "src" / "ports" / "sim_serial" / "port.c"), include
