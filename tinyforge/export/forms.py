"""What each ecosystem's build wants beside a library's sources: one row a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tinyforge.export.arena import SHARED
from tinyforge.export.naming import Naming
from tinyforge.export.sources import Library
from tinyforge.generation import Generated
from tinyforge.names import c_comment
from tinyforge.project.example import example_lines
from tinyforge.project.real_inputs import RealInputs, real_inputs
from tinyforge.project.templates import render
from tinyforge.resources import folder
from tinyforge.sim.toolchains.build import OPTIMIZE_FLAGS
from tinyforge.spec import FormChoice, Spec
from tinyforge.tflite.about import about, remembers

_VERSION = "1.0.0"
_VENDOR = "tinyforge"
_URL = "https://pypi.org/project/tinyforge-mcu/"


@dataclass(frozen=True)
class Form:
    """title: in a sentence. folder: of its templates, with the README's part use.md.j2. files: the
    templates, by the path of what they give, in which {prefix} stands for it."""

    title: str
    folder: str
    files: Mapping[str, str]


FORMS: Mapping[FormChoice, Form] = {
    "c": Form("folder of C", "c", {}),
    "cmake": Form(
        "CMake package",
        "cmake",
        {"CMakeLists.txt": "CMakeLists.txt", "test/selftest.c": "selftest.c"},
    ),
    "platformio-library": Form(
        "PlatformIO library", "platformio", {"library.json": "library.json"}
    ),
    "arduino": Form(
        "library for Arduino",
        "arduino",
        {
            "library.properties": "library.properties",
            "examples/SelfTest/SelfTest.ino": "SelfTest.ino",
        },
    ),
    "zephyr": Form(
        "Zephyr module",
        "zephyr",
        {
            "zephyr/module.yml": "module.yml",
            "zephyr/CMakeLists.txt": "CMakeLists.txt",
            "zephyr/Kconfig": "Kconfig",
        },
    ),
    "idf-component": Form(
        "component for ESP-IDF",
        "idf",
        {"CMakeLists.txt": "CMakeLists.txt", "idf_component.yml": "idf_component.yml"},
    ),
    "cmsis-pack": Form("CMSIS pack", "cmsis", {f"{_VENDOR}.{{prefix}}.pdsc": "pack.pdsc"}),
}


def library_files(
    library: Library, form: FormChoice, generated: Generated, settings: Spec
) -> dict[str, str]:
    """All files of a library in a form, by path below its folder; the proof's report is not yet
    among them."""
    chosen = FORMS[form]
    values = _values(library, generated, settings)
    made = {
        path.format(prefix=library.prefix): render(f"export/{chosen.folder}/{name}.j2", **values)
        for path, name in chosen.files.items()
    }
    readme = render(
        "export/README.md.j2",
        title=chosen.title,
        use=f"export/{chosen.folder}/use.md.j2",
        **values,
    )
    licence = (folder("firmware") / "LICENSE").read_text(encoding="utf-8")
    return {**library.files, **made, "README.md": readme, "LICENSE": licence}


def _values(library: Library, generated: Generated, settings: Spec) -> dict[str, object]:
    """What the templates are given: all of it of our making, or escaped."""
    graph, prefix = generated.source.graph, library.prefix
    lowered, plan = generated.lowered["aot"], generated.plan
    assert plan is not None
    return {
        "prefix": prefix,
        "P": prefix.upper(),
        "vendor": _VENDOR,
        "version": _VERSION,
        "url": _URL,
        "pdsc": f"{_VENDOR}.{prefix}.pdsc",
        "pack": f"{_VENDOR}.{prefix}.{_VERSION}.pack",
        "description": f"The neural network {prefix} as compiled C, proved bit-exact",
        "model": f"`{c_comment(graph.name).replace('`', chr(39))}`",
        "core": generated.board.core,
        "flag": OPTIMIZE_FLAGS[settings.optimize],
        "sources": library.sources,
        "arena_bytes": lowered.arena_bytes,
        "fast_bytes": plan.fast_bytes,
        "place": library.place,
        "shared": SHARED if library.place.shared else "",
        "example": [
            library.naming.source(t) for t in example_lines(graph, by_rows=lowered.by_rows)
        ],
        "real": _renamed(real_inputs(graph), library.naming),
        "labels": bool(generated.source.labels),
        "remembers": remembers(graph),
        "window": about(graph).window,
    }


def _renamed(real: RealInputs | None, naming: Naming) -> RealInputs | None:
    return real and replace(real, macro=naming.source(real.macro))
