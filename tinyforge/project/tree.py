"""All files of a generated project, as text by path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tinyforge.boards import Board
from tinyforge.boards.cores import Core
from tinyforge.engines.base import Lowered, Missing
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.names import c_comment, safe_path
from tinyforge.project import platforms
from tinyforge.project.digests import digest_files
from tinyforge.project.example import answer_words, example_lines, frame_lines
from tinyforge.project.identity import identity_file
from tinyforge.project.ini import LOCAL, NATIVE, SIM, environment, render_ini, sections
from tinyforge.project.layer_tests import LayerTests, layer_test_files
from tinyforge.project.layout import HOST_PORTS, LAYER_TESTS, SELFTEST
from tinyforge.project.model_files import Golden, class_scores, model_files
from tinyforge.project.real_inputs import real_inputs, resized
from tinyforge.project.resize_file import resize_file
from tinyforge.project.selftest import selftest_sections
from tinyforge.project.sensors import SENSED, sensor_files
from tinyforge.project.table_tests import table_test_files
from tinyforge.project.templates import render
from tinyforge.project.tflm_library import (
    COMPONENTS,
    Library,
    by_component,
    component_file,
    library_for,
)
from tinyforge.resources import folder
from tinyforge.spec import AppChoice, OptimizeChoice
from tinyforge.tflite.about import about, remembers

_LIBRARY = "lib/forge"
# What PlatformIO and tinyforge make; platforms that PlatformIO fetches lie beside ours.
_IGNORED = f"""\
.pio/
.tinyforge-build/
__pycache__/
{platforms.FOLDER}/*
!{platforms.FOLDER}/{platforms.SIM}/
!{platforms.FOLDER}/{platforms.NATIVE}/
"""
# What each application does, after it has tested itself.
_APPS: Mapping[AppChoice, str] = {
    "classify": "one answer a frame",
    "watch": "sample, infer, sleep, its duty cycle printed; `-D FORGE_WATCH_...` sets its pace",
    "drone": "answers at a fixed rate, late ones counted; `-D FORGE_DRONE_...` sets its pace",
    "listen": "sound as log-mel rows, an answer when it is a new one; `-D FORGE_LISTEN_...` sets "
    "how far its window moves",
    "motion": "an accelerometer's windows, an answer when it is a new one; `-D FORGE_MOTION_...` "
    "sets its unit and how far its window moves",
}
# What all unit tests share.
_TEST_FILES = ("test_custom_runner.py", "unity.h")
_KERNEL = re.compile(r'^ *# *include *"(kernels/[a-z0-9_]+\.h)"', re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Project:
    """What a project is made from.

    engines: the generated sources by engine ("aot", "tflm"), at least one; the first is the one
    that PlatformIO builds by default. model: the .tflite bytes. labels: the classes' names, or
    none. left_out: an engine that was asked for but cannot run the model, and the layers it lacks.
    app: the application. optimize: what its own code is compiled for. layer_tests: where the
    compiled model's layers are to have unit tests. tflm_library: the user's own, as in lib_deps.
    microphone: settings of what the application listen hears.
    """

    graph: Graph
    board: Board
    engines: Mapping[str, Lowered]
    golden: Golden
    model: bytes
    labels: Sequence[str] = ()
    left_out: Mapping[str, Sequence[Missing]] = field(default_factory=dict)
    app: AppChoice = "classify"
    optimize: OptimizeChoice = "balanced"
    layer_tests: LayerTests | None = None
    tflm_library: str | None = None
    microphone: Mapping[str, float] = field(default_factory=dict)


def project_files(project: Project) -> Mapping[str, str]:
    """Text by path, relative with forward slashes, sorted. Same project, same text.

    ForgeError when the model or a name cannot be carried by a project.
    """
    _require_port(project.board)
    files = {
        "platformio.ini": render_ini(
            (
                *sections(
                    project.board,
                    tuple(project.engines),
                    _simulated(project),
                    project.optimize,
                    project.tflm_library,
                ),
                *selftest_sections(project.board, tuple(project.engines)),
            )
        ),
        "README.md": _readme(project),
        ".gitignore": _IGNORED,
        **model_files(
            project.graph,
            project.labels,
            project.golden,
            by_rows=any(lowered.by_rows for lowered in project.engines.values()),
        ),
        **_firmware(tuple(project.engines), project.app),
        **resize_file(project.graph),
        **sensor_files(project.graph, project.app, project.microphone),
        **_layer_tests(project),
        **_layer_digests(project),
        **table_test_files(project.engines.get("aot")),
        **_components(project),
        **platforms.board_files(),
    }
    for engine, lowered in project.engines.items():
        files |= lowered.files
        files |= identity_file(engine, lowered, project.board.id, project.model)
    files |= _kernels(files)
    return MappingProxyType({str(safe_path(path)): files[path] for path in sorted(files)})


def _require_port(board: Board) -> None:
    """ForgeError for a board whose framework nothing is known of: a user's own."""
    ports = sorted(path.name for path in (folder("firmware") / "ports").iterdir() if path.is_dir())
    frameworks = [name for name in ports if name not in HOST_PORTS]
    if board.framework not in frameworks:
        raise ForgeError(
            f"no port for the framework {board.framework}",
            where=f"board {board.id}",
            fix=f"name one of these first in its frameworks: {', '.join(frameworks)}",
        )


def _firmware(engines: Sequence[str], app: AppChoice) -> dict[str, str]:
    """The hand-written files that every project of these engines and this application carries."""
    firmware = folder("firmware")
    files = {
        f"{_LIBRARY}/library.json": _read(firmware / "library.json"),
        f"{_LIBRARY}/LICENSE": _read(firmware / "LICENSE"),
        "src/main.c": _read(firmware / "apps" / f"{app}.c"),
        "src/common.c": _read(firmware / "engines" / "common.c"),
        f"src/{SELFTEST}/main.c": _read(firmware / "apps" / "link.c"),
        **{f"test/{name}": _read(firmware / "test" / name) for name in _TEST_FILES},
    }
    folders = {
        f"{_LIBRARY}/include": firmware / "include",
        "src/ports": firmware / "ports",
        f"src/{SELFTEST}": firmware / "link",
        "test/test_golden": firmware / "test" / "test_golden",
        platforms.FOLDER: firmware / "platforms",
        **{f"src/{engine}": firmware / "engines" / engine for engine in engines},
    }
    for target, source in folders.items():
        files |= _copied(source, target)
    return files


def _layer_tests(project: Project) -> dict[str, str]:
    """The folder of the layers' unit tests, where there are to be any."""
    if project.layer_tests is None:
        return {}
    target = f"test/{LAYER_TESTS}"
    written = _copied(folder("firmware") / target, target)
    return written | layer_test_files(project.layer_tests)


def _layer_digests(project: Project) -> dict[str, str]:
    """What looks into the compiled model's layers when it tests itself, where that is known."""
    found = project.golden.digests
    if found is None:
        return {}
    layers = _read(folder("firmware") / "engines" / "aot_layers.c")
    return digest_files(found) | {"src/aot/layers.c": layers}


def _components(project: Project) -> dict[str, str]:
    """What ESP-IDF reads, where the project is for it: which sources it compiles, and what it
    fetches for the interpreter."""
    framework = project.board.framework
    if not by_component(framework):
        return {}
    sources = _read(folder("firmware") / framework / "CMakeLists.txt")
    listed = {COMPONENTS: component_file(library_for(framework))}
    return {"src/CMakeLists.txt": sources} | (listed if "tflm" in project.engines else {})


def _libraries(project: Project) -> tuple[tuple[str, Library], ...]:
    """Where the interpreter comes from: environments, and what they declare."""
    board, given = project.board, project.tflm_library
    return (
        (f"`{environment(board, 'tflm')}`", library_for(board.framework, given)),
        ("`sim_tflm`, `native_tflm`", library_for(SIM, given)),
    )


def _copied(source: Path, target: str) -> dict[str, str]:
    """A folder's files below another path."""
    found = sorted(p for p in source.rglob("*.*") if p.is_file() and p.suffix != ".pyc")
    return {f"{target}/{path.relative_to(source).as_posix()}": _read(path) for path in found}


def _simulated(project: Project) -> Core:
    """The core that stands for the board's on the emulator: one whose memory holds the model."""
    values = project.layer_tests.nbytes if project.layer_tests else 0
    return platforms.simulated_core(
        project.board,
        arena=max(lowered.arena_bytes for lowered in project.engines.values()),
        weights=len(project.model) + values,
    )


def _kernels(files: Mapping[str, str]) -> dict[str, str]:
    """The kernel headers that these files include, and those which they include in turn."""
    found: dict[str, str] = {}
    waiting = [name for text in files.values() for name in _included_kernels(text)]
    while waiting:
        name = waiting.pop()
        path = f"{_LIBRARY}/include/{name}"
        if path not in found:
            found[path] = _read(folder("firmware") / name)
            waiting += _included_kernels(found[path])
    return found


def _included_kernels(text: str) -> Iterator[str]:
    return (match[1] for match in _KERNEL.finditer(text))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _readme(project: Project) -> str:
    engines = tuple(project.engines)
    by_rows = any(lowered.by_rows for lowered in project.engines.values())
    return render(
        "project/README.md.j2",
        model=c_comment(project.graph.name).replace("`", "'"),
        board=project.board,
        app=project.app,
        app_does=_APPS[project.app],
        sensed=project.app in SENSED,
        says=class_scores(project.graph, project.labels) is not None,
        local=LOCAL,
        default=environment(project.board, engines[0]),
        environments={engine: environment(project.board, engine) for engine in engines},
        simulated=environment(SIM, engines[0]),
        native=environment(NATIVE, engines[0]),
        core=_simulated(project).name,
        libraries=_libraries(project),
        component=COMPONENTS if by_component(project.board.framework) else "",
        vectors=len(project.golden.inputs),
        input=project.graph.input_bytes,
        back=answer_words(project.graph, project.labels),
        frame=frame_lines(project.graph, project.labels, by_rows=by_rows),
        example=example_lines(
            project.graph,
            by_rows=by_rows,
            value="forge_resized(picture, i)" if resized(project.graph) else "values[i]",
        ),
        several=len(project.graph.inputs) + len(project.graph.outputs) > 2,
        real=real_inputs(project.graph),
        resized=resized(project.graph),
        labels=bool(project.labels),
        remembers=remembers(project.graph),
        window=about(project.graph).window,
        layer_tests=LAYER_TESTS if project.layer_tests else "",
        left_out={
            engine: [_markdown(f"{layer.where}: {layer.what}") for layer in layers]
            for engine, layers in project.left_out.items()
        },
    )


def _markdown(text: str) -> str:
    """Text from outside, as literal code."""
    return "`" + c_comment(text).replace("`", "'") + "`"
